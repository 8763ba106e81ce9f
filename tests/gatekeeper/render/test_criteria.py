"""The success criteria as people see them, literally."""

import itertools

import pytest

from gatekeeper.render import criteria
from gatekeeper.render.criteria import criteria_met, render_criteria
from gatekeeper.render.fitting import paragraph
from schemas.verdict.training_criteria import Criterion
from tests.schemas.histories import CRITERIA, epoch, history, steps


def test_a_run_with_a_push() -> None:
    text = render_criteria(
        history(
            epoch(
                1,
                steps(2, gap=-0.025, lambda_eff=0.0004),
                val={"cos": 0.460, "margin": -0.0512, "recall": 0.62},
            ),
            epoch(
                2,
                steps(2, gap=0.046, lambda_eff=0.0125),
                val={"cos": 0.5004, "margin": -0.0021, "recall": 0.7},
            ),
        )
    )
    assert text == (
        "success criterion              met    found\n"
        "-----------------------------  -----  ------------------\n"
        "val cosine >= 0.50 by epoch 5  yes    +0.500 in epoch 2\n"
        "margin positive by epoch 5     no     -0.002 in epoch 2\n"
        "R@5 >= 70% by epoch 8          yes    +0.700 in epoch 2\n"
        "λ_eff in [0.001, 0.02]         no     0.00040 to 0.01250\n"
        "gap rising                     yes    -0.025 to +0.046"
    )


def test_a_recipe_without_a_push_and_without_gates() -> None:
    text = render_criteria(history(epoch(1, steps(2, gap=0.5, lambda_eff=0.0))))
    assert text == (
        "success criterion              met    found\n"
        "-----------------------------  -----  -----------------------\n"
        "val cosine >= 0.50 by epoch 5  no     no Mini-5CAT by epoch 5\n"
        "margin positive by epoch 5     no     no Mini-5CAT by epoch 5\n"
        "R@5 >= 70% by epoch 8          no     no Mini-5CAT by epoch 8\n"
        "λ_eff in [0.001, 0.02]         -      the recipe has no push\n"
        "gap rising                     no     fewer than two epochs"
    )


@pytest.mark.parametrize("met", list(itertools.product([True, False], repeat=len(CRITERIA))))
def test_two_lines_name_each_criterion_that_was_missed(
    met: tuple[bool, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = tuple(
        Criterion(name, each, "no Mini-5CAT by epoch 5") for name, each in zip(CRITERIA, met, strict=True)
    )
    monkeypatch.setattr(criteria, "success_criteria", lambda history: found)
    text = " ".join(criteria_met(history()).split())
    assert " ".join(line[8:] for line in paragraph("Met", text, most=2)) == text
    assert text.startswith(f"{sum(met)} of 5")
    assert [name for name in CRITERIA if name in text] == [each.name for each in found if not each.met]


def test_what_was_found_is_said_where_little_was_missed() -> None:
    told = history(epoch(1, steps(2, gap=0.5, lambda_eff=0.0)), epoch(2, steps(2, gap=0.6, lambda_eff=0.0)))
    assert criteria_met(told) == (
        "1 of 4; not val cosine >= 0.50 by epoch 5, margin positive by epoch 5, R@5 >= 70% by epoch 8"
    )
    val = {"cos": 0.497, "margin": 0.1, "recall": 0.8}
    told = history(epoch(1, steps(2, gap=0.5, lambda_eff=0.01), val=val))
    assert criteria_met(told) == (
        "3 of 5 success criteria; not val cosine >= 0.50 by epoch 5 (+0.497 in epoch 1); "
        "not gap rising (fewer than two epochs)"
    )
