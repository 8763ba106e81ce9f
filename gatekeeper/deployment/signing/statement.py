"""What is signed: an in-toto Statement that binds a test result to a model and a report.

Sources: in-toto attestation framework, Statement v1, and the predicate type test-result v0.1. The
report's digest stands in a field of our own, named by a URI as the framework asks of extensions.
"""

import json
from dataclasses import dataclass

from gatekeeper import DISTRIBUTION
from schemas.errors import ReportError, SignatureError
from schemas.reading.strict_json import loads
from schemas.records.judgement import Check
from schemas.records.report import Report

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
REPORT_FIELD = "https://gatekeeper.dev/attestation/report"
FORMAT_FIELD = "https://gatekeeper.dev/attestation/format"
"""Which of the formats in :mod:`schemas.reading.model_format` the model was read as."""


@dataclass(frozen=True)
class SignedDigests:
    """What a statement binds together: the SHA-256 of a model and of its report, and the model's format.

    ``model_format`` is None in statements about reports of version 1.
    """

    model_sha256: str
    report_sha256: str
    model_format: str | None


def make_statement(report: Report, report_sha256: str) -> bytes:
    """The statement about ``report``, whose file has the given digest.

    Its result is that of the report's own policy: ``PASSED`` when deployable, ``WARNED`` when
    deployable with warnings or waivers, else ``FAILED``.

    Raises:
        SignatureError: the report is about a control or a factory, which no digest names.
    """
    model = report.inputs.model
    if model.sha256 is None:
        raise SignatureError(f"{model.spec} is no model file, so there is nothing a signature could bind")
    verdict, checks = report.judgement.verdict, report.judgement.checks
    warned = [check for check in checks if check.status == "waived" or _warning(check)]
    result = ("WARNED" if warned else "PASSED") if verdict.deployable else "FAILED"
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [
            {
                "name": model.spec,
                "digest": {"sha256": model.sha256},
                "annotations": {FORMAT_FIELD: model.format},
            }
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "result": result,
            "configuration": _configuration(report),
            "passedTests": [_name(check) for check in checks if check.status == "pass"],
            "warnedTests": [_name(check) for check in warned],
            "failedTests": [_name(c) for c in checks if c.status != "pass" and c not in warned],
            REPORT_FIELD: {"name": "report", "digest": {"sha256": report_sha256}},
        },
    }
    return json.dumps(statement, ensure_ascii=False, separators=(",", ":")).encode()


def read_statement(payload: bytes) -> SignedDigests:
    """What a verified payload binds. Other fields are ignored, as the framework asks.

    Raises:
        SignatureError: it is no such statement, or about more or less than one model.
    """
    try:
        statement = loads(payload)
    except ReportError as error:
        raise SignatureError(f"the signed payload is {error}") from None
    for key, wanted in (("_type", STATEMENT_TYPE), ("predicateType", PREDICATE_TYPE)):
        found = statement.get(key) if isinstance(statement, dict) else None
        if found != wanted:
            raise SignatureError(f"the signed statement has the {key} {found!r:.80}, expected {wanted!r}")
    subject, predicate = _get(statement, "subject"), _get(statement, "predicate")
    if not isinstance(subject, list) or len(subject) != 1:
        raise SignatureError("the signed statement must have exactly one subject, the model")
    form = _get(_get(subject[0], "annotations"), FORMAT_FIELD)
    return SignedDigests(
        _digest(subject[0], "the model"),
        _digest(_get(predicate, REPORT_FIELD), "the report"),
        form if isinstance(form, str) else None,
    )


def _configuration(report: Report) -> list[dict[str, object]]:
    """Resource descriptors of everything the result depends on besides the model."""
    inputs, tool = report.inputs, report.environment
    named = [(f"policy {report.policy.name}", inputs.policy_sha256), ("bank", inputs.bank.sha256)]
    named += [(f"sample of {name}", split.sample_sha256) for name, split in inputs.splits.items()]
    found: list[dict[str, object]] = [{"name": name, "digest": {"sha256": value}} for name, value in named]
    return [
        *found,
        {
            "name": "gatekeeper",
            "uri": f"pkg:pypi/{DISTRIBUTION}@{tool.tool_version}",
            "digest": {"sha256": tool.tool_sha256},
        },
    ]


def _name(check: Check) -> str:
    return f"{check.gate}/{check.metric}/{check.split}"


def _warning(check: Check) -> bool:
    return check.severity == "warn" and check.status != "pass"


def _get(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, dict) else None


def _digest(descriptor: object, what: str) -> str:
    found = _get(_get(descriptor, "digest"), "sha256")
    if not isinstance(found, str):
        raise SignatureError(f"the signed statement names no SHA-256 of {what}")
    return found
