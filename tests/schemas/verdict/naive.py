"""A naive reading of a policy, written from its words.

The policy is laid out as one flat sheet of single demands, and each is marked on its own.
"""

import math
from dataclasses import dataclass
from datetime import date

from schemas.records.evidence import Evidence, Metric, Metrics
from schemas.records.policy import ChampionRule, Policy, PolicyCheck
from schemas.records.splits import PAIR
from tests.schemas.verdict.drawn import FIVE, RULES, Key

Table = dict[str, dict[str, Metric]]
FALLING_IS_BETTER = {"ablations.reverse", "bins_delta.delta"}
BEST_LAST = ["error", "fail", "inconclusive", "skipped", "waived", "pass"]
LETS_THROUGH = {"waived", "pass"}


@dataclass(frozen=True)
class Demand:
    """One line of the sheet: a single figure and the span of values it must lie in."""

    key: Key
    least: float
    least_itself_counts: bool
    most: float
    needs_whole_interval: bool
    blocks_alone: bool
    only_tells: bool

    def side(self, x: float) -> int:
        """-1 for a number that is too small, 1 for one that is too large, 0 for a good one."""
        if x > self.most:
            return 1
        good = x >= self.least if self.least_itself_counts else x > self.least
        return 0 if good else -1


def demands_of_check(line: PolicyCheck, policy: Policy) -> list[Demand]:
    floor = max((b for b in (line.minimum, line.above) if b is not None), default=-math.inf)
    return [
        Demand(
            key=(line.gate, line.metric, split),
            least=floor,
            least_itself_counts=floor != line.above,
            most=line.maximum if line.maximum is not None else math.inf,
            needs_whole_interval=(line.decide if line.decide else policy.decide) == "bound",
            blocks_alone=line.required,
            only_tells=line.severity == "warn",
        )
        for split in line.splits
    ]


def demands_of_rule(rule: ChampionRule, policy: Policy) -> list[Demand]:
    floor = -math.inf
    if rule.max_regression is not None:
        floor = 0 - rule.max_regression
    if rule.min_gain is not None:
        floor = rule.min_gain
    return [
        Demand(
            key=("champion", rule.metric, split),
            least=floor,
            least_itself_counts=True,
            most=rule.max_gain if rule.max_gain is not None else math.inf,
            needs_whole_interval=(rule.decide if rule.decide else policy.decide) == "bound",
            blocks_alone=rule.severity == "error",
            only_tells=rule.severity == "warn",
        )
        for split in rule.splits
    ]


def sheet(policy: Policy, compared: bool) -> list[Demand]:
    demands = [demand for line in policy.checks for demand in demands_of_check(line, policy)]
    if compared:
        demands += [demand for rule in policy.champion for demand in demands_of_rule(rule, policy)]
    return demands


def mark(demand: Demand, table: Metrics, policy: Policy) -> str:
    """The status of one demand before anyone answers for it."""
    _, metric, split = demand.key
    found = table.get(split, {}).get(metric)
    if found is None or found.value is None:
        return "skipped"
    if math.isnan(found.value) or math.isinf(found.value):
        return "error"
    counts = [(found.n, found.articles, found.effective)]
    if split == PAIR:
        for side in ("val", "ood"):
            mean = table.get(side, {}).get("bins_delta.cos")
            counts.append((mean.n, mean.articles, mean.effective) if mean else (0, 0, None))
    if any(n < policy.min_samples or articles < policy.min_articles for n, articles, _ in counts):
        return "error"
    enough = [articles > 11 and weigh is not None and weigh >= 8 for _, articles, weigh in counts]
    if demand.needs_whole_interval and not all(enough):
        return "inconclusive"
    ends = (found.value, found.value)
    if demand.needs_whole_interval:
        if found.low is None or found.high is None:
            return "inconclusive"
        ends = (found.low, found.high)
        if sorted([found.low, found.value, found.high]) != [found.low, found.value, found.high] or any(
            map(math.isnan, ends)
        ):
            return "error"
    sides = {demand.side(end) for end in ends}
    if sides == {0}:
        return "pass"
    return "fail" if len(sides) == 1 else "inconclusive"


