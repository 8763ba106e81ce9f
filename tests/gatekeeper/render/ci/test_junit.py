"""Decisions as JUnit XML: literally, against the published schema, red exactly when a model is stopped."""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.deployment.verify import Ruling
from gatekeeper.render.ci.junit import render_junit, render_junit_error
from schemas.reading.policy import parse_policy
from schemas.records.judgement import Check, Diagnosis, GateResult, Judgement, Outcome, Verdict
from schemas.records.metrics import GATES
from schemas.records.policy import BACKWARD_BIAS, CHAMPION
from schemas.records.splits import SPLITS
from schemas.verdict.judge import judge
from tests.gatekeeper.render.rulings import (
    CASES,
    CHECKS,
    DELTA,
    FORMS,
    HEAD,
    MARGIN,
    RECALL,
    REVERSE,
    ROLLOUT,
    WAIVERS,
    golden,
    judged,
    make_evidence,
    make_ruling,
)


@dataclass(frozen=True)
class Shape:
    """What an element may hold."""

    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    children: frozenset[str] = frozenset()
    text: bool = False


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RESULT = Shape(optional=words("type message"), text=True)
_OUTPUT = Shape(text=True)

# junit-10.xsd of Jenkins' xunit plugin (jenkinsci/xunit-plugin, .../types/model/xsd/junit-10.xsd). Children
# come in any order and number; what reruns and flaky tests need is left out.
SCHEMA = {
    "testsuites": Shape(optional=words("name time tests failures errors"), children=words("testsuite")),
    "testsuite": Shape(
        required=words("name tests failures errors"),
        optional=words("group time skipped timestamp hostname id package file log url"),
        children=words("testsuite properties testcase system-out system-err"),
    ),
    "testcase": Shape(
        required=words("name"),
        optional=words("time classname group"),
        children=words("skipped error failure system-out system-err"),
    ),
    "properties": Shape(children=words("property")),
    "property": Shape(required=words("name value")),
    "skipped": _RESULT,
    "error": _RESULT,
    "failure": _RESULT,
    "system-out": _OUTPUT,
    "system-err": _OUTPUT,
}
SUREFIRE_TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")


def violations(element: ET.Element) -> list[str]:
    """Where an element breaks the schema."""
    shape = SCHEMA.get(element.tag)
    if shape is None:
        return [f"unknown element {element.tag}"]
    given_attributes = set(element.attrib)
    found = [f"{element.tag} lacks {name}" for name in sorted(shape.required - given_attributes)]
    found += [
        f"{element.tag} has {name}" for name in sorted(given_attributes - shape.required - shape.optional)
    ]
    if element.tag in ("testsuites", "testsuite") and not SUREFIRE_TIME.fullmatch(element.get("time", "0")):
        found.append(f"{element.tag} has the time {element.get('time')}")
    if not shape.text and (element.text or "").strip():
        found.append(f"{element.tag} has text")
    for child in element:
        if child.tag not in shape.children:
            found.append(f"{child.tag} in {element.tag}")
        if (child.tail or "").strip():
            found.append(f"text after {child.tag}")
        found += violations(child)
    return found


@dataclass
class Counted:
    """A parsed file, valid and with counts that add up."""

    root: ET.Element
    cases: list[ET.Element] = field(init=False)

    def __post_init__(self) -> None:
        assert self.root.tag == "testsuites"
        assert violations(self.root) == []
        self.cases = self.root.findall("testsuite/testcase")
        for suite in self.root:
            assert suite.get("tests") == str(len(suite.findall("testcase")))
            for total, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
                assert suite.get(total) == str(len(suite.findall(f"testcase/{tag}"))), suite.get("name")
            for case in suite.findall("testcase"):
                assert case.get("classname") == f"gatekeeper.{suite.get('name')}"
                assert len(case) <= 1
        for total in ("tests", "failures", "errors"):
            assert self.root.get(total) == str(sum(int(suite.get(total, "")) for suite in self.root))

    @property
    def failures(self) -> int:
        return int(self.root.get("failures", ""))

    @property
    def errors(self) -> int:
        return int(self.root.get("errors", ""))

    def case(self, gate: str, name: str) -> ET.Element:
        (found,) = (
            case
            for case in self.cases
            if (case.get("classname"), case.get("name")) == (f"gatekeeper.{gate}", name)
        )
        return found

    @property
    def verdict(self) -> ET.Element:
        return self.case("verdict", "deployable")

    def told(self) -> str:
        return self.root.findtext("testsuite[@name='verdict']/system-out") or ""


