"""A recipe of somebody else's, with a setting of every kind."""

from dataclasses import dataclass, field
from typing import Literal

from gates.contracts import Dataset
from schemas.errors import UsageError
from trainers.contracts import Trained, TrainingJob


@dataclass(frozen=True, kw_only=True)
class Knobs:
    """One field of every kind."""

    count: int = field(default=3, metadata={"help": "How many."})
    rate: float = field(default=2.0, metadata={"help": "How fast."})
    quick: bool = field(default=False, metadata={"help": "Whether to hurry."})
    tidy: bool = field(default=True, metadata={"help": "Whether to clean up."})
    mood: Literal["calm", "wild"] = field(default="calm", metadata={"help": "How to behave."})
    name_tag: str = field(default="none", metadata={"help": "What to wear."})
    bounds: tuple[float, float] = field(default=(0.25, 5e-5), metadata={"help": "From where to where."})
    sizes: tuple[int, ...] = field(default=(1, 2, 3), metadata={"help": "Which sizes to try."})
    layers: int | None = field(default=None, metadata={"help": "Its layers."})
    dropout: float | None = field(default=None, metadata={"help": "Its dropout."})

    def __post_init__(self) -> None:
        if self.count < 0:
            raise UsageError(f"count must not be negative; found {self.count}")


class Own:
    name = "own"
    summary = "A recipe of somebody else's."
    default_horizon = 3
    settings = Knobs

    def architecture_of(self, settings: Knobs) -> str:
        return "linear"

    def check(self, dataset: Dataset, settings: Knobs) -> None:
        """Everything can be trained."""

    def fit(self, job: TrainingJob, settings: Knobs) -> Trained:
        return Trained("done")


OWN = Own()
