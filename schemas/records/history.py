"""The history of a training run: what each epoch did, what the gates said, what was warned of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Literal, get_args

from schemas.records.judgement import Outcome, Status
from schemas.records.metrics import (
    AUC,
    BITS_CENTRED,
    BITS_KNOWN,
    CHANCE_SEED_POOL,
    COSINE,
    GATE_LETTERS,
    LIFT,
    MARGIN,
    RANK_SHARE,
    RECALL_SEED_POOL,
    RECALL_SEEN,
    RECALL_UNSEEN,
    SPREAD_SHARE,
)
from schemas.records.rules import LATER, Count, Names, Positive, rule, version_rule
from schemas.records.splits import OOD, SELECT, VAL, selecting

HISTORY_VERSION = "1.1"

HISTORY_FILE = "training_history.json"
"""What a run with epochs leaves in its folder, beside the model."""

FIGURES: Mapping[str, str] = MappingProxyType(
    {
        "loss": "what is minimised: MSE plus weighted push, or the push alone",
        "mse": "mean squared error over windows and dimensions",
        "push": "directional loss before its weight",
        "pos": "mean cosine to the target",
        "neg": "mean cosine to the negative",
        "gap": "pos minus neg",
        "lambda_eff": "weight of the push",
        "clamped": "1 where a bound decided the weight, else 0; of several steps the share",
    }
)
"""What every step measures."""

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
        figures: means over the steps.
    """

    step: Positive
    figures: Mapping[Annotated[str, Names(FIGURES)], float]


SPLIT_FIGURES: Mapping[str, str] = MappingProxyType(
    {
        "cos": COSINE,
        "margin": MARGIN,
        "margin_prev": "offset_sweep.margin_prev",
        "margin_last": "offset_sweep.margin_last",
        "recall": RECALL_SEEN,
        "recall_unseen": RECALL_UNSEEN,
        "bits": BITS_KNOWN,
        "bits_centred": BITS_CENTRED,
        "lift": LIFT,
        "auc": AUC,
        "margin_unseen": "offset_sweep.margin_unseen",
        "copying": "offset_sweep.copying",
        "recall_seed_pool": RECALL_SEED_POOL,
        "chance_seed_pool": CHANCE_SEED_POOL,
        "spread_share": SPREAD_SHARE,
        "rank_share": RANK_SHARE,
    }
)
"""Field of :class:`SplitGates` -> the metric that it holds."""


@dataclass(frozen=True)
class SplitGates:
    """What a Mini-5CAT measured on one split; None where it is undefined, or was not measured yet.

    Attributes:
        cos: mean cosine to the target (k = 0).
        margin: cos minus the best other offset.
        margin_prev: cos minus the cosine to k = -1.
        margin_last: cos minus the cosine to the last context chunk.
        recall: R@5 among the rows of the article.
        recall_unseen: the same with the context rows left out.
        bits: known of the target among the rows that could be it.
        bits_centred: the same of the predictions minus the mean row of train.
        lift: cos minus the mean cosine to the rows that could be the target.
        auc: mean share of these rows that the target beats.
        margin_unseen: cos minus the best other offset that was not read.
        copying: largest cosine to the context, over the same of the targets; copying is above 1.
        recall_seed_pool: R@5 among the target and the context rows, as the seed counts.
        chance_seed_pool: the same of a random order.
        spread_share: variance of the predictions over that of the targets.
        rank_share: effective rank of the predictions over that of the targets.
    """

    cos: float | None
    margin: float | None
    margin_prev: float | None
    margin_last: float | None
    recall: float | None
    recall_unseen: float | None
    bits: float | None = field(default=None, metadata=LATER)
    bits_centred: float | None = field(default=None, metadata=LATER)
    lift: float | None = field(default=None, metadata=LATER)
    auc: float | None = field(default=None, metadata=LATER)
    margin_unseen: float | None = field(default=None, metadata=LATER)
    copying: float | None = field(default=None, metadata=LATER)
    recall_seed_pool: float | None = field(default=None, metadata=LATER)
    chance_seed_pool: float | None = field(default=None, metadata=LATER)
    spread_share: float | None = field(default=None, metadata=LATER)
    rank_share: float | None = field(default=None, metadata=LATER)


@dataclass(frozen=True)
class MiniGates:
    """A Mini-5CAT.

    Attributes:
        splits: figures by split: of ``select`` where there is one, else of ``val``, and of ``ood``.
        gates: gate -> status under the run's policy, on both splits together; no waiver counts, and
            ``select`` stands in the place of ``val``.
        outcome: what a full evaluation would say of these samples.
        escaped: on any split.
        kept: these weights became ``best_model.pt``.
    """

    splits: Annotated[
        Mapping[
            Annotated[
                str, Names({split: f"figures on {split}" for split in (SELECT, VAL, OOD)}, required=False)
            ],
            SplitGates,
        ],
        rule(required=[OOD], minProperties=2),
    ]
    gates: Mapping[str, Annotated[str, rule(enum=[each for each in get_args(Status) if each != "waived"])]]
    outcome: Outcome
    escaped: bool
    kept: bool

    @property
    def selecting(self) -> str:
        """The split whose figures choose the weights."""
        return selecting(self.splits)

    @property
    def passed(self) -> tuple[str, ...]:
        """Letters of the gates that passed."""
        return tuple(letter for name, letter in GATE_LETTERS.items() if self.gates.get(name) == "pass")


@dataclass(frozen=True)
class Warned:
    """A warning of the collapse watch, and where it was raised.

    Attributes:
        name: which warning.
        sentence: what was found.
        collapse: the predictions have lost the target.
        epoch: in which epoch.
        step: after which step; 0 is after the epoch, by the gates.
    """

    name: WarningName
    sentence: str
    collapse: bool
    epoch: Positive
    step: Count


_MOST = 100_000
_NotNegative = Annotated[float, rule(minimum=0)]


@dataclass(frozen=True)
class Epoch:
    """One epoch, possibly cut short.

    Attributes:
        epoch: from 1.
        samples: windows trained on.
        seconds: spent on them, gates left out.
        lr: learning rate during it.
        steps: means from log line to log line.
        mini: the gates after it, None where they were not due.
    """

    epoch: Positive
    samples: Count
    seconds: _NotNegative
    lr: _NotNegative
    steps: Annotated[tuple[Steps, ...], rule(maxItems=_MOST)]
    mini: MiniGates | None


@dataclass(frozen=True)
class History:
    """What each epoch of a training run did, what the gates said of it and what was warned of.

    Attributes:
        schema_version: version of this format. A reader refuses an unknown major version.
        trainer: registered recipe.
        architecture: registered architecture.
        negative: the chunk the gap is measured against, with its offset from the target.
        rule: how the kept weights were chosen.
        epochs: in order; a rollback repeats none, it goes on from better weights.
        warnings: of the collapse watch, in order.
        best_epoch: whose weights were kept, None before the first Mini-5CAT.
        ended: why the training is over; empty while it is not.
    """

    schema_version: Annotated[str, version_rule(HISTORY_VERSION)]
    trainer: str
    architecture: str
    negative: str
    rule: str
    epochs: Annotated[tuple[Epoch, ...], rule(maxItems=_MOST)]
    warnings: Annotated[tuple[Warned, ...], rule(maxItems=_MOST)]
    best_epoch: Positive | None
    ended: str
