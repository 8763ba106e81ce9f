"""One history with something of all, histories of given epochs, and the criteria a history is judged by."""

import dataclasses
from collections.abc import Mapping

from schemas.records.history import (
    FIGURES,
    HISTORY_VERSION,
    Epoch,
    History,
    MiniGates,
    SplitGates,
    Steps,
    Warned,
)
from schemas.records.rules import is_later

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


LATER_FIGURES = [field.name for field in dataclasses.fields(SplitGates) if is_later(field)]
"""Figures that a history lacks if it is older than they are."""

VAL = SplitGates(cos=0.5, margin=0.0625, margin_prev=0.125, margin_last=-0.25, recall=0.75, recall_unseen=1.0)
OOD = SplitGates(
    cos=-0.5, margin=None, margin_prev=None, margin_last=None, recall=None, recall_unseen=0.0, bits=0.25
)
HISTORY = History(
    schema_version=HISTORY_VERSION,
    trainer="p6b",
    architecture="transformer",
    negative="context[-2] (k = -3)",
    rule="the best val margin",
    epochs=(
        Epoch(
            epoch=1,
            samples=12_800,
            seconds=3.5,
            lr=5e-4,
            steps=(
                Steps(200, {name: 0.125 * place for place, name in enumerate(FIGURES)}),
                Steps(400, {name: -0.5 * place for place, name in enumerate(FIGURES)}),
            ),
            mini=MiniGates(
                splits={"val": VAL, "ood": OOD},
                gates={"offset_sweep": "pass", "retrieval": "inconclusive"},
                outcome="blocked",
                escaped=False,
                kept=True,
            ),
        ),
        Epoch(epoch=2, samples=0, seconds=0.0, lr=2.5e-4, steps=(), mini=None),
    ),
    warnings=(Warned("cosine_drop", "val cosine fell by 0.2 ☹", collapse=True, epoch=2, step=0),),
    best_epoch=1,
    ended="stopped",
)
