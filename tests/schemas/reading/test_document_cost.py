"""What a report costs before it is refused grows with its length, whatever it holds."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from schemas.errors import ReportError
from schemas.reading.report import parse_report, report_to_json
from schemas.reading.schema import violation
from schemas.reading.strict_json import MAX_VALUES, loads
from schemas.records.report import Report

ReportFactory = Callable[..., Report]
Edit = Callable[[dict[str, Any]], object]

MIXED = [item for i in range(60_000) for item in (i, str(i))]


@pytest.fixture(scope="module")
def plain(make_report: ReportFactory) -> str:
    return json.dumps(report_to_json(make_report()))


def put(*path: str | int, value: object) -> Edit:
    def edit(document: dict[str, Any]) -> None:
        inner: Any = document
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value

    return edit


def many_splits(document: dict[str, Any]) -> None:
    evidence = document["evidence"]
    for metrics in (evidence["model"], *evidence["controls"].values()):
        metrics |= {f"s{i}": metrics["val"] for i in range(20)}


CASES: list[tuple[Edit, str]] = [
    (
        put("policy", "checks", 0, "splits", value=MIXED),
        "$.policy.checks[0].splits: expected at most 4 items, found 120000",
    ),
    (
        put("judgement", "gates", 0, "vacuous_for", value=MIXED),
        "$.judgement.gates[0].vacuous_for: expected at most 3 items, found 120000",
    ),
    (
        put("policy", "required_gates", value=[{"a": i} for i in range(60_000)]),
        "$.policy.required_gates: expected at most 5 items, found 60000",
    ),
    (
        put("judgement", "checks", value=[{}] * 200_000),
        "$.judgement.checks: expected at most 8000 items, found 200000",
    ),
    (put("judgement", "checks", value=[{}] * 7_000), "'gate' is a required property"),
    (
        put("environment", "packages", value={f"p{i}": "1" for i in range(100_000)}),
        "$.environment.packages: expected at most 100 keys, found 100000",
    ),
    (
        put("evidence", "model", "val", value={f"k{i}": {} for i in range(100_000)}),
        "$.evidence.model.val: unknown ",
    ),
    (put("evidence", "model", value={"k" * 3_000_000: {}}), "$.evidence.model: unknown key "),
    (put("created", value="x" * 3_000_000), "$.created: 'xxx"),
    (many_splits, "is not among the inputs"),
]


@pytest.mark.parametrize(("edit", "message"), CASES, ids=range(len(CASES)))
def test_a_crafted_report_is_refused_at_once_and_in_one_short_line(
    plain: str, edit: Edit, message: str
) -> None:
    document = json.loads(plain)
    edit(document)
    data = json.dumps(document).encode()
    before = time.process_time()
    with pytest.raises(ReportError) as caught:
        parse_report(data)
    assert time.process_time() - before < 10
    assert message in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{" + ",".join(f'"{i:x}":0' for i in range(200_000)) + ',"z":0,"z":1}', "key 'z' appears twice"),
        ("{" + '"a":0,' * 300_000 + '"z":0}', "key 'a' appears twice"),
        (f'{{"{"k" * 10**6}":0,"{"k" * 10**6}":1}}', f"key '{'k' * 80}' appears twice in one object"),
        ("[" + "{}," * MAX_VALUES + "{}]", f"expected at most {MAX_VALUES} values"),
        ("[" + "[1,1]," * (MAX_VALUES // 2) + "1,1]", f"expected at most {MAX_VALUES} values"),
        ("[" * 10**6, "nested more than 32 deep"),
    ],
    ids=range(6),
)
def test_costly_json_is_refused_before_anything_else_looks_at_it(text: str, message: str) -> None:
    before = time.process_time()
    with pytest.raises(ReportError) as caught:
        loads(text)
    assert time.process_time() - before < 10
    assert str(caught.value).startswith(message) or message in str(caught.value)
    assert len(str(caught.value)) < 200


def test_as_many_values_as_allowed_are_read() -> None:
    assert loads("[" + "1," * (MAX_VALUES - 1) + "1]") == [1] * MAX_VALUES


@pytest.mark.parametrize("splits", [["val", "val"], ["ood", "val", "ood"]])
def test_what_appears_twice_is_still_refused(plain: str, splits: list[str]) -> None:
    document = json.loads(plain)
    document["policy"]["checks"][0]["splits"] = splits
    found = violation("report", document)
    assert found is not None
    assert found.startswith("$.policy.checks[0].splits: ")
    assert found.endswith("has non-unique elements")
