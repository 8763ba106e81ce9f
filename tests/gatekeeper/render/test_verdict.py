"""The verdict as a person first sees it."""

from dataclasses import replace
from datetime import date
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.deployment.verify import Ruling
from gatekeeper.render.decision import render_brief_decision
from gatekeeper.render.fitting import WIDTH, columns
from gatekeeper.render.table import tally
from gatekeeper.render.verdict import MOST_LINES, MOST_TAIL, render_brief, whereabouts
from schemas.reading.policy import load_policy
from schemas.records.decision import ChampionUsed, PolicyUsed
from schemas.records.evidence import RIVALS, Evidence, Metric
from schemas.records.judgement import Diagnosis, DiagnosisName
from schemas.records.metrics import BITS_KNOWN, GATES, METRICS
from schemas.records.policy import ChampionRule, Policy, PolicyCheck, Severity, Waiver
from schemas.records.report import Report
from schemas.records.splits import EVALUATED, PAIR
from schemas.verdict.gains import gains
from schemas.verdict.judge import judge
from tests.gatekeeper.render.rulings import CASES, MARGIN, RECALL, make_evidence
from tests.schemas import conftest as fabricated

DAY = date(2026, 1, 31)


def report_of(evidence: Evidence, policy: Policy | None = None) -> Report:
    policy = policy or load_policy("seed-5cat").policy
    report = fabricated._make_report(evidence)
    judgement = judge(evidence, policy, confidence=0.95, on=DAY)
    return replace(report, policy=policy, judgement=judgement)


def test_a_blocked_model_is_told_to_the_letter() -> None:
    report = report_of(make_evidence({(MARGIN, "val"): 0.03, (RECALL, "ood"): 0.41}))
    assert render_brief(report, tail=whereabouts(report, "runs/a/best_model.report.json")).split("\n") == [
        "BLOCKED: 3 of 5 gates passed, 3 needed",
        "best_model.pt (gru, 1,234 parameters)",
        "speeches, 800 windows, 80 articles; policy seed-5cat",
        "",
        "       (± at 95%)                     val           ood needed   knows nothing",
        "FAIL   A nearest to target   0.030 ±0.010  0.150 ±0.010 >= 0.05  copy -0.100",
        "FAIL   B finds the target    0.970 ±0.010  0.410 ±0.010 >= 0.70  copy 0.200",
        "pass   C needs its context    5 of 5 hold   5 of 5 hold 5 of 5   copy 2 of 5",
        "pass   D survives itself     0.500 ±0.010  0.500 ±0.010 >= 0.45  copy 0.300",
        "pass*  E as good elsewhere         0.020 ±0.010         <= 0.05  constant 0.010",
        "pass     no backward bias     4 of 4 hold   4 of 4 hold 4 of 4   copy 1 of 4",
        "pass     unseen data         0.000 ±0.010  0.000 ±0.010 <= 0.05  copy 0.000",
        "* a control that knows nothing passes too, so this proves nothing here",
        "",
        "Knows   val 2.50 bits; best control logit 2.00; gain +0.50",
        "        ood 2.50 bits; best control logit 2.00; gain +0.50",
        "Why     The model does not pass A (nearest to target), B (finds the target); on",
        "        val it knows 2.50 bits, the best control (logit) 2.00.",
        "- offset_sweep.margin on val is 0.030 [0.020, 0.040], below the required 0.050",
        "",
        "Report  runs/a/best_model.report.json",
        "        all 59 rows: gatekeeper report FILE --full; page: --html FILE",
    ]


@pytest.mark.parametrize(
    ("case", "lines"),
    [
        ("deployable", ["DEPLOYABLE: 5 of 5 gates passed, 3 needed"]),
        (
            "watched",
            [
                "SKIP   B finds the target                   not checked",
                "waived C needs its context  -0.050 ±0.010             - <= -0.10 copy 0.000",
                "SKIP   D survives itself                     only warns",
                "pass     against champion               -         0.010 >= -0.01",
                "        and 2 more: --full shows all",
            ],
        ),
        ("regressed", ["FAIL     against champion               -        -0.150 >= -0.01"]),
        (
            "unsound",
            [
                "ERROR: 4 of 5 gates passed, 3 needed",
                "SKIP   A nearest to target      undefined  0.150 ±0.010 >= 0.05  copy -0.100",
                "Why     Nothing is decided: gate A (offset_sweep) tells nothing of knowledge on",
            ],
        ),
    ],
)
def test_every_kind_of_policy_has_its_rows(case: str, lines: list[str]) -> None:
    shown = render_brief_decision(CASES[case]()).split("\n")
    for line in lines:
        assert line in shown, "\n".join(shown)


