"""Evidence and policy to checks, gates and verdict. Pure, so that a reader can derive it again."""

from datetime import date

from schemas.records.answers import ROUNDING, allowance, coarsest
from schemas.records.evidence import Evidence, Metrics
from schemas.records.inputs import Setup
from schemas.records.judgement import Check, GateResult, Judgement, Outcome, Verdict
from schemas.records.metrics import COSINE, GATE_LETTERS, GATES, RECALL_SEEN
from schemas.records.policy import GROUPS, Policy
from schemas.records.splits import VAL
from schemas.verdict.checks import (
    PASSING,
    gate_status,
    measured_splits,
    run_champion_checks,
    run_checks,
    run_control_checks,
)
from schemas.verdict.diagnosis import diagnose
from schemas.verdict.dominating import remarks as dominating_remarks
from schemas.verdict.escape import below_constant, find_escape, value_of
from schemas.verdict.pin import objections as pin_objections
from schemas.verdict.pin import remarks as pin_remarks
from schemas.verdict.seen import remarks as seen_remarks
from schemas.verdict.soundness import check_controls, unsound, vacuous_for
from schemas.verdict.waivers import apply_waivers, describe_waivers
from schemas.verdict.wording import figure, gate_title


def judge(
    evidence: Evidence,
    policy: Policy,
    *,
    confidence: float,
    on: date | None = None,
    gains: Metrics | None = None,
    setup: Setup | None = None,
) -> Judgement:
    """Decide whether the evaluated model may be deployed.

    Deployable when the measurement is sound (all controls present, the oracle passes what the policy
    requires), at least ``policy.min_gates_passed`` of the five gates and all of ``policy.required_gates``
    pass, every required check passes, and the model has not escaped. What was skipped, undefined,
    NaN or measured on too few samples never passes. A waived check counts as passed.

    Args:
        evidence: metrics of the model and of the controls over the same samples.
        policy: the thresholds; its ``decide`` says whether estimates or intervals are compared.
        confidence: of the evidence's intervals.
        on: the day (UTC) on which the decision is made; None lets no waiver count.
        gains: metrics of the gain over the champion; None leaves the champion rules out.
        setup: what was evaluated and how; None where that is no question, as between the epochs of a
            training.

    Returns:
        The outcome is ``error`` when this data cannot decide, ``blocked`` when it says no.
    """
    rounding = allowance(evidence.answers)
    champion = () if gains is None else run_champion_checks(gains, policy, rounding=rounding)
    mine = run_checks(evidence.model, policy, rounding=rounding)
    over = run_control_checks(evidence.gains, policy, rounding=rounding)
    checks = apply_waivers((*mine, *over, *champion), policy, on)
    controls = check_controls(evidence, policy)
    extra = (name for name in GROUPS if any(check.gate == name for check in checks))
    gates = tuple(
        GateResult(name=name, status=gate_status(name, checks), vacuous_for=vacuous_for(name, controls))
        for name in (*GATES, *extra)
    )
    escape = find_escape(evidence)
    errors = (
        *unsound(evidence, policy, controls),
        *escape.undecided,
        *_too_narrow(policy, checks, confidence),
    )
    objections = (
        *(() if setup is None else pin_objections(policy, setup.inputs, setup.settings)),
        *escape.escaped,
        *escape.unsure,
        *_unmet(checks),
        *_required_gates(gates, policy),
        *too_few_gates(gates, policy),
    )
    outcome: Outcome = "error" if errors else "blocked" if objections else "deployable"
    verdict = Verdict(
        outcome=outcome,
        gates_passed=_passed(gates),
        escaped=bool(escape.escaped),
        reasons=tuple(dict.fromkeys((*errors, *objections))),
        warnings=tuple(check.sentence for check in checks if _warns(check)),
        waivers=tuple(describe_waivers(checks, policy, on)),
        remarks=(
            *_vacuous_remarks(gates),
            *_ridge_remarks(evidence),
            *seen_remarks(evidence, setup),
            *dominating_remarks(setup),
            *below_constant(evidence),
            *_champion_remarks(policy, gains),
            *_answer_remarks(evidence),
            *pin_remarks(policy.data),
            *_choice_remarks(setup),
        ),
    )
    return Judgement(checks, gates, verdict, diagnose(evidence, verdict, _blocking(checks, gates, policy)))


