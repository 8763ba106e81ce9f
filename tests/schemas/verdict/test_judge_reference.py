"""``judge`` against a second, naive implementation written from the design, on random evidence."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.records.evidence import Evidence, Metric
from schemas.records.judgement import Judgement
from schemas.records.metrics import GATES, METRICS
from schemas.records.policy import Policy, PolicyCheck
from schemas.records.splits import PAIR
from schemas.verdict.judge import judge
from tests.schemas.even import even

EvidenceFactory = Callable[[], Evidence]
Rows = dict[str, dict[str, Metric]]

LINES = [
    ("offset_sweep", "offset_sweep.margin", ("val", "ood")),
    ("retrieval", "retrieval.article.r@5", ("ood",)),
    ("ablations", "ablations.reverse", ("val",)),
    ("rollout", "rollout.avg_cos", ("val", "ood", "train")),
    ("bins_delta", "bins_delta.delta", (PAIR,)),
    ("backward_bias", "ablations.reverse", ("val",)),
    ("backward_bias", "offset_sweep.peak_offset", ("ood",)),
]
TOUCHED = [
    *((metric, split) for _, metric, splits in LINES for split in splits if split != "train"),
    ("offset_sweep.lift", "val"),
    ("retrieval.article_unseen.r@5", "val"),
    ("retrieval.article_unseen.chance@5", "val"),
    ("bins_delta.cos", "ood"),
]
NUMBERS = st.sampled_from([-1.0, -0.1, 0.0, 0.05, 0.1, 0.4, 0.5, 0.7, 1.0, math.nan, math.inf])
BOUNDS = st.none() | st.sampled_from([-0.1, 0.0, 0.05, 0.1, 0.5, 0.7])
METRIC_VALUES = st.builds(
    Metric,
    value=NUMBERS | st.none(),
    low=NUMBERS | st.none(),
    high=NUMBERS | st.none(),
    n=st.sampled_from([0, 9, 10, 400]),
    articles=st.sampled_from([0, 1, 2, 11, 12, 20]),
    reason=st.just("because"),
    effective=st.sampled_from([None, 7.99, 8.0, 20.0]),
)
GOOD_ROWS = st.sampled_from([0.05, 0.1, 0.4, 0.5, 0.7]).map(lambda v: even(v, v, v, 400, 20))
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["model", "oracle", "constant", "copy_last", "random", "ridge"]),
        st.sampled_from(TOUCHED),
        METRIC_VALUES | GOOD_ROWS | st.none(),
    ),
    max_size=6,
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    lines = []
    for gate, metric, splits in draw(st.lists(st.sampled_from(LINES), unique=True, max_size=7)):
        bounds = draw(st.tuples(BOUNDS, BOUNDS, BOUNDS).filter(lambda b: any(x is not None for x in b)))
        lines.append(PolicyCheck(gate, metric, splits, *bounds, required=draw(st.booleans())))
    decide: Any = draw(st.sampled_from(["point", "bound"]))
    return Policy("1.0", "p", "", decide, draw(st.integers(0, 5)), 10, 2, tuple(lines))


def changed(
    evidence: Evidence, changes: list[tuple[str, tuple[str, str], Metric | None]], gone: str | None
) -> Evidence:
    model: Rows = {split: dict(rows) for split, rows in evidence.model.items()}
    controls: dict[str, Rows] = {
        name: {split: dict(rows) for split, rows in metrics.items()}
        for name, metrics in evidence.controls.items()
    }
    for who, (metric, split), value in changes:
        rows = (model if who == "model" else controls[who])[split]
        if value is None:
            rows.pop(metric, None)
        else:
            rows[metric] = value
    if gone is not None:
        del controls[gone]
    return Evidence(model, controls)


def number(rows: Rows, split: str, name: str) -> float:
    """The value, or NaN where there is none: NaN compares false with everything."""
    metric = rows.get(split, {}).get(name)
    if metric is None or metric.value is None or math.isinf(metric.value):
        return math.nan
    return metric.value


def naive_status(rows: Rows, line: PolicyCheck, split: str, policy: Policy) -> str:
    metric = rows.get(split, {}).get(line.metric)
    if metric is None or metric.value is None:
        return "skipped"
    if math.isnan(metric.value) or math.isinf(metric.value):
        return "error"
    needed = [metric]
    if METRICS[line.metric].pair:
        absent = even(None, None, None, 0, 0)
        needed += [rows[side].get("bins_delta.cos", absent) for side in ("val", "ood")]
    if min(m.n for m in needed) < policy.min_samples or min(m.articles for m in needed) < policy.min_articles:
        return "error"

    def satisfied(x: float) -> bool:
        lowest = -math.inf if line.minimum is None else line.minimum
        highest = math.inf if line.maximum is None else line.maximum
        return lowest <= x <= highest and (line.above is None or x > line.above)

    if policy.decide == "point":
        return "pass" if satisfied(metric.value) else "fail"
    if any(m.articles < 12 or not m.effective or m.effective < 8 for m in needed):
        return "inconclusive"
    if metric.low is None or metric.high is None:
        return "inconclusive"
    if not (metric.low <= metric.value and metric.value <= metric.high):
        return "error"
    # The acceptable set is an interval, so a span lies in it exactly when both of its ends do.
    if satisfied(metric.low) and satisfied(metric.high):
        return "pass"
    too_low = (line.minimum is not None and metric.high < line.minimum) or (
        line.above is not None and metric.high <= line.above
    )
    too_high = line.maximum is not None and metric.low > line.maximum
    return "fail" if too_low or too_high else "inconclusive"


def naive_gate(rows: Rows, gate: str, policy: Policy) -> str:
    found = [
        naive_status(rows, line, split, policy)
        for line in policy.checks
        if line.gate == gate
        for split in line.splits
    ]
    if not found:
        return "skipped"
    for worst in ("error", "fail", "inconclusive", "skipped"):
        if worst in found:
            return worst
    return "pass"


def naive_outcome(evidence: Evidence, policy: Policy) -> tuple[str, bool, int]:
    """Outcome, escaped and number of gates, from the words of the design."""
    model: Any = evidence.model
    controls: Any = evidence.controls
    error = any(
        name not in controls
        for name in (
            *("oracle", "copy_last", "mean_context", "constant", "random"),
            *("ridge", "ridge_centred", "copy_last_centred", "copy_mix", "logit"),
        )
    )
    oracle = controls.get("oracle", {})
    stopped = set()
    for line in policy.checks:
        if line.metric.startswith("ablations."):
            continue
        for split in line.splits:
            status = naive_status(oracle, line, split, policy) if oracle else "pass"
            measured = line.metric in oracle.get(split, {}) or line.metric in model.get(split, {})
            if status in ("fail", "inconclusive", "error") or (status == "skipped" and measured and oracle):
                stopped.add(line.gate)
                error = error or line.required
    possible = {line.gate for line in policy.checks} & set(GATES) - stopped
    error = error or (len(possible) < policy.min_gates_passed and bool(stopped & set(GATES)))
    escaped = unsure = False
    for split in ("val", "ood"):
        lift = number(model, split, "offset_sweep.lift")
        recall = number(model, split, "retrieval.article_unseen.r@5")
        chance = number(model, split, "retrieval.article_unseen.chance@5")
        if any(math.isnan(x) for x in (lift, recall, chance)):
            error = True
        elif recall > chance and lift > 1e-6:
            rows = model[split]
            lows = rows["offset_sweep.lift"].low, rows["retrieval.article_unseen.r@5"].low
            shown = [low is not None and low > at for low, at in zip(lows, (1e-6, chance), strict=True)]
            unsure = unsure or not any(shown)
        if lift <= 1e-6:
            escaped = True
        if recall <= chance:
            if number(oracle, split, "retrieval.article_unseen.r@5") <= chance:
                error = True
            else:
                escaped = True
    passed = sum(naive_gate(model, gate, policy) == "pass" for gate in GATES)
    unmet = any(
        naive_status(model, line, split, policy) != "pass"
        for line in policy.checks
        if line.required
        for split in line.splits
    )
    blocked = escaped or unsure or unmet or passed < policy.min_gates_passed
    return ("error" if error else "blocked" if blocked else "deployable"), escaped, passed


def agrees(judgement: Judgement, evidence: Evidence, policy: Policy) -> None:
    model: Any = evidence.model
    verdict = judgement.verdict
    assert (verdict.outcome, verdict.escaped, verdict.gates_passed) == naive_outcome(evidence, policy)
    assert [check.status for check in judgement.checks] == [
        naive_status(model, line, split, policy) for line in policy.checks for split in line.splits
    ]
    for gate in judgement.gates:
        assert gate.status == naive_gate(model, gate.name, policy)
        trivial: Any = {
            n: evidence.controls[n] for n in ("copy_last", "constant", "random") if n in evidence.controls
        }
        assert gate.vacuous_for == tuple(
            n for n in trivial if naive_gate(trivial[n], gate.name, policy) == "pass"
        )


@given(policies(), CHANGES, st.none() | st.sampled_from(["oracle", "constant", "ridge", "random"]))
@settings(max_examples=400, deadline=None)
def test_judge_agrees_with_the_naive_reading_of_the_design(
    good_evidence: EvidenceFactory,
    policy: Policy,
    changes: list[tuple[str, tuple[str, str], Metric | None]],
    gone: str | None,
) -> None:
    evidence = changed(good_evidence(), changes, gone)
    judgement = judge(evidence, policy, confidence=0.95)
    agrees(judgement, evidence, policy)
    verdict = judgement.verdict
    assert verdict.deployable == (not verdict.reasons)
    assert len(set(verdict.reasons)) == len(verdict.reasons)
    for text in (*verdict.reasons, *verdict.remarks, *(check.sentence for check in judgement.checks)):
        assert text
        assert "\n" not in text


@given(
    st.sampled_from(TOUCHED), st.sampled_from(["value", "low", "high"]), st.sampled_from(["point", "bound"])
)
@settings(deadline=None)
def test_a_nan_anywhere_never_helps(
    good_evidence: EvidenceFactory, seed_policy: Policy, spot: tuple[str, str], field: str, decide: str
) -> None:
    metric, split = spot
    kind: Any = decide
    policy = dataclasses.replace(seed_policy, decide=kind)
    good = good_evidence()
    nan: Any = {field: math.nan}
    broken = dataclasses.replace(good.model[split][metric], **nan)
    evidence = changed(good, [("model", spot, broken)], None)
    before, after = judge(good, policy, confidence=0.95), judge(evidence, policy, confidence=0.95)
    assert before.verdict.deployable
    assert after.verdict.gates_passed <= before.verdict.gates_passed
    used = any(line.metric == metric and split in line.splits and line.required for line in policy.checks)
    if used and (field == "value" or decide == "bound"):
        assert not after.verdict.deployable
        assert {c.status for c in after.checks if (c.metric, c.split) == (metric, split)} == {"error"}


@given(st.floats(0, 0.2), st.floats(0, 0.2))
@settings(deadline=None)
def test_a_better_margin_never_loses_a_gate(
    good_evidence: EvidenceFactory, seed_policy: Policy, first: float, second: float
) -> None:
    def gates(margin: float) -> int:
        metric = even(margin, margin, margin, 400, 20)
        changes: list[tuple[str, tuple[str, str], Metric | None]] = [
            ("model", ("offset_sweep.margin", "val"), metric)
        ]
        return judge(
            changed(good_evidence(), changes, None), seed_policy, confidence=0.95
        ).verdict.gates_passed

    assert gates(min(first, second)) <= gates(max(first, second))
