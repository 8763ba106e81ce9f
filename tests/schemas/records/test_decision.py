"""A decision holds the judgement of a report, and is held to the schema of reports for it."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from schemas.errors import ReportError
from schemas.reading.codec import decode, encode
from schemas.reading.document import check_document
from schemas.reading.schema import violation
from schemas.records.decision import DECISION_VERSION, ChampionUsed, Decision, PolicyUsed
from schemas.records.report import Report

ReportFactory = Callable[..., Report]
Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def decision(make_report: ReportFactory) -> Decision:
    report = make_report()
    return Decision(
        schema_version=DECISION_VERSION,
        decided="2026-02-01T08:00:00Z",
        report_sha256="1" * 64,
        report_created=report.created,
        model_sha256="a" * 64,
        signer=None,
        policy=PolicyUsed("seed-5cat", "c" * 64, "built-in"),
        champion=ChampionUsed("2" * 64, None),
        files_verified=True,
        notes=("the signature was not verified",),
        judgement=report.judgement,
    )


def plain(decision: Decision) -> dict[str, Any]:
    value = encode(decision, where="decision")
    assert isinstance(value, dict)
    return value


def test_a_decision_follows_its_schema_and_reads_back(decision: Decision) -> None:
    value = plain(decision)
    assert violation("decision", value) is None
    check_document("decision", DECISION_VERSION, value)
    assert decode(Decision, value, where="decision") == decision
    assert list(value) == [field.name for field in dataclasses.fields(Decision)]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda value: value.pop("judgement"), "$: 'judgement' is a required property"),
        (
            lambda value: value["judgement"]["verdict"].update(outcome="deploy"),
            '$.judgement.verdict.outcome: expected one of ["deployable", "blocked", "error"], '
            "found \"deploy\"; the nearest known one is 'deployable'",
        ),
        (
            lambda value: value["judgement"]["gates"][0].update(status="passed"),
            "$.judgement.gates[0].status: expected one of "
            '["pass", "waived", "fail", "inconclusive", "skipped", "error"], '
            "found \"passed\"; the nearest known one is 'pass'",
        ),
        (
            lambda value: value["judgement"].update(check=[]),
            "$.judgement: unknown key \"check\"; the nearest known one is 'checks'",
        ),
        (
            lambda value: value["policy"].update(sha="c" * 64),
            "$.policy: unknown key \"sha\"; the nearest known one is 'sha256'",
        ),
    ],
)
def test_what_breaks_the_schema_is_named_also_within_the_judgement(
    decision: Decision, edit: Edit, message: str
) -> None:
    value = plain(decision)
    edit(value)
    assert violation("decision", value) == message
    with pytest.raises(ReportError) as caught:
        check_document("decision", DECISION_VERSION, value)
    assert str(caught.value) == f"does not follow the schema: {message}"