def read(text: str) -> Counted:
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>\n')
    assert text.endswith("</testsuites>\n")
    return Counted(ET.fromstring(text.encode()))


def render(ruling: Ruling) -> Counted:
    return read(render_junit(ruling))


@pytest.mark.parametrize("case", CASES)
def test_a_fixed_decision_is_written_literally(case: str) -> None:
    assert FORMS["xml"](CASES[case]()) == golden(case, "xml")


@pytest.mark.parametrize("case", CASES)
def test_every_check_is_a_case_of_its_gate_and_the_verdict_comes_last(case: str) -> None:
    ruling = CASES[case]()
    found = render(ruling)
    judgement = ruling.decision.judgement
    suites = [suite.get("name") for suite in found.root]
    assert suites == [*(gate.name for gate in judgement.gates), "verdict"]
    names = [(each.get("classname"), each.get("name")) for each in found.cases]
    assert len(set(names)) == len(names)
    for check in judgement.checks:
        assert found.case(check.gate, f"{check.metric} on {check.split}") is not None
    assert names[-1] == ("gatekeeper.verdict", "deployable")
    assert len(names) == len(judgement.checks) + 1
    assert {suite.get("timestamp") for suite in found.root} == {"2026-02-01T09:30:00"}


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ("<testsuites><suite/></testsuites>", "unknown element suite"),
        ("<testsuites><testcase name='x'/></testsuites>", "testcase in testsuites"),
        ("<testsuite name='x' tests='1' failures='0'/>", "testsuite lacks errors"),
        ("<testsuite name='x' tests='1' failures='0' errors='0' time='1e3'/>", "testsuite has the time 1e3"),
        ("<testcase classname='x'/>", "testcase lacks name"),
        ("<testcase name='x' status='run'/>", "testcase has status"),
        ("<testcase name='x'>words</testcase>", "testcase has text"),
        ("<testcase name='x'><skipped/>words</testcase>", "text after skipped"),
        ("<skipped reason='x'/>", "skipped has reason"),
    ],
)
def test_control_the_table_of_the_schema_refuses_what_the_schema_refuses(broken: str, named: str) -> None:
    assert named in violations(ET.fromstring(broken))


def test_a_deployable_model_has_a_green_report_although_checks_do_not_pass() -> None:
    found = render(CASES["watched"]())
    assert (found.failures, found.errors) == (0, 0)
    skipped = {case.get("name"): case[0].get("message", "") for case in found.cases if len(case)}
    assert set(skipped) == {f"{REVERSE} on val", f"{ROLLOUT} on ood", f"{RECALL} on ood"}
    assert skipped[f"{REVERSE} on val"].startswith("waived: ablations.reverse on val is -0.050")
    assert skipped[f"{ROLLOUT} on ood"].startswith("warning: rollout.avg_cos on ood is 0.400")
    assert skipped[f"{RECALL} on ood"].startswith("warning: the gain of retrieval.article.r@5 on ood")


def test_a_gate_beyond_those_needed_is_skipped_with_its_reason_where_the_model_is_deployable() -> None:
    found = render(make_ruling(make_evidence({(ROLLOUT, "val"): 0.4})))
    assert (found.failures, found.errors) == (0, 0)
    message = found.case("rollout", f"{ROLLOUT} on val")[0].get("message", "")
    assert message.startswith("not required: rollout.avg_cos on val is 0.400")


def test_a_blocked_model_is_red_with_reason_figures_and_threshold() -> None:
    found = render(CASES["blocked"]())
    assert (found.failures, found.errors) == (3, 0)
    failure = found.case("offset_sweep", f"{MARGIN} on val")[0]
    sentence = "offset_sweep.margin on val is 0.030 [0.020, 0.040], below the required 0.050"
    assert (failure.tag, failure.get("type"), failure.get("message")) == ("failure", "fail", sentence)
    assert failure.text == "value 0.030\ninterval [0.020, 0.040]\nthreshold >= 0.05\nstatus FAIL"
    assert found.verdict[0].get("type") == "blocked"
    assert (found.verdict[0].text or "").split("\n") == [
        sentence,
        "The model does not pass A (nearest to target); on val it knows 2.50 bits, the best control (logit) "
        "2.00.",
    ]


