"""What a policy must obey beyond its schema: it must name real metrics and be able to pass."""

import math
from collections.abc import Collection
from datetime import date

from schemas.errors import PolicyError
from schemas.names import did_you_mean, nearest
from schemas.records.evidence import GAINED, ORACLE, RIVALS
from schemas.records.metrics import GATES, GEOMETRY, known_metric
from schemas.records.policy import (
    BACKWARD_BIAS,
    CHAMPION,
    CONTROL_GATES,
    ChampionRule,
    ControlRule,
    Policy,
    PolicyCheck,
)
from schemas.records.splits import CHECKED, PAIR


def check_policy(policy: Policy) -> None:
    """Refuse a policy that cannot mean what its author thinks it does.

    Raises:
        PolicyError: an unknown metric, a metric under another gate, a pair metric on a split or
            the reverse, no bound, a bound that is not finite or contradicts another, the same
            (gate, metric, split) twice, a warning that is required, a champion rule on a metric
            without a better direction, a rule against an unknown control, on a metric without gains,
            or one that the control itself meets, a waiver of a check that is not there, more gates
            asked for than have checks, or nothing asked for.
    """
    lines = [(f"check {number}", line) for number, line in enumerate(policy.checks, start=1)]
    for number, rule in enumerate(policy.champion, start=1):
        _check_rule(rule, f"champion rule {number} ({rule.metric})")
        lines.append((f"champion rule {number}", rule.as_check()))
    for number, control in enumerate(policy.controls, start=1):
        _check_control(control, f"control rule {number} ({control.metric})")
        lines.append((f"control rule {number}", control.as_check()))
    seen: dict[tuple[str, str, str], str] = {}
    for number, line in enumerate(policy.checks, start=1):
        if line.gate in (CHAMPION, *CONTROL_GATES):
            table = "champion" if line.gate == CHAMPION else "control"
            raise PolicyError(
                f"check {number} ({line.metric}): a gain is asked for in a [[{table}]] table, not in a check"
            )
    for label, line in lines:
        where = f"{label} ({line.metric})"
        _check_metric(line, where)
        if known_metric(line.metric).gate == GEOMETRY and (line.decide or policy.decide) == "bound":
            raise PolicyError(
                f"{where}: the interval of {GEOMETRY} is to first order and decides nothing; "
                'set decide = "point" for it'
            )
        _check_bounds(line, where)
        if line.required and line.severity == "warn":
            raise PolicyError(
                f"{where}: a warning never blocks, so it cannot be required; drop one of the two"
            )
        for split in line.splits:
            key = (line.gate, line.metric, split)
            if key in seen:
                raise PolicyError(
                    f"{where}: {line.metric} on {split} under {line.gate} is already {seen[key]}; "
                    "keep one of them"
                )
            seen[key] = label
    _check_waivers(policy, seen)
    _check_gates(policy)
    _check_pin(policy)


def _check_gates(policy: Policy) -> None:
    with_checks = {line.gate for line in policy.checks if line.severity == "error"} & set(GATES)
    if policy.min_gates_passed > len(with_checks):
        raise PolicyError(
            f"min_gates_passed is {policy.min_gates_passed}, but only {len(with_checks)} of the five "
            "gates have checks, so no model could pass; lower it or add checks"
        )
    for gate in policy.required_gates:
        if gate not in with_checks:
            raise PolicyError(
                f"required_gates names {gate!r}, which has no checks, so no model could pass; "
                "add checks or drop it"
            )
    lines = (*policy.checks, *(rule.as_check() for rule in policy.controls))
    asked = any(line.required for line in lines) or policy.required_gates
    if policy.min_gates_passed == 0 and not asked:
        raise PolicyError(
            "min_gates_passed is 0 and no check is required, so every model would pass; "
            "raise it or require a check"
        )


def _check_pin(policy: Policy) -> None:
    pin = policy.data
    if pin is None:
        return
    if pin.max_per_article is not None and policy.max_per_article not in (None, pin.max_per_article):
        raise PolicyError(
            f"data.max_per_article is {pin.max_per_article}, but max_per_article is "
            f"{policy.max_per_article}; name one number"
        )
    per_article = pin.max_per_article or policy.max_per_article
    for name, most in (("max_samples", pin.max_samples), ("max_per_article", per_article)):
        if most is None or pin.seed is not None:
            continue
        raise PolicyError(
            f"data names {name} without a seed, so the report's author would choose the draw; "
            "name the seed as well"
        )
    if pin.bin_edges is not None and not pin.bin_edges[0] < pin.bin_edges[1]:
        low, high = pin.bin_edges
        raise PolicyError(f"data.bin_edges: expected ascending edges, found {low:g} and {high:g}")


