"""Which weights are kept: the gates on val decide, never the loss alone.

ood has no say. It stays what it is for: an honest test of the weights that val chose.

A margin counts only where it is reliably positive. A constant prediction has margin 0, so among
margins that are not positive the larger one would be the one that has learned less.

Where the policy asks for gains over controls, what is known beyond the best copy comes first: its gates are
only shown.
"""

import math
from dataclasses import dataclass, replace

from schemas.records.answers import allowance
from schemas.records.evidence import Evidence
from schemas.records.metrics import COSINE, GATES, MARGIN, RECALL_UNSEEN
from schemas.records.policy import Policy
from schemas.records.splits import SELECTING
from schemas.verdict.checks import gate_status, run_checks
from schemas.verdict.escape import find_escape, value_of
from schemas.verdict.knowledge import COPIES, best_control, known_bits

RULE = (
    "not escaped on val, then, where the policy asks for gains over controls, the larger gain in bits over "
    "the best copy on val, then most gates passed on val (A to D), then the larger margin on val where "
    "its interval lies above 0, then the larger article R@5 on val (context left out), "
    "then the larger cosine on val"
)


@dataclass(frozen=True, order=True)
class Standing:
    """Where weights stand among others; the larger, the better.

    Attributes:
        admissible: the recipe allows them to be kept.
        sound: they have not escaped on val.
        gain: in bits over the best copy on val, where the policy asks for gains over controls; else 0.
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


def rank_weights(evidence: Evidence, policy: Policy, *, admissible: bool) -> Standing:
    """The standing of what was measured, by the policy's checks on val."""
    mine = only(evidence, SELECTING)
    lines = tuple(replace(line, splits=(SELECTING,)) for line in policy.checks if SELECTING in line.splits)
    checks = run_checks(mine.model, replace(policy, checks=lines), rounding=allowance(mine.answers))
    escape = find_escape(mine)
    margin = mine.model[SELECTING][MARGIN]
    reliable = margin.value is not None and margin.low is not None and margin.low > 0.0
    return Standing(
        admissible=admissible,
        sound=not (escape.escaped or escape.undecided or escape.unsure),
        gain=_gain(mine) if policy.controls else 0.0,
        gates_passed=sum(gate_status(gate, checks) == "pass" for gate in GATES),
        margin=margin.value if reliable and margin.value is not None else 0.0,
        recall=value_of(mine.model, SELECTING, RECALL_UNSEEN) or 0.0,
        cosine=value_of(mine.model, SELECTING, COSINE) or 0.0,
    )


def _gain(evidence: Evidence) -> float:
    """Bits over the best copy; what is undefined there is the least of all."""
    mine, best = known_bits(evidence, SELECTING), best_control(evidence, SELECTING, COPIES)
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
