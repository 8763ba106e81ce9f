"""The seed's success criteria for a training run, read off its history. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.records.history import LAMBDA_RANGE, Epoch, History, SplitGates
from schemas.records.splits import VAL

LEAST_COSINE, COSINE_BY = 0.50, 5
MARGIN_BY = 5
LEAST_RECALL, RECALL_BY = 0.70, 8

STALL = 0.01
"""A gap that ends an epoch this far below its best is not rising steadily."""


@dataclass(frozen=True)
class Criterion:
    """One line of the list.

    Attributes:
        name: as the seed words it.
        met: None where the recipe has nothing to judge.
        figure: what was found.
    """

    name: str
    met: bool | None
    figure: str


def success_criteria(history: History) -> tuple[Criterion, ...]:
    """The five training criteria of the P6b specification.

    "By epoch n" holds when any Mini-5CAT up to epoch n meets it. λ_eff must lie in its range in
    the mean of every log interval. The gap rises when the last epoch's mean exceeds the first's and
    no epoch ends more than 0.01 below the best before it.
    """
    return (
        _by(
            f"{_selecting(history)} cosine >= 0.50 by epoch 5",
            history,
            COSINE_BY,
            "cos",
            LEAST_COSINE,
            inclusive=True,
        ),
        _by("margin positive by epoch 5", history, MARGIN_BY, "margin", 0.0, inclusive=False),
        _by("R@5 >= 70% by epoch 8", history, RECALL_BY, "recall", LEAST_RECALL, inclusive=True),
        _lambda(history),
        _gap(history),
    )


def _by(name: str, history: History, epoch: int, field: str, bound: float, *, inclusive: bool) -> Criterion:
    measured = [(getattr(gates, field), each.epoch) for each, gates in _minis(history) if each.epoch <= epoch]
    if not measured:
        return Criterion(name, False, f"no Mini-5CAT by epoch {epoch}")
    found = [(value, when) for value, when in measured if value is not None]
    if not found:
        return Criterion(name, False, f"undefined up to epoch {epoch}")
    best, when = max(found, key=lambda pair: (pair[0], -pair[1]))  # of equals the earliest
    return Criterion(name, best >= bound if inclusive else best > bound, f"{best:+.3f} in epoch {when}")


def _selecting(history: History) -> str:
    """The split that chose the epoch; val before any was measured."""
    return next((epoch.mini.selecting for epoch in history.epochs if epoch.mini is not None), VAL)


def _minis(history: History) -> Iterator[tuple[Epoch, SplitGates]]:
    for epoch in history.epochs:
        if epoch.mini is not None:
            yield epoch, epoch.mini.splits[epoch.mini.selecting]


def _lambda(history: History) -> Criterion:
    low, high = LAMBDA_RANGE
    name = f"λ_eff in [{low:g}, {high:g}]"
    found = [steps.figures["lambda_eff"] for epoch in history.epochs for steps in epoch.steps]
    if not found or max(found) == 0.0:
        return Criterion(name, None, "the recipe has no push")
    inside = min(found) >= low and max(found) <= high
    return Criterion(name, inside, f"{min(found):.5f} to {max(found):.5f}")


def _gap(history: History) -> Criterion:
    name = "gap rising"
    gaps = [mean_figure(epoch, "gap") for epoch in history.epochs if epoch.steps]
    if len(gaps) < 2:
        return Criterion(name, False, "fewer than two epochs")
    falls = any(gap < max(gaps[:place]) - STALL for place, gap in enumerate(gaps) if place)
    return Criterion(name, gaps[-1] > gaps[0] and not falls, f"{gaps[0]:+.3f} to {gaps[-1]:+.3f}")


def mean_figure(epoch: Epoch, name: str) -> float:
    """Mean of one of :data:`schemas.records.history.FIGURES` over an epoch that logged steps.

    Every log interval counts by its length.
    """
    ends = [0, *(steps.step for steps in epoch.steps)]
    total = sum(steps.figures[name] * (steps.step - ends[i]) for i, steps in enumerate(epoch.steps))
    return total / ends[-1]