def test_a_model_that_is_blocked_by_the_champion_alone_is_red() -> None:
    found = render(CASES["regressed"]())
    assert (found.failures, found.errors) == (2, 0)
    assert found.case(CHAMPION, f"{MARGIN} on ood")[0].tag == "failure"


def test_no_verdict_is_an_error_and_no_failure_of_the_verdict() -> None:
    found = render(CASES["unsound"]())
    assert (found.verdict[0].tag, found.verdict[0].get("type")) == ("error", "error")
    assert found.errors == 1


def test_what_was_measured_on_too_few_samples_is_an_error_of_its_case() -> None:
    few = make_evidence()
    rows = few.model["val"]
    less = replace(few, model={**few.model, "val": {**rows, MARGIN: replace(rows[MARGIN], n=99)}})
    policy = parse_policy((HEAD + CHECKS).encode())
    found = render(judged(judge(less, policy, confidence=0.95)))
    error = found.case("offset_sweep", f"{MARGIN} on val")[0]
    assert (error.tag, error.get("type")) == ("error", "error")
    assert "rests on 99 samples" in error.get("message", "")


def test_a_decision_that_could_not_be_made_is_one_error() -> None:
    message = "cannot read report <gone> & \"lost\": 'no' such file\x1b[31m\x00"
    found = read(render_junit_error(message))
    assert (len(found.cases), found.failures, found.errors) == (1, 0, 1)
    error = found.verdict[0]
    shown = message.replace("\x1b", "\ufffd").replace("\x00", "\ufffd")
    assert (error.tag, error.get("type"), error.get("message"), error.text) == (
        "error",
        "error",
        shown,
        shown,
    )


def test_a_waiver_shows_owner_reason_and_date_also_when_it_no_longer_counts() -> None:
    told = render(CASES["watched"]()).told()
    for word in (
        "Ana Example",
        "val holds dialogues",
        "2026-03-31",
        "Ben Example",
        "2025-12-31",
        "no longer counts",
    ):
        assert word in told


_METRICS = {
    "offset_sweep": MARGIN,
    "retrieval": RECALL,
    "ablations": REVERSE,
    "rollout": ROLLOUT,
    "bins_delta": DELTA,
    BACKWARD_BIAS: "offset_sweep.margin_prev",
    CHAMPION: MARGIN,
}
# Also what XML cannot hold: control characters, lone surrogates, the two non-characters.
ANYTHING = st.text(
    st.one_of(
        st.characters(exclude_categories=()),
        st.sampled_from("<>&'\"]\t\n\r\x00\x08\x0b\x1b\x7f\x85\ud800\udfff\ufffe\uffff\u2028\U0001f600"),
    ),
    max_size=12,
)
_OUTCOMES: tuple[Outcome, ...] = ("deployable", "blocked", "error")
_NUMBERS = st.none() | st.floats(-2, 2)


@st.composite
def checks(draw: st.DrawFn) -> tuple[Check, ...]:
    places = draw(
        st.lists(
            st.tuples(st.sampled_from(sorted(_METRICS)), st.sampled_from(SPLITS)), unique=True, max_size=8
        )
    )
    return tuple(
        Check(
            gate=gate,
            metric=_METRICS[gate],
            split=split,
            value=draw(_NUMBERS),
            low=draw(_NUMBERS),
            high=draw(_NUMBERS),
            minimum=draw(_NUMBERS),
            maximum=draw(_NUMBERS),
            above=draw(_NUMBERS),
            required=draw(st.booleans()),
            severity=draw(st.sampled_from(("error", "warn"))),
            decide=draw(st.sampled_from(("point", "bound"))),
            status=draw(st.sampled_from(("pass", "waived", "fail", "inconclusive", "skipped", "error"))),
            sentence=draw(ANYTHING),
        )
        for gate, split in places
    )


