"""What is submitted with a model: the files of its report, read once, and what they say once verified."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gatekeeper.deployment.model_file import refuse_other_kinds
from gatekeeper.evaluation.companions import envelope_path
from schemas.disk.opening import beside
from schemas.errors import ReportError, SignatureError
from schemas.reading.document import read_bounded
from schemas.reading.report import parse_report
from schemas.records.report import Report

if TYPE_CHECKING:  # only whoever demands a signature pays for loading the cryptography
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


@dataclass(frozen=True)
class Submission:
    """A report's files as bytes, read once, so that what is verified is what is used.

    Attributes:
        path: of the report; its scores lie beside it.
        report: the bytes of the report.
        envelope: the bytes of its signature; None where there is none.
    """

    path: Path
    report: bytes
    envelope: bytes | None

    @property
    def sha256(self) -> str:
        """Digest of the report file."""
        return hashlib.sha256(self.report).hexdigest()


@dataclass(frozen=True)
class Authentic:
    """A submission after it was read and verified: whatever that costs is paid.

    Attributes:
        submission: the files.
        report: what they say.
        signer: id of the trusted key that signed it; None where no key was asked for.
    """

    submission: Submission
    report: Report
    signer: str | None


def read_submission(path: Path, envelope: Path | None = None) -> Submission:
    """Read a report and, where it exists, the signature beside it (``REPORT.dsse.json``).

    Args:
        path: the report.
        envelope: the signature, if it lies elsewhere; then it must exist.

    Raises:
        ReportError: a file cannot be read or is far too large.
    """
    if not path.name:
        raise ReportError(f"cannot read the report {path}: it is a folder")
    signature = envelope or beside(path, envelope_path(path).name)
    if envelope is None and not os.path.exists(signature):
        return Submission(path, read_bounded(path, "report"), None)
    return Submission(path, read_bounded(path, "report"), read_bounded(signature, "signature"))


def authenticate(submission: Submission, trusted: tuple["Ed25519PublicKey", ...]) -> Authentic:
    """Read a report, and verify its signature where one is demanded.

    Args:
        submission: the files.
        trusted: keys, one of which must have signed; empty asks for no signature.

    Raises:
        SignatureError: it is missing, broken, of another key, report or model.
        ReportError: the report is malformed, or contradicts itself.
    """
    where = submission.path
    if not trusted:
        return Authentic(submission, parse(submission), None)
    if submission.envelope is None:
        raise SignatureError(
            f"{where} is not signed: expected {envelope_path(where).name} beside it; "
            "sign it with `gatekeeper sign`"
        )
    from gatekeeper.deployment.signing.envelope import unseal
    from gatekeeper.deployment.signing.statement import read_statement

    try:
        opened = unseal(submission.envelope, trusted)
        signed = read_statement(opened.payload)
    except SignatureError as error:
        raise SignatureError(f"signature of {where}: {error}") from None
    if signed.report_sha256 != submission.sha256:
        raise SignatureError(
            f"signature of {where}: another report was signed (SHA-256 {signed.report_sha256[:12]}, "
            f"this one has {submission.sha256[:12]})"
        )
    report = parse(submission)
    if signed.model_sha256 != report.inputs.model.sha256:
        raise SignatureError(f"signature of {where}: it is about another model than the report")
    if signed.model_format != report.inputs.model.format:
        raise SignatureError(
            f"signature of {where}: it is about a model read as {signed.model_format}, the report about one "
            f"read as {report.inputs.model.format}; sign the report again"
        )
    return Authentic(submission, report, opened.signer)


def authenticate_served(submission: Submission, trusted: tuple["Ed25519PublicKey", ...]) -> Authentic:
    """:func:`authenticate` for the report that the model in production was let through with.

    Raises:
        SignatureError, ReportError: as there; the message says what leads on.
    """
    try:
        return authenticate(submission, trusted)
    except ReportError as error:
        raise type(error)(
            f"the champion's report: {error}; evaluate the model in production and name its new report with "
            "--champion"
        ) from None


def parse(submission: Submission) -> Report:
    """What the report of a submission says.

    Raises:
        ReportError: it is malformed, or contradicts itself.
    """
    try:
        return parse_report(submission.report)
    except ReportError as error:
        raise ReportError(f"report {submission.path}: {error}") from None


def check_model(authentic: Authentic, model_sha256: str | None, model: Path | None = None) -> None:
    """Refuse a report about another model; None asks for no certain one.

    Raises:
        ModelError: it is about another than the file at ``model``, and that is no model at all.
        ReportError: it is about another, or about none that is a file.
    """
    if model_sha256 is None:
        return
    report, where = authentic.report, authentic.submission.path
    told = report.inputs.model.sha256
    if told is None:
        raise ReportError(f"{where} is about {report.inputs.model.spec}, which is no model file")
    if told != model_sha256:
        if model is not None:
            refuse_other_kinds(model)
        raise ReportError(
            f"{where} is about another model: it names SHA-256 {told[:12]}, the model has "
            f"{model_sha256[:12]}; evaluate this model"
        )
