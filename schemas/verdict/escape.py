"""Has the model escaped? A margin can be bought by pointing away from everything.

A linear model on real text reaches a margin over the previous chunk of +0.2 with a cosine to the
target of -0.28 and retrieval below chance. Such a model must never pass, whatever its margin.
"""

import math
from dataclasses import dataclass

from schemas.records.evidence import Evidence, Metrics
from schemas.records.metrics import CHANCE_UNSEEN, COSINE, RECALL_UNSEEN
from schemas.verdict.checks import measured_splits
from schemas.verdict.wording import figure


@dataclass(frozen=True)
class Escape:
    """What the test says.

    Attributes:
        escaped: sentences that say on which split, and how, the model escaped.
        undecided: sentences that say why the test could not be made; they block as well.
    """

    escaped: tuple[str, ...]
    undecided: tuple[str, ...]


def find_escape(evidence: Evidence) -> Escape:
    """Compare the model with the ``constant`` control and with chance, on every split.

    Escaped: mean cosine to the target below that of a constant prediction, or R@5 within the
    article, context rows left out, not above chance.
    """
    splits = measured_splits(evidence.model)
    escaped: list[str] = []
    undecided = [] if splits else ["no split was evaluated"]
    for split in splits:
        for found, why in (_points_away(evidence, split), _no_better_than_chance(evidence, split)):
            (escaped if found else undecided).extend([why] if why else [])
    return Escape(tuple(escaped), tuple(undecided))


def _points_away(evidence: Evidence, split: str) -> tuple[bool, str]:
    mine = value_of(evidence.model, split, COSINE)
    constant = value_of(evidence.controls.get("constant", {}), split, COSINE)
    if mine is None or constant is None:
        who = "the model" if mine is None else "the constant control"
        return False, _unknown(split, f"{COSINE} of {who} is undefined")
    if mine >= constant:
        return False, ""
    return True, (
        f"the model has escaped on {split}: its cosine to the target {figure(mine)} is below the "
        f"{figure(constant)} of a constant prediction, so it points away from everything"
    )


def _no_better_than_chance(evidence: Evidence, split: str) -> tuple[bool, str]:
    mine, chance = (value_of(evidence.model, split, name) for name in (RECALL_UNSEEN, CHANCE_UNSEEN))
    if mine is None or chance is None:
        return False, _unknown(split, f"{RECALL_UNSEEN if mine is None else CHANCE_UNSEEN} is undefined")
    if mine > chance:
        return False, ""
    best = value_of(evidence.controls.get("oracle", {}), split, RECALL_UNSEEN)
    if best is not None and best <= chance:
        # In articles of a few chunks every order puts the target into the top five.
        return False, _unknown(
            split, f"even the oracle's {RECALL_UNSEEN} is not above chance {figure(chance)}"
        )
    return True, (
        f"the model has escaped on {split}: its article R@5 {figure(mine)}, context left out, "
        f"is not above chance {figure(chance)}"
    )


def value_of(metrics: Metrics, split: str, name: str) -> float | None:
    """The estimate of a metric, or None where it is missing, undefined or not finite."""
    metric = metrics.get(split, {}).get(name)
    if metric is None or metric.value is None or not math.isfinite(metric.value):
        return None
    return metric.value


def _unknown(split: str, why: str) -> str:
    return f"whether the model has escaped on {split} cannot be decided: {why}"
