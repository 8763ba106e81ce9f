"""Which weights are kept: the gates decide, never the loss alone.

They decide on the split ``select`` where there is one, so that val stays untouched until the end, else on
val. The policy knows no ``select``: what it asks of val is asked of ``select``, which stands in its place.
ood has no say. It stays what it is for: an honest test of the weights that were chosen.

A margin counts only where it is reliably positive. A constant prediction has margin 0, so among
margins that are not positive the larger one would be the one that has learned less.

Where the recipe works for bits, or the policy asks for gains over controls, what is known beyond the best
copy comes first: the gates are only shown.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from schemas.records.answers import allowance
from schemas.records.evidence import Evidence
from schemas.records.metrics import COSINE, GATES, MARGIN, RECALL_UNSEEN
from schemas.records.policy import Policy
from schemas.records.splits import VAL
from schemas.verdict.checks import gate_status, run_checks
from schemas.verdict.escape import find_escape, value_of
from schemas.verdict.knowledge import COPIES, best_control, known_bits

T = TypeVar("T")

RULE = (
    "not escaped on val, then, where the policy asks for gains over controls, the larger gain in bits over "
    "the best copy on val, then most gates passed on val (A to D), then the larger margin on val where "
    "its interval lies above 0, then the larger article R@5 on val (context left out), "
    "then the larger cosine on val"
)

BITS_RULE = RULE.replace(", where the policy asks for gains over controls,", "")
"""The same of a recipe that works for bits."""


def told_of(split: str, sentence: str) -> str:
    """A sentence about val, said of the split that stands in its place.

    Example:
        >>> told_of("select", "val cosine at most 0.02 below the best, then the larger margin on val")
        'select cosine at most 0.02 below the best, then the larger margin on select'
    """
    return re.sub(rf"\b{VAL}\b", split, sentence)


def as_val(split: str, evidence: Evidence) -> Evidence:
    """Evidence of ``split`` and ood as if it were of val and ood, for a policy to judge."""
    if split == VAL:
        return evidence

    def renamed(rows: Mapping[str, T]) -> dict[str, T]:
        return {VAL if name == split else name: row for name, row in rows.items()}

    return Evidence(
        model=renamed(evidence.model),
        controls={control: renamed(metrics) for control, metrics in evidence.controls.items()},
        answers=renamed(evidence.answers),
        gains={control: renamed(gained) for control, gained in evidence.gains.items()},
        oracle_gains={control: renamed(gained) for control, gained in evidence.oracle_gains.items()},
    )


@dataclass(frozen=True, order=True)
class Standing:
    """Where weights stand among others; the larger, the better.

    Attributes:
        admissible: the recipe allows them to be kept.
        sound: they have not escaped on val.
        gain: in bits over the best copy on val, where the recipe works for bits or the policy asks for gains
            over controls; else 0.
        gates_passed: of A to D, on val.
        margin: on val, 0 unless its whole interval is above 0.
        recall: article R@5 on val with the context left out.
        cosine: to the target, on val.
    """

    admissible: bool
    sound: bool
    gain: float
    gates_passed: int
    margin: float
    recall: float
    cosine: float


def rank_weights(evidence: Evidence, policy: Policy, *, admissible: bool, by_bits: bool = False) -> Standing:
    """The standing of what was measured, by the policy's checks on val.

    Args:
        evidence: of these weights.
        policy: whose checks count.
        admissible: whether the recipe allows them to be kept.
        by_bits: whether the recipe works for bits, so that they come first whatever the policy asks for.
    """
    mine = only(evidence, VAL)
    lines = tuple(replace(line, splits=(VAL,)) for line in policy.checks if VAL in line.splits)
    checks = run_checks(mine.model, replace(policy, checks=lines), rounding=allowance(mine.answers))
    escape = find_escape(mine)
    margin = mine.model[VAL][MARGIN]
    reliable = margin.value is not None and margin.low is not None and margin.low > 0.0
    return Standing(
        admissible=admissible,
        sound=not (escape.escaped or escape.undecided or escape.unsure),
        gain=_gain(mine) if by_bits or policy.controls else 0.0,
        gates_passed=sum(gate_status(gate, checks) == "pass" for gate in GATES),
        margin=margin.value if reliable and margin.value is not None else 0.0,
        recall=value_of(mine.model, VAL, RECALL_UNSEEN) or 0.0,
        cosine=value_of(mine.model, VAL, COSINE) or 0.0,
    )


def _gain(evidence: Evidence) -> float:
    """Bits over the best copy; what is undefined there is the least of all."""
    mine, best = known_bits(evidence, VAL), best_control(evidence, VAL, COPIES)
    return -math.inf if best is None or math.isnan(mine) else mine - best[1]


def only(evidence: Evidence, split: str) -> Evidence:
    """The evidence of one split, controls included."""
    return Evidence(
        model={name: rows for name, rows in evidence.model.items() if name == split},
        controls={
            control: {name: rows for name, rows in metrics.items() if name == split}
            for control, metrics in evidence.controls.items()
        },
        answers={name: answers for name, answers in evidence.answers.items() if name == split},
    )
