"""Histories made of given epochs, for whoever reads them, and the criteria a history is judged by."""

from collections.abc import Mapping

from schemas.records.history import FIGURES, HISTORY_VERSION, Epoch, History, MiniGates, SplitGates, Steps

Figures = Mapping[str, float | None]

CRITERIA = (
    "val cosine >= 0.50 by epoch 5",
    "margin positive by epoch 5",
    "R@5 >= 70% by epoch 8",
    "λ_eff in [0.001, 0.02]",
    "gap rising",
)
"""Names of the success criteria, in the order they are told."""


def steps(step: int, *, gap: float = 0.0, lambda_eff: float = 0.01) -> Steps:
    """A log line with these figures, all others 0."""
    return Steps(step, {**dict.fromkeys(FIGURES, 0.0), "gap": gap, "lambda_eff": lambda_eff})


def split(figures: Figures) -> SplitGates:
    """These figures, all others 0."""
    names = ("cos", "margin", "margin_prev", "margin_last", "recall", "recall_unseen", "bits")
    return SplitGates(**{name: figures.get(name, 0.0) for name in names})


def epoch(number: int, *logged: Steps, val: Figures | None = None, ood: Figures | None = None) -> Epoch:
    """An epoch; without figures on val the gates were not due."""
    mini = None
    if val is not None:
        splits = {"val": split(val), "ood": split(ood or {})}
        mini = MiniGates(splits=splits, gates={}, outcome="blocked", escaped=False, kept=False)
    return Epoch(epoch=number, samples=64, seconds=1.0, lr=5e-4, steps=logged, mini=mini)


def history(*epochs: Epoch) -> History:
    """A run of these epochs."""
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
