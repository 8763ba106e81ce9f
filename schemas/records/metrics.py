"""Names of all metrics a report can hold, and what each one means.

A metric is addressed by ``gate.name``. Most belong to one split; the *pair* metrics of
gate E compare two splits and are stored under the pair's name (:data:`schemas.records.splits.PAIR`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from schemas.errors import PolicyError
from schemas.names import nearest

GATES: tuple[str, ...] = ("offset_sweep", "retrieval", "ablations", "rollout", "bins_delta")
"""The five gates of 5CAT, A to E."""

GEOMETRY = "geometry"
"""The shape of all predictions together: a group of metrics that is none of the five gates."""

DATA = "data"
"""Whether the test was seen before: likewise none of the five."""

MEASURED: tuple[str, ...] = (*GATES, GEOMETRY, DATA)
"""All that is measured window by window."""

GATE_LETTERS: Mapping[str, str] = MappingProxyType(dict(zip(GATES, "ABCDE", strict=True)))

OFFSETS: tuple[int, ...] = (-3, -2, -1, 0, 1, 2, 3)
RECALL_AT: tuple[int, ...] = (1, 5, 10)
POOLS: tuple[str, ...] = ("bank", "bank_unseen", "article", "article_unseen")
SEARCHED = ("retrieval.bank.", "retrieval.bank_unseen.")
"""How the metrics begin that take a search of the whole bank; controls have them where a rule reads one."""
ABLATIONS: tuple[str, ...] = ("shuffle", "reverse", "leave_one_out", "repeat_last", "cross_article")
ROLLOUT_STEPS = 5
BINS: tuple[str, ...] = ("low", "normal", "high")

COSINE = "offset_sweep.cos"
MARGIN = "offset_sweep.margin"
RECALL_SEEN = "retrieval.article.r@5"
"""Counts the rows of the context among the candidates: whoever repeats what was read finds some of them."""
RECALL_UNSEEN = "retrieval.article_unseen.r@5"
"""The same with the rows of the context left out."""
CHANCE_UNSEEN = "retrieval.article_unseen.chance@5"
BITS_KNOWN = "retrieval.article_unseen.bits"
"""What is known of which chunk comes next; 0 for whoever knows nothing."""
BITS_CENTRED = "retrieval.article_unseen.bits_centred"
"""The same of the prediction minus the mean row of train."""
AUC = "retrieval.article_unseen.auc"
LIFT = "offset_sweep.lift"
LEAKED = f"{DATA}.leaked"
"""Of the data, not of the model."""
RECITED = f"{DATA}.recited"
RECALL_SEED_POOL = "retrieval.seed_pool.r@5"
"""The seed's own figure: among the context rows and the target, where chance is high."""
CHANCE_SEED_POOL = "retrieval.seed_pool.chance@5"
SPREAD_SHARE = "geometry.spread_share"
RANK_SHARE = "geometry.rank_share"

Direction = Literal["higher", "lower", "neither"]


@dataclass(frozen=True)
class Range:
    """Where the values of some metrics lie.

    Attributes:
        name: what one of them is.
        low: the least; None where there is none. high: the largest; None where there is none.
        meaning: what they are.
    """

    name: str
    low: float | None
    high: float | None
    meaning: str


COSINES = Range("cosine", -1.001, 1.001, "A mean cosine; rounding may carry it a little beyond 1.")
DIFFERENCES = Range("difference", -2.002, 2.002, "A difference of two mean cosines.")
GAPS = Range("gap", 0, 2.002, "The absolute difference of two mean cosines.")
SHARES = Range("share", 0, 1, "A share, or a mean of shares.")
BITS = Range("information", None, 64, "Mean bits per target; below 0 it misleads.")
RATIOS = Range("ratio", -20.1, 20.1, "A mean cosine over another of at least 0.05.")
MULTIPLES = Range("multiple", 0, None, "How many times as much as the targets have.")
RANKS = Range("rank", 1, None, "A median rank; 1 is best.")
PLACES = Range("place", OFFSETS[0], OFFSETS[-1], "An offset relative to the target.")


@dataclass(frozen=True)
class MetricInfo:
    """What a metric means.

    Attributes:
        name: ``gate.name``.
        meaning: one line for people.
        better: which way a model improves; ``neither`` where the metric describes rather than judges.
        range: where its values lie.
    """

    name: str
    meaning: str
    better: Direction
    range: Range

    @property
    def gate(self) -> str:
        """The gate that measures it, or the group it belongs to."""
        return self.name.partition(".")[0]

    @property
    def pair(self) -> bool:
        """Whether it compares two splits, as the gaps do and nothing else."""
        return self.range == GAPS

    @property
    def in_cosines(self) -> bool:
        """Whether it is a mean of cosines or of their differences, which rounding moves a little."""
        return self.range in (COSINES, DIFFERENCES, GAPS)