@st.composite
def judgements(draw: st.DrawFn) -> Judgement:
    """Any judgement, also those that no evidence leads to."""
    found = draw(checks())
    outcome = draw(st.sampled_from(_OUTCOMES))
    texts = st.lists(ANYTHING, max_size=3).map(tuple)
    verdict = Verdict(
        outcome=outcome,
        gates_passed=draw(st.integers(0, 5)),
        escaped=draw(st.booleans()),
        reasons=()
        if outcome == "deployable"
        else draw(st.lists(ANYTHING, min_size=1, max_size=3).map(tuple)),
        warnings=draw(texts),
        waivers=draw(texts),
        remarks=draw(texts),
    )
    names = [*GATES, *(name for name in (BACKWARD_BIAS, CHAMPION) if any(one.gate == name for one in found))]
    diagnosis = Diagnosis("sound" if verdict.deployable else "falls_short", draw(ANYTHING))
    return Judgement(found, tuple(GateResult(name, "pass", ()) for name in names), verdict, diagnosis)


@settings(deadline=None)
@given(judgements())
def test_a_report_is_red_exactly_when_the_model_is_stopped(judgement: Judgement) -> None:
    found = render(judged(judgement))
    assert (found.failures + found.errors == 0) == judgement.verdict.deployable
    assert len(found.cases) == len(judgement.checks) + 1
    for check in judgement.checks:
        tags = {each.tag for each in found.case(check.gate, f"{check.metric} on {check.split}")}
        if check.status == "pass":
            assert tags == set()
        elif check.severity == "warn" or check.status == "waived" or judgement.verdict.deployable:
            assert tags == {"skipped"}
        else:
            assert tags == {"error" if check.status == "error" else "failure"}


@settings(deadline=None)
@given(judgements())
def test_every_sentence_survives_but_for_what_xml_cannot_hold(judgement: Judgement) -> None:
    found = render(judged(judgement))
    for check in judgement.checks:
        for child in found.case(check.gate, f"{check.metric} on {check.split}"):
            assert child.get("message", "").endswith(held(check.sentence))
    if not judgement.verdict.deployable:
        assert found.verdict[0].get("message") == held(judgement.verdict.reasons[0])
    told = found.told()
    for line in (*judgement.verdict.warnings, *judgement.verdict.waivers, *judgement.verdict.remarks):
        # In text, unlike in attributes, a parser turns line ends into \n.
        assert ends(held(line)).strip() in told


def held(text: str) -> str:
    """The text with the replacement character for what XML 1.0 does not allow (section 2.2, Char)."""
    return "".join(
        one
        if one in "\t\n\r"
        or 0x20 <= ord(one) <= 0xD7FF
        or 0xE000 <= ord(one) <= 0xFFFD
        or ord(one) >= 0x10000
        else "\ufffd"
        for one in text
    )


def ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


FIGURES = st.dictionaries(
    st.sampled_from(
        [
            (MARGIN, "val"),
            (MARGIN, "ood"),
            (REVERSE, "val"),
            (ROLLOUT, "ood"),
            (RECALL, "ood"),
            (DELTA, "val-ood"),
        ]
    ),
    st.floats(0.0, 0.9),
)


@settings(deadline=None, max_examples=60)
@given(FIGURES, st.integers(0, 4), st.sampled_from(("point", "bound")), st.booleans())
def test_a_real_judgement_is_red_exactly_when_it_stops_the_model(
    figures: dict[tuple[str, str], float], needed: int, decide: str, waived: bool
) -> None:
    text = HEAD.replace("min_gates_passed = 2", f"min_gates_passed = {min(needed, 3)}")
    text = text.replace('decide = "point"', f'decide = "{decide}"') + CHECKS + (WAIVERS if waived else "")
    judgement = judge(make_evidence(figures), parse_policy(text.encode()), confidence=0.95)
    found = render(judged(judgement))
    assert (found.failures + found.errors == 0) == judgement.verdict.deployable
    assert (found.verdict.find("failure") is not None) == (judgement.verdict.outcome == "blocked")
    assert (found.verdict.find("error") is not None) == (judgement.verdict.outcome == "error")
