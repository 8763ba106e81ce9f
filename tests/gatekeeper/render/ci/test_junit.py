"""Decisions as JUnit XML: literally, and against the published schema."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from gatekeeper.render.ci.junit import render_junit_error
from schemas.reading.policy import parse_policy
from schemas.records.policy import CHAMPION
from schemas.verdict.judge import judge
from tests.gatekeeper.render.ci.junit_files import read, render, violations
from tests.gatekeeper.render.rulings import (
    CASES,
    CHECKS,
    FORMS,
    HEAD,
    MARGIN,
    RECALL,
    REVERSE,
    ROLLOUT,
    golden,
    judged,
    make_evidence,
    make_ruling,
)


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
