"""Evidence and policy to checks, gates and verdict. Pure, so that a reader can derive it again."""

from schemas.checks import gate_status, measured_splits, run_checks
from schemas.escape import COSINE, find_escape, value_of
from schemas.metrics import GATE_LETTERS, GATES
from schemas.policy import Policy
from schemas.report import Check, Evidence, GateResult, Judgement, Outcome, Verdict
from schemas.soundness import check_controls, unsound, vacuous_for
from schemas.wording import figure, gate_title

BACKWARD_BIAS = "backward_bias"
"""Name of the checks that belong to none of the five gates: the model must not point backward."""

_RECALL = "retrieval.article.r@5"


def judge(evidence: Evidence, policy: Policy) -> Judgement:
    """Decide whether the evaluated model may be deployed.

    Deployable when the measurement is sound (all controls present, the oracle passes A, B, D and
    E), at least ``policy.min_gates_passed`` of the five gates pass, every required check passes,
    and the model has not escaped. What was skipped, undefined, NaN or measured on too few samples
    never passes.

    Args:
        evidence: metrics of the model and of the controls over the same samples.
        policy: the thresholds; its ``decide`` says whether estimates or intervals are compared.

    Returns:
        The outcome is ``error`` when this data cannot decide, ``blocked`` when it says no.
    """
    checks = run_checks(evidence.model, policy)
    controls = check_controls(evidence, policy)
    names = (*GATES, *([BACKWARD_BIAS] if any(check.gate == BACKWARD_BIAS for check in checks) else []))
    gates = tuple(
        GateResult(name=name, status=gate_status(name, checks), vacuous_for=vacuous_for(name, controls))
        for name in names
    )
    escape = find_escape(evidence)
    errors = (*unsound(evidence, controls), *escape.undecided)
    objections = (*escape.escaped, *_unmet(checks), *_too_few_gates(gates, policy))
    outcome: Outcome = "error" if errors else "blocked" if objections else "deployable"
    verdict = Verdict(
        outcome=outcome,
        gates_passed=_passed(gates),
        escaped=bool(escape.escaped),
        reasons=tuple(dict.fromkeys((*errors, *objections))),
        remarks=(*_vacuous_remarks(gates), *_ridge_remarks(evidence)),
    )
    return Judgement(checks=checks, gates=gates, verdict=verdict)


def _passed(gates: tuple[GateResult, ...]) -> int:
    return sum(gate.status == "pass" for gate in gates if gate.name in GATES)


def _unmet(checks: tuple[Check, ...]) -> list[str]:
    return [check.sentence for check in checks if check.required and check.status != "pass"]


def _too_few_gates(gates: tuple[GateResult, ...], policy: Policy) -> list[str]:
    if _passed(gates) >= policy.min_gates_passed:
        return []
    letters = [GATE_LETTERS[gate.name] for gate in gates if gate.name in GATES and gate.status == "pass"]
    which = f" ({', '.join(letters)})" if letters else ""
    return [f"{len(letters)} of the 5 gates passed{which}, the policy needs {policy.min_gates_passed}"]


def _vacuous_remarks(gates: tuple[GateResult, ...]) -> list[str]:
    return [
        f"{gate_title(gate.name)} passes for the {_listed(gate.vacuous_for)} too, "
        "so passing it proves nothing here"
        for gate in gates
        if gate.vacuous_for
    ]


def _listed(names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return f"{names[0]} predictor"
    return f"{', '.join(names[:-1])} and {names[-1]} predictors"


def _ridge_remarks(evidence: Evidence) -> list[str]:
    remarks = []
    ridge = evidence.controls.get("ridge", {})
    for split in measured_splits(evidence.model):
        known = [
            (label, mine, rival)
            for label, name in (("cos", COSINE), ("article R@5", _RECALL))
            if (mine := value_of(evidence.model, split, name)) is not None
            and (rival := value_of(ridge, split, name)) is not None
        ]
        beaten = any(mine > rival for _, mine, rival in known)
        if any(mine < rival for _, mine, rival in known) or (known and not beaten):
            figures = ", ".join(
                f"{what} {figure(mine)} against {figure(rival)}" for what, mine, rival in known
            )
            remarks.append(f"the model does not beat ridge on {split}: {figures}")
    return remarks
