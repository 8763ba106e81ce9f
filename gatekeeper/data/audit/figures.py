"""The figures of an audit: raw cosines of chunks with chunks, and what a linear map learns."""

from collections.abc import Iterator

from gatekeeper.data.audit.text_alignment import Alignment
from gates.contracts import Bank, DoubleArray, IntArray, Window
from gates.direction import Direction
from gates.geometry import coherence
from gates.intervals import mean_metric
from gates.similarity import pair_cosines
from gates.windows import context_rows, fits
from schemas.records.audit import AuditRow

CONFIDENCE = 0.95

COHERENCE, MONOTONICITY = 0.40, 0.08
"""The published thresholds."""

SAME = 0.005
"""Forward and backward predictability closer than this are the same."""


def raw_rows(bank: Bank, last_rows: IntArray, window: Window) -> Iterator[AuditRow]:
    """Plain cosines of chunks with chunks; nothing is learned.

    Args:
        bank: the bank.
        last_rows: (n,) last context rows of the windows.
        window: their shape.
    """
    context, horizon = window.context, window.horizon
    targets, articles = last_rows + horizon, bank.articles[last_rows]

    def row(name: str, cosines: DoubleArray, meaning: str, least: float | None = None) -> AuditRow:
        metric = mean_metric(cosines, articles, CONFIDENCE)
        holds = None if least is None or metric.value is None else metric.value >= least
        return AuditRow(name, metric, "" if least is None else f">= {least:.2f}", holds, meaning)

    ahead = pair_cosines(bank, last_rows, targets)
    before = pair_cosines(bank, last_rows, targets - 1)
    yield row(
        "seed delta",
        ahead - before,
        f"cos(last context, target) minus cos(last context, chunk before target): distance {horizon} "
        f"against distance {horizon - 1}, negative for any text whose similarity falls with distance",
    )
    inside = fits(bank, last_rows, before=horizon, after=horizon)
    same = last_rows[inside]
    metric = mean_metric(
        pair_cosines(bank, same, same + horizon) - pair_cosines(bank, same, same - horizon),
        bank.articles[same],
        CONFIDENCE,
    )
    yield AuditRow(
        "matched delta",
        metric,
        "",
        None,
        f"the same at equal distance: {horizon} ahead against {horizon} back",
    )
    positions = [pair_cosines(bank, last_rows - context + 1 + place, targets) for place in range(context)]
    for place, cosines in enumerate(positions, start=1):
        yield row(
            f"position {place} to target", cosines, f"context chunk {place} of {context} with the target"
        )
    yield row(
        "context coherence",
        coherence(bank, context_rows(last_rows, context)),
        "mean cosine of adjacent context chunks",
        COHERENCE,
    )
    yield row(
        "monotonicity",
        positions[-1] - positions[0],
        "last position minus first: how much nearer the end of the context is to the target",
        MONOTONICITY,
    )


def direction_rows(direction: Direction, context: int) -> Iterator[AuditRow]:
    """What a linear map learns forward and backward, and of the order."""
    yield AuditRow(
        "ridge forward",
        direction.forward,
        "",
        None,
        f"next chunk from the {context} before it, held-out articles",
    )
    yield AuditRow(
        "ridge backward",
        direction.backward,
        "",
        None,
        f"previous chunk from the {context} after it, same windows",
    )
    yield AuditRow(
        "ridge difference",
        direction.difference,
        "",
        None,
        f"forward minus backward; within {SAME:g} is the same",
    )
    yield AuditRow(
        "order test",
        direction.order,
        "",
        None,
        "share of windows a linear classifier tells from their reversal",
    )


def alignment_row(alignment: Alignment) -> AuditRow:
    """How far the texts go with the vectors."""
    return AuditRow(
        "texts with vectors",
        alignment.fit,
        "",
        None,
        "correlation of word overlap with cosine within an article, beyond what distance explains",
    )
