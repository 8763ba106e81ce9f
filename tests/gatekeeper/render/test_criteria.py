"""The success criteria as people see them, literally."""

from gatekeeper.render.criteria import render_criteria
from tests.schemas.histories import epoch, history, steps


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
