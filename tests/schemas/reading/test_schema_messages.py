"""The one line about what breaks a schema, word for word."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from schemas.reading.history import history_to_json
from schemas.reading.report import report_to_json
from schemas.reading.schema import violation
from schemas.records.report import Report
from tests.schemas.documents import document
from tests.schemas.histories import epoch, history, steps

ReportFactory = Callable[..., Report]
Edit = Callable[[dict[str, Any]], object]

LR = "$.epochs[0].lr: expected number, found "


def said(name: str, value: dict[str, Any], edit: Edit) -> str | None:
    changed = copy.deepcopy(value)
    edit(changed)
    return violation(name, changed)


def first(value: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = value["epochs"][0]
    return found


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda value: None, None),
        (
            lambda value: first(value)["mini"]["splits"]["val"].update(cos="x"),
            '$.epochs[0].mini.splits.val.cos: expected number or null, found "x"',
        ),
        (lambda value: first(value).update(lr=None), f"{LR}null"),
        (lambda value: first(value).update(lr="ü\n☹"), rf'{LR}"\u00fc\n\u2639"'),  # ASCII, in one line
        (lambda value: first(value).update(lr=["a  b"]), f'{LR}["a b"]'),
        (lambda value: first(value).update(lr="x" * 158), f'{LR}"{"x" * 158}"'),  # 160 with its quotes
        (lambda value: first(value).update(lr="x" * 159), f'{LR}"{"x" * 159}...'),
        (lambda value: first(value).update(lr="x" * 9999), f'{LR}"{"x" * 159}...'),
        (
            lambda value: first(value)["mini"].update(outcome="blockd"),
            '$.epochs[0].mini.outcome: expected one of ["deployable", "blocked", "error"], '
            "found \"blockd\"; the nearest known one is 'blocked'",
        ),
        (
            lambda value: first(value).update(mini=3),
            "$.epochs[0].mini: expected object or null, found 3",
        ),
        (
            lambda value: first(value).update(second=1),
            "$.epochs[0]: unknown key \"second\"; the nearest known one is 'seconds'",
        ),
        (lambda value: value.pop("rule"), "$: 'rule' is a required property"),
    ],
)
def test_a_history_that_breaks_its_schema(edit: Edit, message: str | None) -> None:
    run = history(epoch(1, steps(10), val={}))
    assert said("history", history_to_json(run), edit) == message


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda report: None, None),
        # There is nothing near to a name that only has to be well formed, or to a key of any name.
        (
            lambda report: report["environment"]["packages"].update({"a b": "1"}),
            '$.environment.packages: unknown key "a b"',
        ),
        (
            lambda report: report["environment"]["packages"].update({"a" * 101: "1"}),
            f'$.environment.packages: unknown key "{"a" * 101}"',
        ),
        (
            lambda report: report["evidence"]["model"].update({"a b": {}}),
            '$.evidence.model: unknown key "a b"',
        ),
        (
            lambda report: report["evidence"]["model"]["val"].update({"offset_sweep.cosine": None}),
            '$.evidence.model.val: unknown key "offset_sweep.cosine"; '
            "the nearest known one is 'offset_sweep.cos'",
        ),
        (
            lambda report: report["evidence"]["controls"].update(orcle={}),
            "$.evidence.controls: unknown key \"orcle\"; the nearest known one is 'oracle'",
        ),
        (lambda report: report.update(scores=4), "$.scores: expected object or null, found 4"),
    ],
)
def test_a_report_that_breaks_its_schema(make_report: ReportFactory, edit: Edit, message: str | None) -> None:
    assert said("report", report_to_json(make_report()), edit) == message


def test_objects_are_the_same_whatever_the_order_of_their_keys() -> None:
    pair = [{"a": 1, "b": 2}, {"b": 2, "a": 1}]
    assert violation("policy", {**document("policy"), "required_gates": pair}) == (
        '$.required_gates: [{"a": 1, "b": 2}, {"b": 2, "a": 1}] has non-unique elements'
    )
