"""Can a model learn direction from this data, and can these gates be passed on it?"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np

from gatekeeper.data.leakage import Leakage, find_leakage
from gates.contracts import Bank, DoubleArray, IntArray
from gates.direction import Direction, learned_direction
from gates.frontier import Frontier, linear_frontier
from gates.geometry import coherence
from gates.intervals import mean_metric
from gates.seeded import hash_rows
from gates.similarity import pair_cosines
from gates.windows import context_rows, draw, fits, shared_articles, window_rows
from schemas.audit import (
    AUDIT_VERSION,
    Audit,
    AuditRow,
    FrontierOfSplit,
    FrontierPoint,
    HeldOut,
    LeakSearch,
    SharedText,
)
from schemas.errors import DataError
from schemas.report import Metric
from schemas.wording import figure

CONFIDENCE = 0.95
WINDOWS = 10_000
"""At most this many seeded windows are fitted, and as many measured."""

COHERENCE, MONOTONICITY = 0.40, 0.08
"""The published thresholds."""

MARGIN = 0.05
SAME = 0.005
"""Forward and backward predictability closer than this are the same."""

LEAKING_SHARE = 0.005
REPEATED_SHARE, REPEATED_CHUNKS = 0.2, 3
"""Two articles repeat each other when this share of one, and at least so many chunks, is in the other."""

_PAIRS = 20
_TEXT = 400


def audit(
    bank: Bank,
    splits: Mapping[str, IntArray],
    *,
    context: int,
    horizon: int,
    seed: int,
    now: datetime | None = None,
) -> Audit:
    """Measure everything on held-out articles.

    Args:
        bank: the bank.
        splits: name -> articles; without ``train`` half of all articles, by a seeded hash, are fitted
            and the other half is held out.
        context: L.
        horizon: places from the last context chunk to the target.
        seed: of every draw.
        now: the time of the record; the clock's by default.

    Raises:
        DataError: there are no windows to fit or to measure.
    """
    fitted, held_out = _divide(bank, splits, seed)
    fit_rows = _windows(bank, fitted, context, horizon, seed)
    tests = {name: _windows(bank, found, context, horizon, seed) for name, found in held_out.items()}
    adjacent = _windows(bank, fitted, context, 1, seed)
    measured = _windows(bank, np.concatenate(list(held_out.values())), context, 1, seed)
    direction = learned_direction(bank, adjacent, measured, context=context, confidence=CONFIDENCE, seed=seed)
    frontier = linear_frontier(
        bank, fit_rows, tests, context=context, horizon=horizon, confidence=CONFIDENCE, seed=seed
    )
    leakage = find_leakage(bank, splits, seed=seed)
    every = np.unique(np.concatenate(list(tests.values())))
    return Audit(
        schema_version=AUDIT_VERSION,
        created=(now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        source=Path(bank.source).name,
        bank_sha256=bank.sha256,
        context=context,
        horizon=horizon,
        direction=_direction(direction),
        rows=(*_raw_rows(bank, every, context, horizon), *_direction_rows(direction, context)),
        frontier={name: _recorded(found) for name, found in frontier.items()},
        leaks=_leaks(bank, leakage),
        problems=(*_overlaps(splits), *_leak_problems(leakage), *_width_problems(frontier)),
        findings=tuple(_findings(direction, frontier, splits)),
    )


def _divide(bank: Bank, splits: Mapping[str, IntArray], seed: int) -> tuple[IntArray, Mapping[str, IntArray]]:
    held_out = {name: articles for name, articles in splits.items() if name != "train"}
    if "train" in splits and held_out:
        return splits["train"], held_out
    articles = np.unique(bank.articles)
    if len(articles) < 4:
        raise DataError(
            f"an audit needs at least 4 articles, two to fit and two to hold out; found {len(articles)}"
        )
    order = articles[np.argsort(hash_rows(articles, seed=seed, stream="audit"), kind="stable")]
    half = len(articles) // 2
    return np.sort(order[:half]), {"held-out half": np.sort(order[half:])}


def _windows(bank: Bank, articles: IntArray, context: int, horizon: int, seed: int) -> IntArray:
    rows = window_rows(bank, articles, context=context, horizon=horizon)
    if not len(rows):
        raise DataError(
            f"no window of {context} chunks with a target {horizon} further on in {len(articles)} article(s)"
        )
    return draw(rows, count=WINDOWS, seed=seed)


def _raw_rows(bank: Bank, last_rows: IntArray, context: int, horizon: int) -> Iterator[AuditRow]:
    """Plain cosines of chunks with chunks; nothing is learned."""
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


def _direction_rows(direction: Direction, context: int) -> Iterator[AuditRow]:
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


def _direction(direction: Direction) -> Literal["forward", "backward", "none"]:
    low, high = direction.difference.low, direction.difference.high
    if low is not None and low > SAME:
        return "forward"
    return "backward" if high is not None and high < -SAME else "none"


def _recorded(frontier: Frontier) -> FrontierOfSplit:
    points = tuple(FrontierPoint(p.alpha, p.margin, p.cos, p.recall) for p in frontier.points)
    return FrontierOfSplit(points, frontier.constant_cos)


def _leaks(bank: Bank, leakage: Leakage) -> LeakSearch:
    pairs = tuple(
        SharedText(
            first=pair.first,
            second=pair.second,
            splits=pair.splits,
            shared=pair.shared,
            share=pair.share,
            cosine=pair.example.cosine,
            example="" if bank.texts is None else " ".join(bank.texts[pair.example.first].split())[:_TEXT],
        )
        for pair in leakage.pairs[:_PAIRS]
    )
    splits = {name: HeldOut(looked, shared) for name, (looked, shared) in leakage.held_out.items()}
    more = len(leakage.pairs) - len(pairs)
    return LeakSearch(leakage.searched, leakage.rows, splits, pairs, more)


def _overlaps(splits: Mapping[str, IntArray]) -> Iterator[str]:
    for first, second, shared in shared_articles(splits):
        yield f"{first} and {second} share {shared.size} article(s), first article {shared[0]}"


def _leak_problems(leakage: Leakage) -> Iterator[str]:
    for name, (looked, shared) in leakage.held_out.items():
        if name != "train" and looked and shared / looked > LEAKING_SHARE:
            yield (
                f"{name} leaks: {shared} of {looked} chunks ({shared / looked:.1%}) have a near duplicate in "
                "another split"
            )
    for pair in leakage.pairs:
        if pair.leaks and pair.share >= REPEATED_SHARE and pair.shared >= REPEATED_CHUNKS:
            yield (
                f"article {pair.first} ({pair.splits[0]}) and article {pair.second} ({pair.splits[1]}) share "
                f"{pair.shared} chunks, {pair.share:.0%} of one of them"
            )


def _width_problems(frontier: Mapping[str, Frontier]) -> Iterator[str]:
    for name, found in frontier.items():
        margin = found.points[0].margin
        width = _width(margin)
        if width is None or width > MARGIN:
            shown = "unknown" if width is None else figure(width)
            yield (
                f"{name} cannot decide a margin of {MARGIN:g}: the interval of a linear model's margin is "
                f"{shown} wide with {margin.articles} articles; add articles"
            )


def _width(metric: Metric) -> float | None:
    return None if metric.low is None or metric.high is None else metric.high - metric.low


def _findings(
    direction: Direction, frontier: Mapping[str, Frontier], splits: Mapping[str, IntArray]
) -> Iterator[str]:
    learned = _direction(direction)
    difference = direction.difference
    if learned == "none":
        yield f"no learnable direction beyond {SAME:g} of cosine: the past says as much as the future"
    else:
        other = "past" if learned == "backward" else "future"
        yield (
            f"the data is directed {learned}: a linear map predicts the {other} better, by "
            f"{figure(abs(difference.value or 0.0))} of cosine"
        )
    for name, found in frontier.items():
        constant = found.constant_cos.value or 0.0
        reached = [
            point
            for point in found.points
            if (point.margin.value or -1.0) >= MARGIN and (point.cos.value or -1.0) > constant
        ]
        best = max(found.points, key=lambda point: point.margin.value or -2.0)
        yield (
            f"{name}: a linear model reaches margin {MARGIN:g} at alpha {reached[0].alpha:g} with cosine "
            f"{figure(reached[0].cos.value or 0.0)} (constant {figure(constant)})"
            if reached
            else f"{name}: no linear model of the family reaches margin {MARGIN:g} with a cosine above the "
            f"constant's {figure(constant)}; the best margin is {figure(best.margin.value or 0.0)} at cosine "
            f"{figure(best.cos.value or 0.0)}"
        )
    if "train" not in splits or len(splits) == 1:
        named = "only train is" if "train" in splits else "no train split is"
        yield f"{named} named: half of the articles, by a seeded hash, were held out"
