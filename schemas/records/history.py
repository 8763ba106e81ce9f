"""The history of a training run: what each epoch did, what the gates said, what was warned of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from schemas.records.metrics import GATE_LETTERS

HISTORY_VERSION = "1.0"

HISTORY_FILE = "training_history.json"
"""What a run with epochs leaves in its folder, beside the model."""

FIGURES: tuple[str, ...] = ("loss", "mse", "push", "pos", "neg", "gap", "lambda_eff", "clamped")
"""What every step measures: the loss, its two parts before weighting, the mean cosines to target and
negative and their difference, the weight of the push, and 1 where a bound decided it (else 0)."""

WarningName = Literal[
    "lambda_out_of_range",
    "lambda_at_clamp",
    "gap_falling",
    "recall_falling",
    "cosine_drop",
    "below_constant",
    "negative_cosines",
]
"""Everything the collapse watch may warn of."""

LAMBDA_RANGE = (1e-3, 2e-2)
"""Where the seed wants the weight of its push."""


@dataclass(frozen=True)
class Steps:
    """Means over some steps of an epoch.

    Attributes:
        step: the last of them, from 1.
        figures: each of :data:`FIGURES` -> mean.
    """

    step: int
    figures: Mapping[str, float]


@dataclass(frozen=True)
class SplitGates:
    """What a Mini-5CAT measured on one split; None where it is undefined.

    Attributes:
        cos: mean cosine to the target. margin: against the best other offset.
        margin_prev: against k = -1. margin_last: against the last context chunk.
        recall: article R@5. recall_unseen: with the context rows left out.
    """

    cos: float | None
    margin: float | None
    margin_prev: float | None
    margin_last: float | None
    recall: float | None
    recall_unseen: float | None


@dataclass(frozen=True)
class MiniGates:
    """A Mini-5CAT.

    Attributes:
        splits: val and ood.
        gates: gate -> status under the run's policy, on both splits together.
        outcome: ``deployable``, ``blocked`` or ``error``, as a full evaluation would say it.
        escaped: on any split.
        kept: these weights became ``best_model.pt``.
    """

    splits: Mapping[str, SplitGates]
    gates: Mapping[str, str]
    outcome: str
    escaped: bool
    kept: bool

    @property
    def passed(self) -> tuple[str, ...]:
        """Letters of the gates that passed."""
        return tuple(letter for name, letter in GATE_LETTERS.items() if self.gates.get(name) == "pass")


@dataclass(frozen=True)
class Warned:
    """A named warning and where it was raised; ``step`` 0 is after the epoch, by the gates."""

    name: WarningName
    sentence: str
    collapse: bool
    epoch: int
    step: int


@dataclass(frozen=True)
class Epoch:
    """One epoch, possibly cut short.

    Attributes:
        epoch: from 1.
        samples: windows trained on. seconds: spent on them, gates left out.
        lr: learning rate during it.
        steps: means from log line to log line.
        mini: the gates after it, None where they were not due.
    """

    epoch: int
    samples: int
    seconds: float
    lr: float
    steps: tuple[Steps, ...]
    mini: MiniGates | None


@dataclass(frozen=True)
class History:
    """A whole run.

    Attributes:
        schema_version: of this format.
        trainer, architecture: registered names.
        negative: the chunk the gap is measured against, with its offset from the target.
        rule: how the kept weights were chosen.
        epochs: in order; a rollback repeats none, it goes on from better weights.
        warnings: of the collapse watch.
        best_epoch: whose weights were kept, None before the first Mini-5CAT.
        ended: why the training is over, "" while it is not.
    """

    schema_version: str
    trainer: str
    architecture: str
    negative: str
    rule: str
    epochs: tuple[Epoch, ...]
    warnings: tuple[Warned, ...]
    best_epoch: int | None
    ended: str