_Rows = Iterator[tuple[str, str, Direction, Range]]
"""Name within the gate, meaning, better direction and range."""


def _offset_sweep() -> _Rows:
    for k in OFFSETS:
        at = f"mean cosine to the chunk at target{k:+d}"
        yield f"cos@{k:+d}", at, "higher" if k == 0 else "neither", COSINES
    yield "cos", "mean cosine to the target (k = 0)", "higher", COSINES
    yield "margin", "cos(k=0) minus the best other offset", "higher", DIFFERENCES
    yield "margin_prev", "cos(k=0) minus cos(k=-1)", "higher", DIFFERENCES
    yield "margin_last", "cos(k=0) minus cosine to the last context chunk", "higher", DIFFERENCES
    yield "peak_offset", "offset with the highest mean cosine", "neither", PLACES
    yield "win_rate_prev", "share of samples nearer to k=0 than to k=-1", "higher", SHARES
    unread = "cos(k=0) minus the best other offset that was not read"
    yield "margin_unseen", unread, "higher", DIFFERENCES
    nearest = "largest cosine to the context, over the same of the targets; copying is above 1"
    yield "copying", nearest, "neither", RATIOS
    yield "lift", "cosine to the target minus the mean cosine to what could be one", "higher", DIFFERENCES


def _retrieval() -> _Rows:
    for pool in POOLS:
        where = f"among the {pool.replace('_', ' ')} rows"
        for k in RECALL_AT:
            yield f"{pool}.r@{k}", f"share of targets in the top {k} {where}", "higher", SHARES
            yield f"{pool}.chance@{k}", f"R@{k} of a random order {where}", "neither", SHARES
        yield f"{pool}.mrr", f"mean reciprocal rank {where}", "higher", SHARES
        yield f"{pool}.median_rank", f"median rank {where}, ties against the model", "lower", RANKS
        yield f"{pool}.median_rank_optimistic", f"the same {where}, ties for the model", "lower", RANKS
        yield f"{pool}.tie_share", f"share of targets tied with a rival {where}", "lower", SHARES
    among = "among the rows that could be the target"
    yield "article_unseen.bits", f"bits known of the target {among}", "higher", BITS
    yield (
        "article_unseen.bits_centred",
        f"bits of the prediction less train's mean row {among}",
        "higher",
        BITS,
    )
    yield "article_unseen.auc", f"mean share of rivals that the target beats {among}", "higher", SHARES
    yield "seed_pool.r@5", "share of targets in the top 5 among themselves and the context", "higher", SHARES
    yield "seed_pool.chance@5", "R@5 of a random order of target and context", "neither", SHARES


def _ablations() -> _Rows:
    for name in ABLATIONS:
        yield name, f"change of cos(target) under {name} of the context", "lower", DIFFERENCES


def _rollout() -> _Rows:
    yield "avg_cos", f"mean cosine over {ROLLOUT_STEPS} free-running steps", "higher", COSINES
    for j in range(1, ROLLOUT_STEPS + 1):
        yield f"cos@{j}", f"mean cosine at free-running step {j}", "higher", COSINES


def _bins_delta() -> _Rows:
    yield "cos", "mean cosine to the target over all windows", "higher", COSINES
    yield "delta", "|mean cosine val - mean cosine ood|", "lower", GAPS
    for name in BINS:
        yield f"{name}.cos", f"mean cosine in the {name}-coherence bin", "higher", COSINES
        yield f"{name}.delta", f"|val - ood| in the {name} bin", "lower", GAPS


def _geometry() -> _Rows:
    yield "spread_share", "variance of the predictions over that of the targets", "neither", MULTIPLES
    rank = "effective rank of the predictions over that of the targets"
    yield "rank_share", rank, "neither", MULTIPLES


def _data() -> _Rows:
    yield "leaked", "share of targets that an article outside the split holds too", "neither", SHARES
    yield "recited", "share of answers that are the target itself", "neither", SHARES


_ROWS = (_offset_sweep(), _retrieval(), _ablations(), _rollout(), _bins_delta(), _geometry(), _data())

METRICS: Mapping[str, MetricInfo] = MappingProxyType(
    {
        f"{gate}.{name}": MetricInfo(f"{gate}.{name}", meaning, better, span)
        for gate, rows in zip(MEASURED, _ROWS, strict=True)
        for name, meaning, better, span in rows
    }
)


def known_metric(name: str) -> MetricInfo:
    """Return the metric called ``name``.

    Raises:
        PolicyError: no such metric; the message names the nearest known one.
    """
    if name in METRICS:
        return METRICS[name]
    raise PolicyError(
        f"unknown metric {name!r}; the nearest known one is {nearest(name, METRICS, alike=0.0)!r}"
    )
