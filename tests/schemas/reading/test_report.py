import dataclasses
import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import OutputError, ReportError
from schemas.reading.policy import load_policy
from schemas.reading.report import content_sha256, parse_report, read_report, report_to_json, write_report
from schemas.reading.strict_json import dumps
from schemas.records.evidence import CONTROLS, Evidence
from schemas.records.report import Report
from schemas.records.splits import PAIR
from tests.schemas.verdict.champions import DELTA, policy, rule

ReportFactory = Callable[..., Report]
EvidenceFactory = Callable[[], Evidence]
Change = Callable[..., Evidence]

MARGIN = "offset_sweep.margin"


@pytest.fixture(scope="module")
def plain(make_report: ReportFactory) -> dict[str, Any]:
    """A valid report as JSON values; tests change copies of it."""
    value: dict[str, Any] = report_to_json(make_report())
    return value


def test_a_report_reads_back_as_it_was_written(make_report: ReportFactory, tmp_path: Path) -> None:
    report = make_report()
    path = tmp_path / "a name without suffix"
    write_report(report, path)
    assert read_report(path) == report
    assert read_report(str(path)) == report
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_writing_is_deterministic_and_reading_back_changes_nothing(
    make_report: ReportFactory, tmp_path: Path
) -> None:
    write_report(make_report(), tmp_path / "one")
    write_report(read_report(tmp_path / "one"), tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_number_that_is_none_has_no_digest(make_report: ReportFactory) -> None:
    report = make_report()
    broken = dataclasses.replace(report, settings=dataclasses.replace(report.settings, confidence=math.nan))
    with pytest.raises(ReportError, match=r"^has no content_sha256: Out of range float values"):
        content_sha256(broken)


def test_key_order_means_nothing(plain: dict[str, Any]) -> None:
    assert parse_report(json.dumps(plain, sort_keys=True)) == parse_report(json.dumps(plain))


@pytest.mark.parametrize("name", ["seed-5cat", "strict-5cat"])
@pytest.mark.parametrize("who", CONTROLS)
def test_reports_of_blocked_models_round_trip(
    make_report: ReportFactory, good_evidence: EvidenceFactory, tmp_path: Path, name: str, who: str
) -> None:
    evidence = good_evidence()
    loaded = load_policy(name)
    report = make_report(
        dataclasses.replace(evidence, model=evidence.controls[who]), loaded.policy, loaded.sha256
    )
    write_report(report, tmp_path / "report.json")
    assert read_report(tmp_path / "report.json") == report


def test_an_undefined_metric_is_null_with_a_reason(
    make_report: ReportFactory, good_evidence: EvidenceFactory, change: Change, tmp_path: Path
) -> None:
    evidence = good_evidence()
    for who in ("model", *CONTROLS):
        evidence = change(
            evidence,
            MARGIN,
            "ood",
            who=who,
            value=None,
            low=None,
            high=None,
            n=0,
            articles=0,
            reason="no window",
            effective=None,
        )
    report = make_report(evidence)
    assert report.judgement.verdict.outcome == "error"
    write_report(report, tmp_path / "report.json")
    text = (tmp_path / "report.json").read_text()
    assert '"value": null' in text
    assert read_report(tmp_path / "report.json") == report


def test_a_report_may_hold_other_splits(make_report: ReportFactory, good_evidence: EvidenceFactory) -> None:
    evidence = good_evidence()
    extra = Evidence(
        {**evidence.model, "train": evidence.model["val"]},
        {name: {**metrics, "train": metrics["val"]} for name, metrics in evidence.controls.items()},
        {**evidence.answers, "train": evidence.answers["val"]},
    )
    report = make_report(extra)
    splits = {**report.inputs.splits, "train": report.inputs.splits["val"]}
    report = dataclasses.replace(report, inputs=dataclasses.replace(report.inputs, splits=splits))
    assert parse_report(json.dumps(report_to_json(report))) == report


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            None,
            "expected schema_version 2.x, found 'None'; read it with the version of gatekeeper that wrote it",
        ),
        ("1.0", "expected schema_version 2.x, found '1.0'; older versions measured less; evaluate it again"),
        ("0.9", "expected schema_version 2.x, found '0.9'; older versions measured less; evaluate it again"),
        (
            "3.0",
            "expected schema_version 2.x, found '3.0'; read it with the version of gatekeeper that wrote it",
        ),
        (
            "10.0",
            "expected schema_version 2.x, found '10.0'; read it with the version of gatekeeper that wrote it",
        ),
        ("2", "expected schema_version 2.x, found '2'; read it with the version of gatekeeper that wrote it"),
        (
            "2.0\n",
            "expected schema_version 2.x, found '2.0\\n'; read it with the version of gatekeeper that wrote "
            "it",
        ),
        (
            2.0,
            "expected schema_version 2.x, found '2.0'; read it with the version of gatekeeper that wrote it",
        ),
        (
            "x" * 1000,
            "expected schema_version 2.x, found 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'; read it with "
            "the version of gatekeeper that wrote it",
        ),
    ],
)
def test_another_version_is_refused_before_anything_else(value: object, message: str) -> None:
    with pytest.raises(ReportError) as caught:
        parse_report(json.dumps({"schema_version": value, "nothing": "else"}))
    assert str(caught.value) == message
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("text", ["[]", "null", "{}", '"report"', '{"version": "1.0"}'])
def test_what_has_no_version_is_no_report(text: str) -> None:
    with pytest.raises(ReportError, match=r"expected an object with schema_version 2\.x, found none"):
        parse_report(text)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (b'{"schema_version": "1.0", "schema_version": "1.0"}', "key 'schema_version' appears twice"),
        (b'{"schema_version": NaN}', "NaN is not JSON"),
        (b"\xff", "expected UTF-8"),
        (b"[" * 1000, "nested"),
    ],
)
def test_a_file_that_is_no_strict_json_is_refused_with_its_path(
    tmp_path: Path, data: bytes, message: str
) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(data)
    with pytest.raises(ReportError) as caught:
        read_report(path)
    assert str(caught.value).startswith(f"report {path}: ")
    assert message in str(caught.value)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("name", "why"), [("missing", "No such file"), (".", "no regular file"), ("nul\0", "null byte")]
)
def test_what_cannot_be_read_is_refused_with_its_path(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(ReportError, match=f"cannot read report .*{why}"):
        read_report(tmp_path / name)


def test_a_truncated_report_is_refused(make_report: ReportFactory, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_report(make_report(), path)
    whole = path.read_bytes()
    for length in (1, 100, len(whole) // 2, len(whole) - 2):
        path.write_bytes(whole[:length])
        with pytest.raises(ReportError, match="not JSON"):
            read_report(path)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"created": "today"}, r"does not follow the schema: \$\.created"),
        ({"schema_version": "1.0"}, "expected schema_version 2.x"),
        ({"created": "2026-02-30T12:00:00Z"}, "is no date"),
    ],
)
def test_what_could_not_be_read_is_not_written(
    make_report: ReportFactory, tmp_path: Path, fields: dict[str, str], message: str
) -> None:
    report = make_report()
    bad: dict[str, Any] = dict(fields)
    with pytest.raises(ReportError, match=message):
        write_report(dataclasses.replace(report, **bad), tmp_path / "report.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_undefined_number_is_not_written(
    make_report: ReportFactory, good_evidence: EvidenceFactory, change: Change, tmp_path: Path, value: float
) -> None:
    report = make_report(change(good_evidence(), MARGIN, "val", value=value))
    with pytest.raises(ReportError, match="expected a finite number"):
        write_report(report, tmp_path / "report.json")
    assert list(tmp_path.iterdir()) == []


