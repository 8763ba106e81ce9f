"""All of a report, as a table for a terminal and as markdown."""

from dataclasses import replace

import pytest

from gatekeeper.render.table import (
    OUTCOMES,
    beside_reasons,
    decided_by,
    render_gates,
    render_markdown,
    render_results,
    render_table,
    render_verdict,
    render_verdict_lines,
    tally,
)
from schemas.records.report import Report
from tests.gatekeeper.render.page.pages import report_of
from tests.gatekeeper.render.rulings import CHECKS, HEAD, MARGIN, make_evidence


def blocked() -> Report:
    return report_of(make_evidence({(MARGIN, "val"): 0.03}))


def test_the_table_ends_with_the_verdict() -> None:
    report = blocked()
    text = render_table(report)
    assert text.startswith("best_model.pt (gru, 1,234 parameters; fingerprint ")
    assert text.endswith(render_verdict(report))
    assert render_results(report, "simple") in text


def test_markdown_begins_with_it() -> None:
    assert render_markdown(blocked()).startswith("## BLOCKED: best\\_model.pt\n\nBLOCKED: ")


def test_each_gate_has_a_line_and_a_gate_that_proves_nothing_says_so() -> None:
    lines = render_gates(blocked(), bullet="- ").split("\n")
    assert lines[:3] == ["Gates:", "- A offset_sweep: FAIL", "- B retrieval: PASS"]
    assert lines[5].startswith("- E bins_delta: PASS (vacuous here: passed by ")


def test_the_verdict_names_its_reasons_and_the_diagnosis() -> None:
    report = blocked()
    lines = render_verdict_lines(report, bullet="- ").split("\n")
    assert lines[0] == f"BLOCKED: {tally(report)}"
    assert lines[1] == f"- {MARGIN} on val is 0.030 [0.020, 0.040], below the required 0.050"
    assert lines[lines.index("Diagnosis:") + 1] == f"- {report.judgement.diagnosis.sentence}"


@pytest.mark.parametrize("escaped", [False, True])
def test_how_many_gates_passed_and_whether_the_model_has_escaped(escaped: bool) -> None:
    report = report_of()
    verdict = replace(report.judgement.verdict, escaped=escaped)
    report = replace(report, judgement=replace(report.judgement, verdict=verdict))
    assert tally(report) == "5 of 5 gates passed, 3 needed" + (", escaped" if escaped else "")


def test_a_section_that_holds_nothing_is_left_out() -> None:
    report = report_of(policy=HEAD + CHECKS)
    found = beside_reasons(report)
    assert all(found.values())
    assert set(found) <= {"Not required, but not passed either", "Warnings", "Waivers", "Remarks"}
    reasons = set(report.judgement.verdict.reasons)
    assert not reasons.intersection(found.get("Not required, but not passed either", ()))


@pytest.mark.parametrize(
    ("config", "told"),
    [(None, "no configuration file"), ("../gatekeeper.toml", "configuration ../gatekeeper.toml")],
)
def test_the_files_that_decided_are_named(config: str | None, told: str) -> None:
    report = report_of()
    report = replace(report, inputs=replace(report.inputs, config=config))
    assert decided_by(report) == f"policy seed-5cat ({report.inputs.policy_source}), {told}"


def test_a_text_of_others_is_no_line_of_its_own() -> None:
    report = report_of(spec="a\nDEPLOYABLE: all\x1b[31m")
    assert "\nDEPLOYABLE: all" not in render_table(report)
    assert "\x1b" not in render_table(report)


def test_every_outcome_has_a_word() -> None:
    assert list(OUTCOMES.values()) == ["DEPLOYABLE", "BLOCKED", "ERROR"]