def test_what_a_decision_rests_on_ends_it() -> None:
    assert render_brief_decision(CASES["deployable"]()).split("\n")[-4:] == [
        "Checked model aaaaaaaaaaaa, report 999999999999, policy seed-5cat (built-in)",
        "        555555555555, signed by dddddddddddd",
        "But     not verified: the files of gatekeeper, which runs from a checkout",
        "        all 59 rows: gatekeeper check --full",
    ]


def test_what_was_not_measured_is_a_dash_and_what_is_undefined_says_so() -> None:
    evidence = make_evidence(undefined={(MARGIN, "ood"): "no sample"})
    model = {"val": evidence.model["val"], "ood": dict(evidence.model["ood"]), PAIR: {}}
    lines = render_brief(report_of(replace(evidence, model=model))).split("\n")
    assert any(
        line.startswith("SKIP   A nearest to target   0.150 ±0.010     undefined >= 0.05") for line in lines
    )
    assert any(line.startswith("SKIP   E as good elsewhere ") for line in lines)


def test_reasons_that_no_row_tells_are_told_below() -> None:
    policy = replace(load_policy("seed-5cat").policy, required_gates=("rollout",))
    shown = render_brief(report_of(make_evidence({("rollout.avg_cos", "ood"): 0.2}), policy))
    assert "Also    the policy requires gate D (rollout), which did not pass (fail)" in shown.split("\n")


def with_gains(evidence: Evidence, gain: float = 0.5, half: float = 0.1) -> Evidence:
    """The same with gains in bits over every control, and of the oracle."""
    found, best = (
        {
            name: {
                split: {BITS_KNOWN: Metric(value, value - half, value + half, 400, 20, effective=20.0)}
                for split in EVALUATED
            }
            for name in RIVALS
        }
        for value in (gain, 4.0)
    )
    return replace(evidence, gains=found, oracle_gains=best)


def test_all_gains_over_controls_share_a_row_that_tells_the_worst() -> None:
    evidence = with_gains(make_evidence())
    rows = dict(evidence.gains["copy_mix"]) | {
        "ood": {BITS_KNOWN: Metric(0.01, 0.002, 0.018, 400, 20, effective=20.0)}
    }
    report = report_of(
        replace(evidence, gains={**evidence.gains, "copy_mix": rows}), load_policy("skill").policy
    )
    lines = render_brief(report, tail=whereabouts(report, "r.json")).split("\n")
    assert "FAIL     beats 8 controls    0.500 ±0.100  0.010 ±0.008 >= 0.02  over copy_mix" in lines
    assert "Knows   val 2.50 bits; best control logit 2.00; gain +0.50 [0.40, 0.60]" in lines
    assert lines[0] == "BLOCKED: 17 of 18 requirements met"
    assert not any("only warns" in line for line in lines)
    assert len(lines) <= MOST_LINES
    assert lines.index("not required:") < next(at for at, line in enumerate(lines) if "A nearest" in line)


def test_gates_that_decide_nothing_come_after_what_does() -> None:
    skill = load_policy("skill").policy
    evidence = with_gains(make_evidence({(MARGIN, "val"): 0.03}))

    def rows(policy: Policy) -> list[str]:
        lines = render_brief(report_of(evidence, policy)).split("\n")
        words = [line[:7].rstrip(" *") for line in lines[lines.index("") + 2 : lines.index("", 5)]]
        return [word for word in words if word and not word.startswith("* a")]

    assert rows(skill) == ["pass", "pass", "not req", "fail", "pass", "pass", "pass", "pass"]
    needed = replace(skill, required_gates=("offset_sweep",))
    assert rows(needed) == ["FAIL", "pass", "pass", "not req", "pass", "pass", "pass", "pass"]
    counted = replace(skill, min_gates_passed=1)
    assert rows(counted) == ["FAIL", "pass", "pass", "pass", "pass", "pass", "pass"]
    assert tally(report_of(evidence, skill)) == "18 of 18 requirements met"
    assert tally(report_of(evidence, needed)) == "18 of 19 requirements met"
    assert tally(report_of(evidence, counted)) == "4 of 5 gates passed, 1 needed"


