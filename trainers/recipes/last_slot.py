"""Noise on the last chunk, which the reference's runs of p6 and p6b had on without saying so.

Their script's default damaged 15% of the windows: ``--last-slot-noise 0.15`` repeats them. Here it is off
unless somebody asks. There the negative of p6b was of the damaged context as well, where a repetition had put
the chunk before it; here it is the true chunk.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schemas.errors import UsageError
from trainers.loop.settings import GradientSettings

if TYPE_CHECKING:
    from trainers.loop.noise import Noise


@dataclass(frozen=True, kw_only=True)
class LastSlotSettings(GradientSettings):
    """How many last chunks are damaged."""

    last_slot_noise: float = field(
        default=0.0, metadata={"help": "Share of windows shown with a jittered or repeated last chunk."}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.last_slot_noise <= 1.0:
            raise UsageError(f"last_slot_noise must lie in 0 to 1; found {self.last_slot_noise!r}")


def jittered_last(settings: LastSlotSettings) -> "Noise | None":
    """What becomes of some last chunks while a recipe with these settings trains."""
    from trainers.loop.noise import JitteredLast

    return JitteredLast(settings.last_slot_noise) if settings.last_slot_noise else None
