"""Gate D, intervals included, against its definition by recursion."""

import pytest

from schemas.records.metrics import ROLLOUT_STEPS
from schemas.records.splits import EVALUATED
from tests.gates import naive
from tests.gates.cases import EVERY_CASE, Case, same_mean


@EVERY_CASE
@pytest.mark.parametrize("split", EVALUATED)
def test_it_agrees_with_its_definition(case: Case, split: str) -> None:
    metrics = case.measured.metrics[split]
    found = [(a, naive.rollout_cosines(case.world, a, c, ROLLOUT_STEPS)) for a, c in case.places(split)]
    rows = [(a, steps) for a, steps in found if steps is not None]
    articles = [a for a, _ in rows]
    assert len(rows) > 10
    for j in range(ROLLOUT_STEPS):
        same_mean(metrics[f"rollout.cos@{j + 1}"], [steps[j] for _, steps in rows], articles)
    same_mean(metrics["rollout.avg_cos"], [sum(steps) / ROLLOUT_STEPS for _, steps in rows], articles)