def test_a_judgement_that_does_not_follow_is_not_written(
    make_report: ReportFactory, good_evidence: EvidenceFactory, change: Change, tmp_path: Path
) -> None:
    claimed = make_report().judgement
    report = make_report(change(good_evidence(), MARGIN, "val", value=0.0))
    with pytest.raises(ReportError, match="the claimed judgement does not follow"):
        write_report(dataclasses.replace(report, judgement=claimed), tmp_path / "report.json")


def test_a_missing_folder_is_an_output_error(make_report: ReportFactory, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        write_report(make_report(), tmp_path / "nowhere" / "report.json")


def test_the_digest_of_the_content_is_that_of_canonical_json(make_report: ReportFactory) -> None:
    plain = report_to_json(make_report())
    assert list(plain)[-1] == "content_sha256"
    claimed = plain.pop("content_sha256")
    del plain["judgement"]
    canonical = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert hashlib.sha256(canonical).hexdigest() == claimed
    named = dataclasses.replace(make_report(), schema_version="1.\u00e9")
    rest = {key: value for key, value in report_to_json(named).items() if key != "judgement"}
    claimed = rest.pop("content_sha256")
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert hashlib.sha256(canonical).hexdigest() == claimed


def test_a_lone_surrogate_is_refused_in_words(make_report: ReportFactory, tmp_path: Path) -> None:
    # The digest of the content is made before the text is looked at, and must not trip over it.
    report = make_report()
    model = dataclasses.replace(report.inputs.model, spec="best\udc80.pt")
    named = dataclasses.replace(report, inputs=dataclasses.replace(report.inputs, model=model))
    with pytest.raises(ReportError, match="U\\+DC80"):
        write_report(named, tmp_path / "report.json")
    assert list(tmp_path.iterdir()) == []


def test_a_report_holds_the_rules_but_no_comparison(make_report: ReportFactory) -> None:
    report = make_report(
        policy=policy(rule(loss=0.02, most=0.5, decide="bound"), rule(DELTA, PAIR, least=0.1))
    )
    read = parse_report(dumps(report_to_json(report)))
    assert read == report
    assert read.policy.champion == report.policy.champion
    assert {check.gate for check in read.judgement.checks} == {"rollout"}


@pytest.mark.parametrize("own", [{}, {"own": 0}, {"own": 1}])
def test_a_link_is_followed_where_the_user_named_it(
    make_report: ReportFactory, tmp_path: Path, own: dict[str, int]
) -> None:
    (tmp_path / "report.json").symlink_to("target.json")
    if own == {"own": 1}:
        with pytest.raises(OutputError, match="it is a symbolic link, and under a name that gatekeeper"):
            write_report(make_report(), tmp_path / "report.json", **own)
        assert not (tmp_path / "target.json").exists()
        return
    write_report(make_report(), tmp_path / "report.json", **own)
    assert (tmp_path / "report.json").is_symlink()
    assert read_report(tmp_path / "target.json") == make_report()
