"""Statements: what is signed names exactly one model and one report."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gatekeeper.deployment.signing.statement import SignedDigests, make_statement, read_statement
from schemas.errors import SignatureError
from schemas.records.policy import LoadedPolicy
from schemas.records.report import Report
from tests.gatekeeper.deployment.submissions import NO_LOSS, POLICY, make_policy, make_report, with_judgement

MODEL, REPORT = "a" * 64, "9" * 64
FIELD = "https://gatekeeper.dev/attestation/report"
FORMAT = "https://gatekeeper.dev/attestation/format"
TYPES = {
    "_type": "https://in-toto.io/Statement/v1",
    "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
}

WATCHED = """
[[check]]
gate = "offset_sweep"
metric = "offset_sweep.cos"
splits = ["val"]
min = 0.9
severity = "warn"
"""
WAIVED = """
[[waiver]]
gate = "rollout"
metric = "rollout.avg_cos"
splits = ["val"]
owner = "somebody"
reason = "for a while"
expires = "{}"
"""


def statement(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(make_statement(report, REPORT))
    return found


def judged(policy: LoadedPolicy, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """The predicate of a report under this policy."""
    found: dict[str, Any] = statement(make_report(MODEL, policy=policy, **more))["predicate"]
    return found


def test_a_statement_names_the_model_the_report_and_what_the_result_rests_on() -> None:
    assert statement(make_report(MODEL)) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {
                "name": "model.pt",
                "digest": {"sha256": MODEL},
                "annotations": {"https://gatekeeper.dev/attestation/format": "pt"},
            }
        ],
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "predicate": {
            "result": "PASSED",
            "configuration": [
                {"name": "policy small", "digest": {"sha256": POLICY.sha256}},
                {"name": "bank", "digest": {"sha256": "b" * 64}},
                {"name": "sample of val", "digest": {"sha256": "2" * 64}},
                {
                    "name": "gatekeeper",
                    "uri": "pkg:pypi/gatekeeper-5cat@0.1.0",
                    "digest": {"sha256": "e" * 64},
                },
            ],
            "passedTests": ["rollout/rollout.avg_cos/val"],
            "warnedTests": [],
            "failedTests": [],
            FIELD: {"name": "report", "digest": {"sha256": REPORT}},
        },
    }


def test_a_statement_reads_back() -> None:
    assert read_statement(make_statement(make_report(MODEL), REPORT)) == SignedDigests(MODEL, REPORT, "pt")


def test_a_statement_under_the_former_name_of_the_project_reads_back() -> None:
    payload = make_statement(make_report(MODEL), REPORT)
    former = payload.replace(b"pkg:pypi/gatekeeper-5cat@", b"pkg:pypi/gatekeeper@")
    assert former != payload
    assert read_statement(former) == read_statement(payload)


def test_a_statement_is_compact_json_in_utf_8() -> None:
    policy = make_policy(name="Pr\u00fcfung")
    written = make_statement(make_report(MODEL, policy=policy), REPORT)
    plain = json.loads(written)
    assert written == json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()
    assert "Pr\u00fcfung".encode() in written


def test_a_name_in_any_script_reads_back() -> None:
    report = make_report(MODEL)
    spec = replace(report.inputs.model, spec="модель 漢 “x”.pt")
    made = make_statement(replace(report, inputs=replace(report.inputs, model=spec)), REPORT)
    assert "модель 漢 “x”.pt".replace('"', '\\"').encode() in made
    assert read_statement(made) == SignedDigests(MODEL, REPORT, "pt")


@pytest.mark.parametrize(
    ("policy", "cosine", "result", "tests"),
    [
        (POLICY, 0.5, "PASSED", ["rollout", "", ""]),
        (POLICY, 0.4, "FAILED", ["", "", "rollout"]),
        (make_policy(WATCHED), 0.95, "PASSED", ["rollout offset_sweep", "", ""]),
        (make_policy(WATCHED), 0.5, "WARNED", ["rollout", "offset_sweep", ""]),
        (make_policy(WATCHED), 0.4, "FAILED", ["", "offset_sweep", "rollout"]),
        (make_policy(WAIVED.format("2026-12-31")), 0.5, "PASSED", ["rollout", "", ""]),
        (make_policy(WAIVED.format("2026-12-31")), 0.4, "WARNED", ["", "rollout", ""]),
        (make_policy(WAIVED.format("2026-01-31")), 0.4, "WARNED", ["", "rollout", ""]),
        (make_policy(WAIVED.format("2026-01-30")), 0.4, "FAILED", ["", "", "rollout"]),
        # Champion rules need a champion, of which a report knows nothing.
        (make_policy(NO_LOSS), 0.5, "PASSED", ["rollout", "", ""]),
        # Not even the oracle meets it: no verdict is no pass either.
        (make_policy(least=1.5), 0.5, "FAILED", ["", "", "rollout"]),
    ],
)
def test_the_result_is_that_of_the_reports_own_policy(
    policy: LoadedPolicy, cosine: float, result: str, tests: list[str]
) -> None:
    predicate = judged(policy, cosine=cosine)
    assert predicate["result"] == result
    names = [
        " ".join(name.partition("/")[0] for name in predicate[key])
        for key in ("passedTests", "warnedTests", "failedTests")
    ]
    assert names == tests


def test_every_check_is_in_exactly_one_list() -> None:
    for cosine in (0.3, 0.5, 0.95):
        report = make_report(MODEL, policy=make_policy(WATCHED), cosine=cosine)
        predicate = statement(report)["predicate"]
        names = [*predicate["passedTests"], *predicate["warnedTests"], *predicate["failedTests"]]
        checks = report.judgement.checks
        assert sorted(names) == sorted(f"{each.gate}/{each.metric}/{each.split}" for each in checks)


def test_a_failed_required_check_is_never_among_the_warned() -> None:
    report = with_judgement(make_report(MODEL, cosine=0.4))
    assert statement(report)["predicate"]["failedTests"] == ["rollout/rollout.avg_cos/val"]


def test_a_report_about_no_file_has_nothing_to_sign() -> None:
    with pytest.raises(SignatureError) as caught:
        make_statement(make_report(None), REPORT)
    expected = "control:ridge is no model file, so there is nothing a signature could bind"
    assert str(caught.value) == expected


Change = Callable[[Any], object]


def changed(change: Change) -> bytes:
    value = statement(make_report(MODEL))
    change(value)
    return json.dumps(value).encode()


def refusal(payload: bytes) -> str:
    with pytest.raises(SignatureError) as caught:
        read_statement(payload)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(extra=1),
        lambda value: value["predicate"].update(result="FAILED"),
        lambda value: value["predicate"].pop("result"),
        lambda value: value["predicate"].pop("configuration"),
        lambda value: value["predicate"].update(url="https://example.com"),
        lambda value: value["subject"][0].pop("name"),
        lambda value: value["subject"][0]["digest"].update(sha512="0" * 128),
    ],
)
def test_fields_that_bind_nothing_are_ignored(change: Change) -> None:
    assert read_statement(changed(change)) == SignedDigests(MODEL, REPORT, "pt")


@pytest.mark.parametrize("form", [None, 1, ["pt"], {}])
def test_a_format_that_is_no_text_is_none(form: object) -> None:
    other = changed(lambda value: value["subject"][0]["annotations"].update({FORMAT: form}))
    assert read_statement(other) == SignedDigests(MODEL, REPORT, None)


OTHER = {"name": "other.pt", "digest": {"sha256": "f" * 64}}


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value["subject"].append(OTHER),
        lambda value: value["subject"].insert(0, OTHER),
        lambda value: value["subject"].append(value["subject"][0]),
        lambda value: value["subject"].clear(),
        lambda value: value.pop("subject"),
        lambda value: value.update(subject=value["subject"][0]),
        lambda value: value.update(subject="a" * 64),
        lambda value: value.update(subject=None),
    ],
)
def test_a_statement_is_about_exactly_one_model(change: Change) -> None:
    assert refusal(changed(change)) == "the signed statement must have exactly one subject, the model"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("_type", "https://in-toto.io/Statement/v0.1"),
        ("_type", "https://in-toto.io/Statement/v2"),
        ("_type", "https://in-toto.io/Statement/v1 "),
        ("_type", None),
        ("_type", ["https://in-toto.io/Statement/v1"]),
        ("predicateType", "https://slsa.dev/provenance/v1"),
        ("predicateType", "https://in-toto.io/attestation/test-result/v0.2"),
        ("predicateType", ""),
        ("predicateType", 1),
    ],
)
def test_another_type_is_refused(key: str, value: object) -> None:
    message = refusal(changed(lambda each: each.update({key: value})))
    assert message == f"the signed statement has the {key} {value!r}, expected {TYPES[key]!r}"


@pytest.mark.parametrize("key", ["_type", "predicateType"])
def test_a_missing_type_is_refused(key: str) -> None:
    message = refusal(changed(lambda each: each.pop(key)))
    assert message == f"the signed statement has the {key} None, expected {TYPES[key]!r}"


@pytest.mark.parametrize("value", ["[]", "null", "1", '"text"', "true"])
def test_what_is_no_object_is_no_statement(value: str) -> None:
    assert refusal(value.encode()) == f"the signed statement has the _type None, expected {TYPES['_type']!r}"


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"\xff", b'{"a": NaN}', b'{"_type": "", "_type": ""}', b"[" * 99]
)
def test_what_is_no_strict_json_is_no_statement(payload: bytes) -> None:
    assert refusal(payload).startswith("the signed payload is ")


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value["subject"][0].pop("digest"),
        lambda value: value["subject"][0].update(digest={}),
        lambda value: value["subject"][0].update(digest={"sha1": "0" * 40}),
        lambda value: value["subject"][0].update(digest=MODEL),
        lambda value: value["subject"][0].update(digest={"sha256": [MODEL]}),
        lambda value: value["subject"][0].update(digest={"SHA256": MODEL}),
        lambda value: value.update(subject=["model.pt"]),
    ],
)
def test_a_model_without_a_digest_is_refused(change: Change) -> None:
    assert refusal(changed(change)) == "the signed statement names no SHA-256 of the model"


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.pop("predicate"),
        lambda value: value.update(predicate=[]),
        lambda value: value["predicate"].pop(FIELD),
        lambda value: value["predicate"].update({FIELD: REPORT}),
        lambda value: value["predicate"].update({FIELD: {"digest": {"sha256": None}}}),
        lambda value: value["predicate"].update({FIELD: [{"digest": {"sha256": REPORT}}]}),
    ],
)
def test_a_statement_that_names_no_report_is_refused(change: Change) -> None:
    assert refusal(changed(change)) == "the signed statement names no SHA-256 of the report"


def test_a_digest_is_what_the_statement_says_to_the_letter() -> None:
    upper = changed(lambda value: value["subject"][0].update(digest={"sha256": MODEL.upper()}))
    assert read_statement(upper).model_sha256 == MODEL.upper() != MODEL