def kind_of_waiver(status: str, expires: str, on: date | None) -> str:
    """What became of a waiver, given the status its check had without it."""
    if on is None:
        return "no day"
    if expires < on.isoformat():
        return "expired"
    if status == "pass":
        return "not needed"
    return "applied" if status in {"fail", "inconclusive"} else "does not cover"


def of_gate(gate: str, marks: dict[Key, str], demands: list[Demand]) -> str:
    mine = [marks[d.key] for d in demands if d.key[0] == gate and not d.only_tells]
    return min(mine, key=BEST_LAST.index) if mine else "skipped"


def champion_table(mine: Metrics, theirs: Metrics) -> Table:
    """The gains that matter here, from the words alone."""
    table: Table = {}
    for metric, splits in [*RULES, ("bins_delta.cos", ("val", "ood"))]:
        for split in splits:
            new, old = (rows.get(split, {}).get(metric) for rows in (mine, theirs))
            if new is None or old is None:
                continue
            value = None
            if new.value is not None and old.value is not None:
                value = old.value - new.value if metric in FALLING_IS_BETTER else new.value - old.value
            samples, articles = min(new.n, old.n), min(new.articles, old.articles)
            weights = [new.effective, old.effective]
            least = None if None in weights or value is None else min(weight or 0 for weight in weights)
            table.setdefault(split, {})[metric] = Metric(value, None, None, samples, articles, "x", least)
    return table


def number(table: Metrics, split: str, metric: str) -> float | None:
    found = table.get(split, {}).get(metric)
    return found.value if found and found.value is not None and math.isfinite(found.value) else None


def about_escape(evidence: Evidence) -> tuple[bool, bool, bool]:
    """Whether the model escaped on a split, that cannot be told, and the sample shows neither."""
    escaped = unknown = unsure = False
    for split in ("val", "ood"):
        told = escaped, unknown
        lift = number(evidence.model, split, "offset_sweep.lift")
        if lift is None:
            unknown = True
        else:
            escaped |= not lift > 1e-6
        recall = number(evidence.model, split, "retrieval.article_unseen.r@5")
        chance = number(evidence.model, split, "retrieval.article_unseen.chance@5")
        best = number(evidence.controls.get("oracle", {}), split, "retrieval.article_unseen.r@5")
        if recall is None or chance is None:
            unknown = True
        elif recall <= chance:
            possible = best is None or best > chance
            escaped |= possible
            unknown |= not possible
        if told == (escaped, unknown) == (False, False):
            rows = evidence.model[split]
            lowest = rows["offset_sweep.lift"].low, rows["retrieval.article_unseen.r@5"].low
            beyond = zip(lowest, (1e-6, chance), strict=True)
            unsure |= not any(low is not None and at is not None and low > at for low, at in beyond)
    return escaped, unknown, unsure


def oracle_objects(evidence: Evidence, policy: Policy) -> bool:
    """The truth itself fails what is required, or too many of the gates that are counted."""
    oracle = evidence.controls.get("oracle", {})
    if not oracle:
        return False
    counted, stopped = set(), set()
    for demand in sheet(policy, compared=False):
        gate, metric, split = demand.key
        if demand.only_tells:
            continue
        counted.add(gate)
        status = mark(demand, oracle, policy)
        anywhere = any(metric in table.get(split, {}) for table in (oracle, evidence.model))
        if metric.startswith("ablations.") or status == "pass" or (status == "skipped" and not anywhere):
            continue
        if demand.blocks_alone:
            return True
        stopped.add(gate)
    possible = (counted - stopped) & set(FIVE)
    too_few = len(possible) < policy.min_gates_passed and bool(stopped & set(FIVE))
    return too_few or bool(stopped & set(policy.required_gates))