def test_a_policy_with_rules_of_every_kind_fits_a_terminal() -> None:
    policy = load_policy("skill").policy
    more = (
        PolicyCheck("backward_bias", MARGIN, EVALUATED, None, None, 0.0),
        PolicyCheck("geometry", "geometry.spread_share", EVALUATED, 0.9, None, None, decide="point"),
    )
    report = report_of(with_gains(make_evidence(), -0.5), replace(policy, checks=(*policy.checks, *more)))
    bank = replace(report.inputs.bank, source="b" * 300)
    report = replace(report, inputs=replace(report.inputs, bank=bank))
    lines = render_brief(report, name="m" * 300, tail=["tail"] * 4).split("\n")
    assert len(lines) <= MOST_LINES
    assert max(map(columns, lines)) <= WIDTH
    assert any(line.startswith("Why ") for line in lines)
    assert lines[-4:] == ["tail"] * 4


def test_the_longest_names_leave_room_for_the_interval() -> None:
    evidence = fabricated._change(make_evidence(), BITS_KNOWN, "val", who="copy_last_centred", value=3.0)
    lines = render_brief(report_of(with_gains(evidence, -0.5))).split("\n")
    assert "Knows   val 2.50 bits; best copy_last_centred 3.00; gain -0.50 [-0.60, -0.40]" in lines


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=200
) | st.sampled_from(
    [
        "模型" * 60,
        "a" * 300,
        "::error::x ##[error]",
        "\u202eevil\x1b[2J",
        "runs/" * 40 + "best.pt",
        "e\u0301" * 90,
    ]
)


SEVERITIES: st.SearchStrategy[Severity] = st.sampled_from(["error", "error", "warn"])


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    policy = load_policy(draw(st.sampled_from(["seed-5cat", "skill", "strict-5cat"]))).policy
    checks = tuple(
        replace(
            check,
            splits=check.splits
            if PAIR in check.splits
            else draw(st.sampled_from([("val",), ("ood",), EVALUATED, ("train", "val", "ood")])),
            required=draw(st.booleans()),
            severity=draw(SEVERITIES),
        )
        for check in policy.checks
        if draw(st.integers(0, 4))
    )
    waivers = tuple(
        Waiver(check.gate, check.metric, check.splits, draw(NAMES), draw(NAMES), "2026-03-31")
        for check in checks[:3]
    )
    return replace(
        policy,
        name=draw(NAMES),
        checks=checks,
        waivers=waivers if draw(st.booleans()) else (),
        min_gates_passed=draw(st.integers(0, 5)),
        required_gates=tuple(draw(st.sets(st.sampled_from(GATES), max_size=2))),
        champion=draw(
            st.sampled_from([(), (ChampionRule(MARGIN, EVALUATED, 0.01, None, None, draw(SEVERITIES)),)])
        ),
        decide=draw(st.sampled_from(["point", "bound"])),
    )


FIELDS = st.one_of(
    st.builds(
        lambda value, half: {"value": value, "low": value - half, "high": value + half},
        st.floats(-1, 1) | st.sampled_from([0.0, 123456.789]),
        st.floats(0, 1),
    ),
    st.builds(lambda value: {"value": value, "low": None, "high": None}, st.floats(-1, 1)),
    st.builds(lambda why: {"value": None, "low": None, "high": None, "reason": why}, NAMES),
)
"""A metric with an interval, without one, and undefined."""


