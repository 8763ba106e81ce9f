"""Is the measurement sound on this data? What the known-answer controls say about the gates."""

from collections.abc import Mapping

from schemas.records.evidence import CONTROLS, ORACLE, TRIVIAL, Evidence, Metrics
from schemas.records.judgement import Check
from schemas.records.metrics import DATA, GATES, SEARCHED
from schemas.records.policy import Policy, control_of
from schemas.verdict.checks import binding, run_checks, run_control_checks
from schemas.verdict.wording import gate_title

DAMAGES = "ablations"
"""The gate that the true answer need not pass: the oracle ignores the context, so damaging the context
cannot lower its score."""

ControlChecks = Mapping[str, tuple[Check, ...]]


def check_controls(evidence: Evidence, policy: Policy) -> ControlChecks:
    """The policy's checks on each control that is present."""
    return {name: run_checks(metrics, policy) for name, metrics in evidence.controls.items()}


def vacuous_for(gate: str, controls: ControlChecks) -> tuple[str, ...]:
    """The trivial controls that pass all checks of ``gate``; those on the data say nothing of a predictor."""
    if gate == DATA:
        return ()
    return tuple(
        name
        for name in TRIVIAL
        if (mine := binding(controls.get(name, ()), gate)) and all(check.status == "pass" for check in mine)
    )


def unsound(evidence: Evidence, policy: Policy, controls: ControlChecks) -> list[str]:
    """Why nothing can be decided here: a control is missing, or the truth itself does not pass.

    The oracle must pass every check and every gain that the policy requires, and as many gates as it
    asks for. What else it fails says nothing: a margin of the oracle is no upper bound, and a gate that
    it fails may be passed by a predictor of what neighbours do not share. Checks on the data are none of
    its: whether the test was seen is the same for whoever answers, and blocks.

    Per gate, the first check the oracle truly fails, or else the first that could not be made. A
    metric that was measured neither for the model nor for the oracle says nothing about the data:
    it is skipped for the model, and that blocks where the policy requires it.
    """
    reasons = [
        f"the control {name!r} was not measured, so nothing shows that the gates are sound here"
        for name in CONTROLS
        if not evidence.controls.get(name)
    ]
    if not evidence.controls.get(ORACLE):
        return reasons
    gains = run_control_checks(evidence.oracle_gains, policy)
    checks = (*(check for check in controls[ORACLE] if check.gate != DATA), *gains)
    barred = {gate: found for gate in GATES if (found := _barred(evidence, binding(checks, gate)))}
    counted = {check.gate for check in checks if check.severity == "error"} & set(GATES)
    for gate in dict.fromkeys((*GATES, *(check.gate for check in checks))):
        whole = gate in policy.required_gates or len(counted - barred.keys()) < policy.min_gates_passed
        mine = binding(checks, gate)
        needed = mine if whole and gate in GATES else tuple(check for check in mine if check.required)
        found = _barred(evidence, needed)
        if found is not None:
            reasons.append(_sentence(gate, found, evidence.controls[ORACLE]))
    return reasons


def _barred(evidence: Evidence, checks: tuple[Check, ...]) -> Check | None:
    """The first check the oracle truly fails, or else the first that could not be made for it."""
    mine = [check for check in checks if check.metric.partition(".")[0] != DAMAGES]
    failed = [check for check in mine if check.status in ("fail", "inconclusive")]
    unmade = [check for check in mine if check.status == "error" or _unmeasured(check, evidence)]
    return next(iter([*failed, *unmade]), None)


def _sentence(gate: str, check: Check, oracle: Metrics) -> str:
    if check.metric.startswith(SEARCHED) and check.metric not in oracle.get(check.split, {}):
        return (
            f"{gate_title(gate)} cannot be decided by this report: {check.metric} ranks in the whole bank, "
            "and the controls were ranked in their articles only; evaluate again under this policy, or with "
            "--full"
        )
    if check.status == "fail":
        return (
            f"{gate_title(gate)} tells nothing of knowledge on this data: the true targets themselves do "
            f"not pass it, their {check.sentence.removeprefix('the ')}"
        )
    return f"{gate_title(gate)} cannot be decided on this data: for the oracle, {check.sentence}"


def _unmeasured(check: Check, evidence: Evidence) -> bool:
    control = control_of(check.gate)
    mine, oracle = (
        (evidence.model, evidence.controls[ORACLE])
        if control is None
        else (evidence.gains.get(control, {}), evidence.oracle_gains.get(control, {}))
    )
    return check.status == "skipped" and any(
        rows.get(check.split, {}).get(check.metric) is not None for rows in (mine, oracle)
    )
