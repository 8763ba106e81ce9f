"""What a policy must obey beyond its schema: it must name real metrics and be able to pass."""

import math

from schemas.checks import SPLITS
from schemas.errors import PolicyError
from schemas.metrics import GATES, PAIR, known_metric
from schemas.policy import Policy, PolicyCheck
from schemas.verdict import BACKWARD_BIAS


def check_policy(policy: Policy) -> None:
    """Refuse a policy that cannot mean what its author thinks it does.

    Raises:
        PolicyError: an unknown metric, a metric under another gate, a pair metric on a split or
            the reverse, no bound, a bound that is not finite or contradicts another, the same
            (gate, metric, split) twice, more gates asked for than have checks, or nothing asked for.
    """
    seen: dict[tuple[str, str, str], int] = {}
    for number, line in enumerate(policy.checks, start=1):
        where = f"check {number} ({line.metric})"
        _check_metric(line, where)
        _check_bounds(line, where)
        for split in line.splits:
            key = (line.gate, line.metric, split)
            if key in seen:
                raise PolicyError(
                    f"{where}: {line.metric} on {split} under {line.gate} is already check "
                    f"{seen[key]}; keep one of them"
                )
            seen[key] = number
    with_checks = {line.gate for line in policy.checks} & set(GATES)
    if policy.min_gates_passed > len(with_checks):
        raise PolicyError(
            f"min_gates_passed is {policy.min_gates_passed}, but only {len(with_checks)} of the five "
            "gates have checks, so no model could pass; lower it or add checks"
        )
    if policy.min_gates_passed == 0 and not any(line.required for line in policy.checks):
        raise PolicyError(
            "min_gates_passed is 0 and no check is required, so every model would pass; "
            "raise it or require a check"
        )


def _check_metric(line: PolicyCheck, where: str) -> None:
    info = known_metric(line.metric)
    if line.gate not in (info.gate, BACKWARD_BIAS):
        raise PolicyError(
            f"{where}: the metric belongs to gate {info.gate!r}, found gate {line.gate!r}; "
            f"use {info.gate!r} or {BACKWARD_BIAS!r}"
        )
    allowed = (PAIR,) if info.pair else SPLITS
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