@st.composite
def reports(draw: st.DrawFn) -> Report:
    evidence = make_evidence()
    names = draw(st.lists(st.sampled_from(list(METRICS)), max_size=8, unique=True))
    for who in draw(st.sampled_from([("model",), ("model", "constant"), ("oracle", "copy_last", "ridge")])):
        for name in names:
            for split in (PAIR,) if METRICS[name].pair else EVALUATED:
                evidence = fabricated._change(evidence, name, split, who=who, **draw(FIELDS))
    if not draw(st.integers(0, 4)):
        model = {split: rows for split, rows in evidence.model.items() if split == "val"}
        evidence = replace(evidence, model=model)
    policy = draw(policies())
    rival = draw(st.none() | st.sampled_from([0.0, 0.5]))
    gain = None if rival is None else gains(evidence, make_evidence({(MARGIN, "ood"): rival}))
    judgement = judge(evidence, policy, confidence=0.95, on=DAY, gains=gain)
    named = draw(st.none() | st.builds(Diagnosis, st.sampled_from(get_args(DiagnosisName)), NAMES))
    judgement = replace(judgement, diagnosis=named or judgement.diagnosis)
    report = replace(report_of(evidence, policy), judgement=judgement)
    inputs = report.inputs
    info = replace(
        inputs.model,
        spec=draw(NAMES),
        architecture=draw(NAMES),
        parameters=draw(st.sampled_from([0, 7, 10**12])),
    )
    return replace(report, inputs=replace(inputs, model=info, bank=replace(inputs.bank, source=draw(NAMES))))


@st.composite
def rulings(draw: st.DrawFn) -> Ruling:
    report, plain = draw(reports()), CASES["deployable"]()
    decision = replace(
        plain.decision,
        policy=PolicyUsed(report.policy.name, "5" * 64, draw(NAMES)),
        champion=draw(st.sampled_from([None, ChampionUsed("7" * 64, "8" * 64)])),
        files_verified=draw(st.booleans()),
        notes=tuple(draw(st.lists(NAMES, max_size=3))),
        judgement=report.judgement,
    )
    return Ruling(decision, report)


def assert_fits(text: str) -> None:
    lines = text.split("\n")
    assert len(lines) <= MOST_LINES
    assert max(map(columns, lines)) <= WIDTH
    assert lines[0].startswith(("DEPLOYABLE: ", "BLOCKED: ", "ERROR: "))
    assert any(line.startswith("Why     ") for line in lines)


@settings(max_examples=60, deadline=None)
@given(reports(), NAMES | st.none(), NAMES | st.none(), st.lists(st.just("Trained"), max_size=MOST_TAIL - 2))
def test_it_fits_a_terminal_whatever_it_tells(
    report: Report, name: str | None, path: str | None, before: list[str]
) -> None:
    assert_fits(render_brief(report, name=name, tail=[*before, *whereabouts(report, path)]))


@settings(max_examples=60, deadline=None)
@given(rulings())
def test_a_decision_fits_a_terminal_whatever_was_taken_on_trust(ruling: Ruling) -> None:
    assert_fits(render_brief_decision(ruling))


def test_where_all_that_can_be_told_is_told_it_still_fits() -> None:
    """Seven gates, a footnote, a policy on a line of its own, five lines at the end: the fullest there is."""
    rule = ChampionRule(MARGIN, EVALUATED, 0.01, None, None)
    policy = replace(load_policy("seed-5cat").policy, name="a policy " * 12, champion=(rule,))
    evidence = make_evidence({(MARGIN, "val"): 0.03})
    gain = gains(evidence, make_evidence({(MARGIN, "ood"): 0.9}))
    judgement = judge(evidence, policy, confidence=0.95, on=DAY, gains=gain)
    sentence = Diagnosis("falls_short", "The model does not pass what it must. " * 8)
    report = replace(report_of(evidence, policy), judgement=replace(judgement, diagnosis=sentence))
    decision = replace(CASES["deployable"]().decision, notes=("nobody signed the report " * 9,))
    text = render_brief_decision(Ruling(decision, report))
    assert_fits(text)
    lines = text.split("\n")
    assert len(lines) == MOST_LINES
    assert lines[16].startswith("Why     The model does not pass what it must.")
    assert lines[18].startswith("- offset_sweep.margin on val is 0.030")
