"""The success criteria as people see them, literally."""

from gatekeeper.render.criteria import render_criteria
from schemas.history import HISTORY_VERSION, Epoch, History, MiniGates, SplitGates, Steps


def epoch(number: int, *, gap: float, lambda_eff: float, val: SplitGates | None) -> Epoch:
    names = ("loss", "mse", "push", "pos", "neg", "clamped")
    figures = {**dict.fromkeys(names, 0.0), "gap": gap, "lambda_eff": lambda_eff}
    mini = None
    if val is not None:
        mini = MiniGates(
            splits={"val": val, "ood": val}, gates={}, outcome="blocked", escaped=False, kept=False
        )
    return Epoch(epoch=number, samples=64, seconds=1.0, lr=5e-4, steps=(Steps(2, figures),), mini=mini)


def history(*epochs: Epoch) -> History:
    return History(
        schema_version=HISTORY_VERSION,
        trainer="p6b",
        architecture="transformer",
        negative="context[-2] (k = -3)",
        rule="",
        epochs=epochs,
        warnings=(),
        best_epoch=None,
        ended="",
    )


def gates(cos: float, margin: float, recall: float) -> SplitGates:
    return SplitGates(cos, margin, margin_prev=0.0, margin_last=0.0, recall=recall, recall_unseen=0.0)


def test_a_run_with_a_push() -> None:
    text = render_criteria(
        history(
            epoch(1, gap=-0.025, lambda_eff=0.0004, val=gates(0.460, -0.0512, 0.62)),
            epoch(2, gap=0.046, lambda_eff=0.0125, val=gates(0.5004, -0.0021, 0.7)),
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
    text = render_criteria(history(epoch(1, gap=0.5, lambda_eff=0.0, val=None)))
    assert text == (
        "success criterion              met    found\n"
        "-----------------------------  -----  -----------------------\n"
        "val cosine >= 0.50 by epoch 5  no     no Mini-5CAT by epoch 5\n"
        "margin positive by epoch 5     no     no Mini-5CAT by epoch 5\n"
        "R@5 >= 70% by epoch 8          no     no Mini-5CAT by epoch 8\n"
        "λ_eff in [0.001, 0.02]         -      the recipe has no push\n"
        "gap rising                     no     fewer than two epochs"
    )
