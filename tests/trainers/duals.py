"""p6c objectives in a known state, and what they are told of a batch."""

from typing import Any

import torch

from tests.trainers.tiny import data
from trainers.recipes.p6c import (
    NEIGHBOURS,
    BudgetedObjective,
    P6cSettings,
)


def p6c(epoch: int = 7, **knobs: Any) -> BudgetedObjective:  # noqa: ANN401  (any setting)
    """By default in its first epoch with a push."""
    objective = BudgetedObjective(P6cSettings(**knobs), data())
    objective.start_epoch(epoch)
    return objective


def told(gaps: list[float], *, counts: list[float] | None = None, head: float = 0.0) -> torch.Tensor:
    """Detached terms of a batch with these mean gaps to k = -3, -2, -1, 1, 2, 3."""
    shares = counts or [1.0] * len(NEIGHBOURS)
    sums = [gap * share for gap, share in zip(gaps, shares, strict=True)]
    return torch.tensor([head] * 5 + sums + shares)


def even(gap: float) -> torch.Tensor:
    return told([gap] * len(NEIGHBOURS))


def with_dual(value: float, gap: float, **knobs: Any) -> BudgetedObjective:  # noqa: ANN401
    """In its first epoch with a push, far into a run of this gap."""
    objective = p6c(**knobs)
    objective.load(
        {
            **objective.state(),
            "dual": torch.tensor(value),
            "gaps": torch.full((6,), gap),
            "seen": torch.full((6,), 1000.0),
        }
    )
    return objective


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(
        torch.equal(value, other[key]) if isinstance(value, torch.Tensor) else value == other[key]
        for key, value in one.items()
    )
