"""The knobs of an evaluation, checked where they enter."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from schemas.errors import UsageError

if TYPE_CHECKING:  # the defaults are also read by commands that print their help
    import torch

Backend = Literal["faiss", "torch"]
"""Library of the bank search."""


def _cpu() -> "torch.device":
    import torch

    return torch.device("cpu")


@dataclass(frozen=True, kw_only=True)
class Options:
    """Knobs of an evaluation.

    Attributes:
        seed: of the sample draw, the ablations and the controls.
        max_samples: windows kept per split by a seeded draw; None keeps all.
        max_per_article: windows kept of each article, drawn before ``max_samples``; None keeps all.
        confidence: of every interval, in (0, 1).
        bin_edges: coherence edges of gate E, ascending.
        retrieval: library of the bank search. device: where torch makes it.
        search_controls: whether the controls too are ranked among all bank rows, which takes most of their
            time; a model always is.
        batch_size: contexts per model call.
        min_samples: a split with fewer windows ends the evaluation. min_articles: likewise.
    """

    seed: int = 0
    max_samples: int | None = None
    max_per_article: int | None = None
    confidence: float = 0.95
    bin_edges: tuple[float, float] = (0.45, 0.55)
    retrieval: Backend = "faiss"
    device: "torch.device" = field(default_factory=_cpu)
    search_controls: bool = True
    batch_size: int = 256
    min_samples: int = 100
    min_articles: int = 5

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"the seed must lie in 0 to 2**63 - 1; found {self.seed}")
        if not 0.0 < self.confidence < 1.0:
            raise UsageError(f"the confidence must lie between 0 and 1; found {self.confidence}")
        if not self.bin_edges[0] < self.bin_edges[1]:
            raise UsageError(f"bin edges must ascend; found {self.bin_edges}")
        if self.batch_size < 1:
            raise UsageError(f"the batch size must be at least 1; found {self.batch_size}")
