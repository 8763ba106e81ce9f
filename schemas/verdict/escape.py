"""Has the model escaped? A margin can be bought by pointing away from everything.

A linear model on real text reaches a margin over the previous chunk of +0.2 with a cosine to the
target of -0.28 and retrieval below chance. Such a model must never pass, whatever its margin.

A cosine below that of a constant is no escape: where all chunks share a direction, a predictor of the
rest can rank every target first and lie further from it than the common direction does. What counts is
whether the target is nearer than what else it could have been (lift), and whether it is found.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from schemas.records.answers import allowance
from schemas.records.evidence import Evidence, Metrics
from schemas.records.metrics import CHANCE_UNSEEN, COSINE, LIFT, RECALL_UNSEEN
from schemas.verdict.checks import measured_splits
from schemas.verdict.wording import figure


@dataclass(frozen=True)
class Escape:
    """What the test says.

    Attributes:
        escaped: sentences that say on which split, and how, the model escaped.
        undecided: sentences that say why the test could not be made; they end an evaluation.
        unsure: sentences that say where the sample shows neither; they block.
    """

    escaped: tuple[str, ...]
    undecided: tuple[str, ...]
    unsure: tuple[str, ...] = ()


def find_escape(evidence: Evidence) -> Escape:
    """Compare the model's lift with zero and its recall with chance, on every split.

    Escaped: lift not above 0 by more than rounding, or R@5 within the article, context rows left out,
    not above chance. A lift whose interval reaches 0 leaves it open only where the interval of R@5
    reaches chance too.
    """
    splits = measured_splits(evidence.model)
    escaped: list[str] = []
    undecided = [] if splits else ["no split was evaluated"]
    unsure: list[str] = []
    for split in splits:
        tests = (_points_away(evidence, split), _no_better_than_chance(evidence, split))
        for found, why in tests:
            (escaped if found else undecided).extend([why] if why else [])
        if not any(why for _, why in tests):
            unsure.extend(_unsure(evidence, split))
    return Escape(tuple(escaped), tuple(undecided), tuple(unsure))


def below_constant(evidence: Evidence) -> Iterator[str]:
    """Where the model's cosine lies below that of a constant: fit for ranking, not for decoding."""
    for split in measured_splits(evidence.model):
        mine = value_of(evidence.model, split, COSINE)
        constant = value_of(evidence.controls.get("constant", {}), split, COSINE)
        if mine is not None and constant is not None and mine < constant:
            yield (
                f"fit for ranking, not for decoding: the cosine to the target on {split} is "
                f"{figure(mine)}, that of a constant prediction {figure(constant)}"
            )


def _points_away(evidence: Evidence, split: str) -> tuple[bool, str]:
    lift = value_of(evidence.model, split, LIFT)
    if lift is None:
        return False, _unknown(split, f"{LIFT} is undefined")
    if lift > allowance(evidence.answers):
        return False, ""
    return True, (
        f"the model has escaped on {split}: its lift {figure(lift)} is not positive, so it is no closer to "
        "the target than to what else could have come"
    )


def _unsure(evidence: Evidence, split: str) -> Iterator[str]:
    """Neither the lift is shown to be positive nor the recall to be above chance."""
    rows = evidence.model[split]
    lift, recall = rows[LIFT].low, rows[RECALL_UNSEEN].low
    chance = value_of(evidence.model, split, CHANCE_UNSEEN)
    if (lift is not None and lift > allowance(evidence.answers)) or (
        recall is not None and chance is not None and recall > chance
    ):
        return
    yield (
        f"whether the model has escaped on {split} is not shown either way: the interval of its lift "
        "reaches 0 and that of its article R@5 reaches chance; evaluate more articles"
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