def _choice_remarks(setup: Setup | None) -> tuple[str, ...]:
    """The best of several epochs on val looks better there than it is."""
    trained = None if setup is None else setup.inputs.model.training
    if trained is None or trained.chosen_on != VAL:
        return ()
    return (
        "val chose the epoch, so its figures are optimistic and those of ood are not; with a split select, "
        "val stays untouched",
    )


def _too_narrow(policy: Policy, checks: tuple[Check, ...], confidence: float) -> list[str]:
    """Intervals of less confidence than the policy asks for are narrower than it thinks."""
    bound = any(check.decide == "bound" for check in checks)
    if not bound or confidence >= policy.confidence:
        return []
    return [
        f"the intervals have confidence {confidence:g}, the policy decides on intervals of at least "
        f"{policy.confidence:g}; evaluate again with --confidence {policy.confidence:g}"
    ]


def _warns(check: Check) -> bool:
    return check.severity == "warn" and check.status not in PASSING


def _passed(gates: tuple[GateResult, ...]) -> int:
    return sum(gate.status in PASSING for gate in gates if gate.name in GATES)


def _unmet(checks: tuple[Check, ...]) -> list[str]:
    return [check.sentence for check in checks if check.required and check.status not in PASSING]


def _required_gates(gates: tuple[GateResult, ...], policy: Policy) -> list[str]:
    return [
        f"the policy requires {gate_title(gate.name)}, which did not pass ({gate.status})"
        for gate in gates
        if gate.name in policy.required_gates and gate.status not in PASSING
    ]


def _blocking(checks: tuple[Check, ...], gates: tuple[GateResult, ...], policy: Policy) -> tuple[str, ...]:
    """The gates that stop the model: all that fail where too few pass, else those that must pass."""
    failed = [gate.name for gate in gates if gate.status not in PASSING]
    if _passed(gates) < policy.min_gates_passed:
        return tuple(failed)
    needed = {check.gate for check in checks if check.required and check.status not in PASSING}
    return tuple(name for name in failed if name in needed.union(policy.required_gates))


def too_few_gates(gates: tuple[GateResult, ...], policy: Policy) -> list[str]:
    """The sentence that says how many of the five passed, where the policy needs more."""
    if _passed(gates) >= policy.min_gates_passed:
        return []
    letters = [GATE_LETTERS[gate.name] for gate in gates if gate.name in GATES and gate.status in PASSING]
    which = f" ({', '.join(letters)})" if letters else ""
    return [f"{len(letters)} of the 5 gates passed{which}, the policy needs {policy.min_gates_passed}"]


def _vacuous_remarks(gates: tuple[GateResult, ...]) -> list[str]:
    return [
        f"{gate_title(gate.name)} passes for the {_listed(gate.vacuous_for)} too, "
        "so passing it proves nothing here"
        for gate in gates
        if gate.vacuous_for
    ]


def _champion_remarks(policy: Policy, gains: Metrics | None) -> list[str]:
    if gains is not None or not policy.champion:
        return []
    return ["the policy's champion rules were not applied: nothing was compared with a champion"]


def _answer_remarks(evidence: Evidence) -> list[str]:
    remarks = [
        f"{answers.zero_steps} free-running answers of {gate_title('rollout')} on {split} are zero; "
        "each counts as cosine 0"
        for split in measured_splits(evidence.model)
        if (answers := evidence.answers.get(split)) is not None and answers.zero_steps
    ]
    rounding = allowance(evidence.answers)
    if rounding > ROUNDING:
        form = coarsest(*(answers.coarsest for answers in evidence.answers.values()))
        remarks.append(
            f"the answers are as precise as {form}, so comparisons of cosines with zero allow {rounding:.1e} "
            "for rounding"
        )
    return remarks


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
            for label, name in (("cos", COSINE), ("article R@5", RECALL_SEEN))
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
