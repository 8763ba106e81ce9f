"""``judge`` against a naive reading of the whole policy: warnings, waivers, required gates, champion rules.

The policy is laid out as one flat sheet of single demands, each is marked on its own (``naive``),
and the sheet is counted here.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.records.evidence import Evidence, Metric, Metrics
from schemas.records.judgement import Judgement
from schemas.records.policy import Policy
from schemas.records.splits import PAIR
from schemas.verdict.gains import gains as gains_of
from schemas.verdict.judge import judge
from tests.schemas.even import even
from tests.schemas.verdict.drawn import (
    ALL,
    CONTEXT,
    DAYS,
    EDITS,
    FIGURES,
    FIVE,
    PLACES,
    RULES,
    Edit,
    edited,
    edits,
    policies,
)
from tests.schemas.verdict.naive import (
    LETS_THROUGH,
    Table,
    about_escape,
    champion_table,
    kind_of_waiver,
    mark,
    of_gate,
    oracle_objects,
    sheet,
)

EvidenceFactory = Callable[[], Evidence]


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
    escaped, unknown, unsure = about_escape(evidence)
    narrow = confidence < policy.confidence and any(d.needs_whole_interval for d in demands)
    error = unknown or narrow or set(ALL) - set(evidence.controls) or oracle_objects(evidence, policy)
    blocked = (
        escaped
        or unsure
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
        means = {split: {"bins_delta.cos": even(0.0, None, None, 400, 20)} for split in ("val", "ood")}
        drawn = edited(Evidence({"train": {}, PAIR: {}, **means}, {}), spread(comparison))
        theirs = ours = {split: dict(rows) for split, rows in drawn.model.items()}
    elif comparison is not None:
        champion = edited(good_evidence(), comparison)
        theirs, ours = gains_of(evidence, champion), champion_table(evidence.model, champion.model)
    judgement = judge(evidence, policy, confidence=confidence, on=on, gains=theirs)
    compare(judgement, evidence, policy, confidence, on, ours)


def spread(figures: dict[tuple[str, str], Metric | None]) -> list[Edit]:
    return [("model", place, found) for place, found in figures.items()]
