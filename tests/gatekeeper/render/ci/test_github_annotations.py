"""A decision as annotations on GitHub: the verdict first, an error what stops the model, texts escaped."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.render.ci.github import render_annotations, render_error_annotation
from tests.gatekeeper.render.ci.runner import Command, commands, decode
from tests.gatekeeper.render.rulings import (
    CASES,
    FORMS,
    MARGIN,
    POLICY,
    RECALL,
    REVERSE,
    ROLLOUT,
    golden,
    make_evidence,
    make_ruling,
)


@pytest.mark.parametrize("case", CASES)
def test_a_fixed_decision_is_written_literally(case: str) -> None:
    assert FORMS["github"](CASES[case]()) == golden(case, "github")


def test_the_verdict_comes_first_because_only_ten_of_a_kind_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY)
    for case, level, title in (
        ("deployable", "notice", "gatekeeper: DEPLOYABLE"),
        ("blocked", "error", "gatekeeper: BLOCKED"),
        ("unsound", "error", "gatekeeper: ERROR"),
    ):
        first = commands(render_annotations(CASES[case](), path))[0]
        assert (first.name, first.properties) == (level, {"title": title})


def test_a_check_that_stops_the_model_is_an_error_and_any_other_a_warning() -> None:
    found = {one.properties["title"]: one for one in commands(render_annotations(CASES["watched"](), None))}
    assert {one.name for one in found.values()} == {"notice", "warning"}
    assert found[f"{REVERSE} on val"].message.startswith("waived: ablations.reverse on val is -0.050")
    failed = commands(render_annotations(CASES["blocked"](), None))
    assert [one.name for one in failed] == ["error", "error", "error"]
    assert {one.name for one in commands(render_annotations(CASES["regressed"](), None))[:2]} == {"error"}


def test_a_gate_beyond_those_needed_is_a_warning_where_the_model_is_deployable() -> None:
    found = commands(render_annotations(make_ruling(make_evidence({(ROLLOUT, "val"): 0.4})), None))
    assert [(one.name, one.properties["title"]) for one in found] == [
        ("notice", "gatekeeper: DEPLOYABLE"),
        ("warning", f"{ROLLOUT} on val"),
    ]


def test_a_waiver_is_a_warning_with_owner_reason_and_date() -> None:
    told = [
        one.message
        for one in commands(render_annotations(CASES["watched"](), None))
        if one.properties["title"] == "waiver"
    ]
    assert len(told) == 2
    assert all(word in told[0] for word in ("Ana Example", "val holds dialogues", "2026-03-31"))
    assert all(
        word in told[1] for word in ("Ben Example", "ood was small last year", "2025-12-31", "expired")
    )


def test_a_check_that_passes_is_no_annotation() -> None:
    found = commands(render_annotations(CASES["blocked"](), None))
    assert [one.properties["title"] for one in found[1:]] == [f"{MARGIN} on val", f"{RECALL} on val"]


def test_a_built_in_policy_has_no_lines_to_point_at() -> None:
    for one in commands(render_annotations(CASES["blocked"](), None)):
        assert set(one.properties) == {"title"}


def test_a_message_and_a_title_come_back_as_they_were() -> None:
    reason = "100%0A of, it: lost :: and %25 so on, file=x"
    ruling = make_ruling(make_evidence(undefined={(MARGIN, "val"): reason}))
    found = commands(render_annotations(ruling, None))
    assert found[1].message == f"offset_sweep.margin on val is undefined: {reason}"
    assert found[0].message.startswith(f"{found[1].message}; The model does not pass ")
    assert found[1].properties == {"title": f"{MARGIN} on val"}


@given(st.text(st.sampled_from("%:,\r\n =0ADaC25é\u2028"), max_size=20))
def test_an_error_comes_back_as_it_was(message: str) -> None:
    line = render_error_annotation(message)
    assert "\n" not in line
    assert "\r" not in line
    assert decode(line) == Command("error", {"title": "gatekeeper: ERROR"}, message)
