"""``judge`` against a naive reading of the whole policy: warnings, waivers, required gates, champion rules.

The policy is laid out as one flat sheet of single demands, each is marked on its own, and the
sheet is then counted.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.records.evidence import Evidence, Metric, Metrics
from schemas.records.judgement import Judgement
from schemas.records.policy import ChampionRule, Policy, PolicyCheck, Waiver
from schemas.records.splits import PAIR
from schemas.verdict.gains import gains as gains_of
from schemas.verdict.judge import judge

EvidenceFactory = Callable[[], Evidence]
Table = dict[str, dict[str, Metric]]
Edit = tuple[str, tuple[str, str], Metric | None]
Key = tuple[str, str, str]

FIVE = ["offset_sweep", "retrieval", "ablations", "rollout", "bins_delta"]
SIX = ["oracle", "copy_last", "mean_context", "constant", "random", "ridge"]
FALLING_IS_BETTER = {"ablations.reverse", "bins_delta.delta"}
BEST_LAST = ["error", "fail", "inconclusive", "skipped", "waived", "pass"]
LETS_THROUGH = {"waived", "pass"}

# gate, metric, splits, and bounds (min, max, above) that suit the fabricated model more or less
CHECKS: list[tuple[str, str, tuple[str, ...], list[tuple[float | None, float | None, float | None]]]] = [
    ("offset_sweep", "offset_sweep.margin", ("val", "ood"), [(0.1, None, None), (0.2, None, 0.0)]),
    ("retrieval", "retrieval.article.r@5", ("ood",), [(0.7, None, None), (0.98, 1.1, None)]),
    ("ablations", "ablations.reverse", ("val",), [(None, -0.1, None), (None, -0.3, None)]),
    ("rollout", "rollout.avg_cos", ("val", "ood"), [(0.45, None, None), (None, None, 0.5)]),
    ("rollout", "rollout.cos@1", ("val",), [(0.0, None, None), (None, 0.2, 0.1), (0.1, 0.1, None)]),
    ("bins_delta", "bins_delta.delta", (PAIR,), [(None, 0.05, None), (None, 0.02, None)]),
    ("backward_bias", "ablations.reverse", ("val",), [(None, 0.0, None)]),
    ("backward_bias", "offset_sweep.peak_offset", ("ood", "val"), [(0.0, 0.0, None)]),
    ("backward_bias", "offset_sweep.margin_prev", ("train", "val"), [(None, None, 0.0)]),
]
RULES = [
    ("rollout.avg_cos", ("val", "ood")),
    ("offset_sweep.margin", ("val",)),
    ("bins_delta.delta", (PAIR,)),
    ("ablations.reverse", ("ood",)),
    ("rollout.cos@1", ("train", "val")),
]
JUDGED = [(metric, split) for _, metric, splits, _ in CHECKS for split in splits if split != "train"]
PLACES = [*JUDGED, ("ablations.reverse", "ood")]
CONTEXT = [
    ("offset_sweep.cos", "val"),
    ("retrieval.article_unseen.r@5", "ood"),
    ("retrieval.article_unseen.chance@5", "val"),
    ("bins_delta.cos", "val"),
    ("bins_delta.cos", "ood"),
]
DAYS = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 30), date(2026, 1, 31), date(2026, 2, 1)]
TWO = st.sampled_from(["point", "bound"])

NUMBERS = [-0.3, -0.1, 0.0, 0.02, 0.1, 0.45, 0.5, 0.7, 0.97]
SOUND = st.builds(
    lambda middle, down, up: Metric(middle, middle - down, middle + up, 400, 20),
    st.sampled_from(NUMBERS),
    st.sampled_from([0.0, 0.01, 0.3]),
    st.sampled_from([0.0, 0.01, 0.3]),
)
ODD_NUMBERS = st.sampled_from([None, math.nan, math.inf, -math.inf, *NUMBERS])
ODD = st.builds(
    Metric,
    value=ODD_NUMBERS,
    low=ODD_NUMBERS,
    high=ODD_NUMBERS,
    n=st.sampled_from([0, 9, 10, 400]),
    articles=st.sampled_from([0, 1, 2, 20]),
    reason=st.just("because"),
)
BARE = st.sampled_from(NUMBERS).map(lambda value: Metric(value, None, None, 400, 20, "no interval"))
THIN = st.builds(
    lambda n, articles: Metric(0.5, 0.5, 0.5, n, articles),
    st.sampled_from([9, 10, 400]),
    st.sampled_from([1, 2, 20]),
)
FIGURES = st.one_of(SOUND, SOUND, SOUND, BARE, THIN, ODD, st.none())


def edits(who: list[str], places: list[tuple[str, str]], most: int) -> st.SearchStrategy[list[Edit]]:
    return st.lists(st.tuples(st.sampled_from(who), st.sampled_from(places), FIGURES), max_size=most)


NO_EDITS: st.SearchStrategy[list[Edit]] = st.just([])
CONTROL_EDITS = NO_EDITS | edits(SIX, [*PLACES, *CONTEXT], 2)
EDITS = st.builds(
    lambda *parts: [edit for part in parts for edit in part],
    edits(["model"], PLACES, 4),
    NO_EDITS | edits(["model"], CONTEXT, 2),
    CONTROL_EDITS,
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    checks = []
    for gate, metric, splits, usual in draw(st.lists(st.sampled_from(CHECKS), min_size=1, unique_by=id)):
        low, high, above = draw(st.sampled_from(usual))
        severity: Any = draw(st.sampled_from(["error", "error", "warn"]))
        required = severity == "error" and draw(st.booleans())
        by: Any = draw(st.none() | TWO)
        checks.append(PolicyCheck(gate, metric, splits, low, high, above, required, severity, by))
    rules = []
    for metric, splits in draw(st.lists(st.sampled_from(RULES), unique=True)):
        loss, least, most = draw(
            st.sampled_from(
                [
                    (0.05, None, None),
                    (0.0, None, 0.5),
                    (None, 0.02, None),
                    (None, 0.0, 0.1),
                    (None, None, 0.1),
                ]
            )
        )
        severity = draw(st.sampled_from(["error", "warn"]))
        by = draw(st.none() | TWO)
        rules.append(ChampionRule(metric, splits, loss, least, most, severity, by))
    decide: Any = draw(TWO)
    with_checks = [gate for gate in FIVE if any(line.gate == gate for line in checks)]
    required = st.just([]) | st.lists(st.sampled_from(with_checks or FIVE), max_size=2, unique=True)
    return Policy(
        schema_version="1.0",
        name="p",
        description="",
        decide=decide,
        min_gates_passed=draw(st.integers(0, 2)),
        min_samples=10,
        min_articles=2,
        checks=tuple(checks),
        confidence=draw(st.sampled_from([0.9, 0.95, 0.99])),
        required_gates=tuple(draw(required)),
        champion=tuple(rules),
        waivers=tuple(
            draw(
                waivers(
                    [
                        *((c.gate, c.metric, s) for c in checks for s in c.splits),
                        *(("champion", r.metric, s) for r in rules for s in r.splits),
                    ]
                )
            )
        ),
    )


@st.composite
def waivers(draw: st.DrawFn, keys: list[Key]) -> list[Waiver]:
    """Any of the keys, each waived once; those of a gate, metric and day share a waiver."""
    grouped: dict[tuple[str, str, date], list[str]] = {}
    for gate, metric, split in draw(st.lists(st.sampled_from(keys), unique=True)):
        grouped.setdefault((gate, metric, draw(st.sampled_from(DAYS))), []).append(split)
    return [
        Waiver(gate, metric, tuple(splits), "Ada", "a reason", day.isoformat())
        for (gate, metric, day), splits in grouped.items()
    ]


def edited(evidence: Evidence, changes: Iterable[Edit], gone: str | None = None) -> Evidence:
    people: dict[str, Table] = {
        who: {split: dict(rows) for split, rows in metrics.items()}
        for who, metrics in (("model", evidence.model), *evidence.controls.items())
    }
    for who, (metric, split), found in changes:
        if found is None:
            people[who][split].pop(metric, None)
        else:
            people[who][split][metric] = found
    model = people.pop("model")
    people.pop(gone or "", None)
    return Evidence(model, people)


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
    counts = [(found.n, found.articles)]
    if split == PAIR:
        for side in ("val", "ood"):
            mean = table.get(side, {}).get("bins_delta.cos")
            counts.append((mean.n, mean.articles) if mean else (0, 0))
    if any(n < policy.min_samples or articles < policy.min_articles for n, articles in counts):
        return "error"
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
            table.setdefault(split, {})[metric] = Metric(value, None, None, samples, articles, "x")
    return table


def number(table: Metrics, split: str, metric: str) -> float | None:
    found = table.get(split, {}).get(metric)
    return found.value if found and found.value is not None and math.isfinite(found.value) else None


def about_escape(evidence: Evidence) -> tuple[bool, bool]:
    """Whether the model escaped on a split, and whether that cannot be told on one."""
    escaped = unknown = False
    for split in ("val", "ood"):
        cosine = number(evidence.model, split, "offset_sweep.cos")
        constant = number(evidence.controls.get("constant", {}), split, "offset_sweep.cos")
        if cosine is None or constant is None:
            unknown = True
        else:
            escaped |= cosine < constant
        recall = number(evidence.model, split, "retrieval.article_unseen.r@5")
        chance = number(evidence.model, split, "retrieval.article_unseen.chance@5")
        best = number(evidence.controls.get("oracle", {}), split, "retrieval.article_unseen.r@5")
        if recall is None or chance is None:
            unknown = True
        elif recall <= chance:
            possible = best is None or best > chance
            escaped |= possible
            unknown |= not possible
    return escaped, unknown


def oracle_objects(evidence: Evidence, policy: Policy) -> bool:
    oracle = evidence.controls.get("oracle", {})
    for demand in sheet(policy, compared=False):
        gate, metric, split = demand.key
        if demand.only_tells or gate in ("ablations", "backward_bias") or not oracle:
            continue
        status = mark(demand, oracle, policy)
        anywhere = any(metric in table.get(split, {}) for table in (oracle, evidence.model))
        if status in ("error", "fail", "inconclusive") or (status == "skipped" and anywhere):
            return True
    return False


def compare(
    judgement: Judgement,
    evidence: Evidence,
    policy: Policy,
    confidence: float,
    on: date | None,
    gains: Metrics | None,
) -> None:
    verdict = judgement.verdict
    demands = sheet(policy, compared=gains is not None)
    untouched = {
        d.key: mark(d, gains or {} if d.key[0] == "champion" else evidence.model, policy) for d in demands
    }
    marks = dict(untouched)
    became = []
    for waiver in policy.waivers:
        for split in waiver.splits:
            key = (waiver.gate, waiver.metric, split)
            became.append(kind_of_waiver(untouched.get(key, "pass"), waiver.expires, on))
            if became[-1] == "applied":
                marks[key] = "waived"

    assert [((c.gate, c.metric, c.split), c.status) for c in judgement.checks] == list(marks.items())

    asked_of = {key[0] for key in marks}
    gates = {
        gate: of_gate(gate, marks, demands)
        for gate in [*FIVE, *(extra for extra in ("backward_bias", "champion") if extra in asked_of)]
    }
    assert {gate.name: gate.status for gate in judgement.gates} == gates
    own = sheet(policy, compared=False)
    for gate in judgement.gates:
        trivial = [
            name
            for name in ("copy_last", "constant", "random")
            if name in evidence.controls
            and of_gate(gate.name, {d.key: mark(d, evidence.controls[name], policy) for d in own}, own)
            == "pass"
        ]
        assert list(gate.vacuous_for) == trivial

    passed = sum(gates[gate] in LETS_THROUGH for gate in FIVE)
    escaped, unknown = about_escape(evidence)
    narrow = confidence < policy.confidence and any(d.needs_whole_interval for d in demands)
    error = unknown or narrow or set(SIX) - set(evidence.controls) or oracle_objects(evidence, policy)
    blocked = (
        escaped
        or passed < policy.min_gates_passed
        or any(gates[gate] not in LETS_THROUGH for gate in policy.required_gates)
        or any(d.blocks_alone and marks[d.key] not in LETS_THROUGH for d in demands)
    )
    assert (verdict.outcome, verdict.escaped, verdict.gates_passed) == (
        "error" if error else "blocked" if blocked else "deployable",
        escaped,
        passed,
    )
    assert bool(verdict.reasons) == (verdict.outcome != "deployable")

    telling = [d.only_tells and marks[d.key] not in LETS_THROUGH for d in demands]
    assert list(verdict.warnings) == [
        check.sentence for check, tells in zip(judgement.checks, telling, strict=True) if tells
    ]
    assert len(verdict.waivers) == len(became)
    if on is not None:
        assert Counter(map(kind_of_sentence, verdict.waivers)) == Counter(became)
    told = "the policy's champion rules were not applied: nothing was compared with a champion"
    assert (told in verdict.remarks) == (gains is None and bool(policy.champion))


def kind_of_sentence(sentence: str) -> str:
    phrases = {
        "waived until": "applied",
        " expired on ": "expired",
        " is not needed": "not needed",
        " does not cover ": "does not cover",
    }
    (kind,) = {kind for phrase, kind in phrases.items() if phrase in sentence}
    return kind


CONFIDENCES = st.sampled_from([0.9, 0.95, 0.99, 0.99])
DAY = st.sampled_from([None, *DAYS[:-1], *DAYS[:2]])
GONE = st.sampled_from([None] * 9 + ["oracle", "ridge", "constant"])
COMPARISONS = st.one_of(
    st.none(),
    st.just({}),
    edits(["model"], [*PLACES, *CONTEXT], 6),
    st.dictionaries(
        st.sampled_from([(metric, split) for metric, splits in RULES for split in splits]), FIGURES
    ),
)
Comparison = list[Edit] | dict[tuple[str, str], Metric | None] | None


@given(policies(), EDITS, GONE, CONFIDENCES, DAY, COMPARISONS)
@settings(max_examples=800, deadline=None)
def test_judge_agrees_with_a_naive_reading_of_the_whole_policy(
    good_evidence: EvidenceFactory,
    policy: Policy,
    changes: list[Edit],
    gone: str | None,
    confidence: float,
    on: date | None,
    comparison: Comparison,
) -> None:
    """``comparison`` is nothing, what sets the champion apart from a good model, or the gains themselves."""
    evidence = edited(good_evidence(), changes, gone)
    theirs: Metrics | None = None
    ours: Table | None = None
    if comparison == {}:
        theirs = ours = {}
    elif isinstance(comparison, dict):
        means = {split: {"bins_delta.cos": Metric(0.0, None, None, 400, 20)} for split in ("val", "ood")}
        drawn = edited(Evidence({"train": {}, PAIR: {}, **means}, {}), spread(comparison))
        theirs = ours = {split: dict(rows) for split, rows in drawn.model.items()}
    elif comparison is not None:
        champion = edited(good_evidence(), comparison)
        theirs, ours = gains_of(evidence, champion), champion_table(evidence.model, champion.model)
    judgement = judge(evidence, policy, confidence=confidence, on=on, gains=theirs)
    compare(judgement, evidence, policy, confidence, on, ours)


def spread(figures: dict[tuple[str, str], Metric | None]) -> list[Edit]:
    return [("model", place, found) for place, found in figures.items()]