def _check_waivers(policy: Policy, checks: Collection[tuple[str, str, str]]) -> None:
    seen = set()
    for number, waiver in enumerate(policy.waivers, start=1):
        where = f"waiver {number} ({waiver.metric})"
        _check_day(waiver.expires, where)
        for split in waiver.splits:
            key = (waiver.gate, waiver.metric, split)
            if key not in checks:
                near = nearest(" ".join(key), (" ".join(one) for one in checks), alike=0.0)
                raise PolicyError(
                    f"{where}: there is no check of {waiver.metric} on {split} under {waiver.gate} to waive"
                    + (f"; the nearest is {near}" if near else "")
                )
            if key in seen:
                raise PolicyError(f"{where}: {waiver.metric} on {split} is waived twice; keep one of them")
            seen.add(key)


def _check_day(text: str, where: str) -> None:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise PolicyError(f"{where}: expires {text!r} is no date: {error}") from None
    if day.isoformat() != text:
        raise PolicyError(f"{where}: expires must be written YYYY-MM-DD, found {text!r}")


def _check_rule(rule: ChampionRule, where: str) -> None:
    if known_metric(rule.metric).better == "neither":
        raise PolicyError(
            f"{where}: no direction of this metric is better, so it has no gain; choose one that has"
        )
    if rule.max_regression is None and rule.min_gain is None and rule.max_gain is None:
        raise PolicyError(f"{where}: expected max_regression, min_gain or max_gain, found none")
    if rule.max_regression is not None and rule.min_gain is not None:
        raise PolicyError(f"{where}: max_regression allows a loss that min_gain forbids; keep one of them")
    _check_amounts(rule, ("max_regression", "min_gain", "max_gain"), where)
    if rule.min_gain is not None and rule.max_gain is not None and rule.min_gain > rule.max_gain:
        raise PolicyError(
            f"{where}: min_gain {rule.min_gain} is greater than max_gain {rule.max_gain}; nothing can pass"
        )


def _check_control(rule: ControlRule, where: str) -> None:
    if rule.name == ORACLE:
        raise PolicyError(
            f"{where}: the oracle must be able to pass every rule, and it gains nothing over itself; "
            f"choose among {', '.join(RIVALS)}"
        )
    if rule.name not in RIVALS:
        hint = did_you_mean(rule.name, RIVALS)
        raise PolicyError(
            f"{where}: unknown control {rule.name!r}; {hint and hint + ' '}"
            f"known controls: {', '.join(RIVALS)}"
        )
    known_metric(rule.metric)
    if rule.metric not in GAINED:
        raise PolicyError(
            f"{where}: a report holds no gains over controls in this metric; choose among {', '.join(GAINED)}"
        )
    if rule.above is None and rule.min_gain is None:
        raise PolicyError(f"{where}: expected above, min_gain or both, found none")
    _check_amounts(rule, ("above", "min_gain"), where)
    if rule.above is None and rule.min_gain == 0:
        raise PolicyError(
            f"{where}: a min_gain of 0 is met by the control itself; write above = 0 to ask for a gain"
        )


def _check_amounts(rule: ChampionRule | ControlRule, names: tuple[str, ...], where: str) -> None:
    for name in names:
        bound = getattr(rule, name)
        if bound is not None and not 0 <= bound < math.inf:
            raise PolicyError(f"{where}: {name} must be a finite number of at least 0, found {bound}")


def _check_metric(line: PolicyCheck, where: str) -> None:
    info = known_metric(line.metric)
    if line.gate not in (info.gate, BACKWARD_BIAS, CHAMPION, *CONTROL_GATES):
        raise PolicyError(
            f"{where}: the metric belongs to gate {info.gate!r}, found gate {line.gate!r}; "
            f"use {info.gate!r} or {BACKWARD_BIAS!r}"
        )
    allowed = (PAIR,) if info.pair else CHECKED
    for split in line.splits:
        if split not in allowed:
            raise PolicyError(f"{where}: expected splits among {', '.join(allowed)}, found {split!r}")


def _check_bounds(line: PolicyCheck, where: str) -> None:
    bounds = {"min": line.minimum, "max": line.maximum, "above": line.above}
    given = {name: bound for name, bound in bounds.items() if bound is not None}
    if not given:
        raise PolicyError(f"{where}: expected at least one of min, max and above, found none")
    for name, bound in given.items():
        if not math.isfinite(bound):
            raise PolicyError(f"{where}: {name} must be a finite number, found {bound}")
    if line.maximum is not None and line.minimum is not None and line.minimum > line.maximum:
        raise PolicyError(f"{where}: min {line.minimum} is greater than max {line.maximum}; nothing can pass")
    if line.maximum is not None and line.above is not None and line.above >= line.maximum:
        raise PolicyError(
            f"{where}: above {line.above} is not less than max {line.maximum}; nothing can pass"
        )
