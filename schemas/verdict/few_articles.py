"""Too few articles for a policy that decides by intervals: nobody passes then, whoever answers. Pure."""

from collections.abc import Container, Iterator, Mapping

from schemas.records.metrics import GATES
from schemas.records.policy import Policy, PolicyCheck
from schemas.records.splits import EVALUATED, PAIR
from schemas.verdict.checks import LEAST_ARTICLES, LEAST_EFFECTIVE


def lacking(policy: Policy, drawn: Mapping[str, tuple[int, float]]) -> tuple[str, ...]:
    """Why not even a perfect model could pass, from the articles alone; empty where it could.

    Args:
        policy: what it requires: lines, whole gates, and as many gates as it asks for.
        drawn: split -> articles of the windows that will be measured, and so many of equal size would weigh
            as they do. A figure may rest on fewer, never on more.

    Returns:
        One sentence a split.
    """
    few = {split: why for split, found in drawn.items() if (why := _too_few(split, *found))}
    splits = {split for line in _stopped(policy, few.keys()) for split in _sides(line)}
    return tuple(
        f"{why}, and the policy {policy.name} decides by intervals; name more articles"
        for split, why in few.items()
        if split in splits
    )


def _too_few(split: str, articles: int, effective: float) -> str:
    if articles < LEAST_ARTICLES:
        return f"{split} has {articles} articles, fewer than the {LEAST_ARTICLES} an interval needs to decide"
    if effective < LEAST_EFFECTIVE:
        return (
            f"the {articles} articles of {split} weigh as {effective:.1f} equal ones, fewer than the "
            f"{LEAST_EFFECTIVE} an interval needs to decide"
        )
    return ""


def _stopped(policy: Policy, few: Container[str]) -> Iterator[PolicyCheck]:
    """The lines that a model must pass and that no interval can decide."""
    every = (*policy.checks, *(rule.as_check() for rule in policy.controls))
    lines = [line for line in every if line.severity == "error"]
    undecided = [
        line
        for line in lines
        if (line.decide or policy.decide) == "bound" and any(side in few for side in _sides(line))
    ]
    left = {line.gate for line in lines} & set(GATES) - {line.gate for line in undecided}
    for line in undecided:
        counts = line.gate in GATES and len(left) < policy.min_gates_passed
        if line.required or counts or line.gate in policy.required_gates:
            yield line


def _sides(line: PolicyCheck) -> tuple[str, ...]:
    """The splits that a line rests on: a pair rests on both."""
    pairs = (EVALUATED if split == PAIR else (split,) for split in line.splits)
    return tuple(side for sides in pairs for side in sides)
