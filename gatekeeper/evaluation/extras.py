"""What a page shows beside the report: only whoever has the data or the run folder can tell it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schemas.records.audit import LeakedTarget
from schemas.records.history import History

if TYPE_CHECKING:  # a page of a report alone is made without torch
    from schemas.records.audit import FrontierOfSplit
    from trainers.recipes.ramp import Stage


@dataclass(frozen=True)
class Absent:
    """Something that cannot be shown, and why, in one sentence."""

    sentence: str


@dataclass(frozen=True)
class Chunk:
    """A chunk as text.

    Attributes:
        text: its words, possibly shortened.
        place: where it lies, e.g. ``chunk 12`` or ``chunk 3 of another article, "Title"``.
    """

    text: str
    place: str


@dataclass(frozen=True)
class TextWindow:
    """A window with what the model made of it.

    Attributes:
        title: of its article.
        cosine: of the prediction with the target.
        article_rank, article_size: pessimistic rank of the target among the rows of its article.
        bank_rank, bank_size: the same among all rows.
        context: the L chunks that were read. skipped: those between context and target.
        target: the true chunk. nearest: the row of the bank that is closest to the prediction.
        nearest_cosine: of the prediction with it.
    """

    title: str
    cosine: float
    article_rank: int
    article_size: int
    bank_rank: int
    bank_size: int
    context: tuple[Chunk, ...]
    skipped: tuple[Chunk, ...]
    target: Chunk
    nearest: Chunk
    nearest_cosine: float


@dataclass(frozen=True)
class TextWindows:
    """The windows of a split with the highest cosine to the target, and those with the lowest."""

    best: tuple[TextWindow, ...]
    worst: tuple[TextWindow, ...]


@dataclass(frozen=True)
class Training:
    """The run that made the model: its history, and the stages of its ramp or why they are not known."""

    history: History
    ramp: "tuple[Stage, ...] | Absent"


@dataclass(frozen=True)
class Extras:
    """Everything a page shows that is not in the report.

    Attributes:
        frontier: split -> what a linear model can buy on its windows.
        windows: split -> its best and worst windows as text.
        training: the run that made the model; None where it had no epochs.
        run: name of its folder, "" where the model lies in no run folder.
        leaks: split -> its worst leaked targets, where it has some.
    """

    frontier: "Mapping[str, FrontierOfSplit] | Absent"
    windows: Mapping[str, TextWindows] | Absent
    training: Training | Absent | None
    run: str = ""
    leaks: Mapping[str, tuple[LeakedTarget, ...]] = field(default_factory=dict)
