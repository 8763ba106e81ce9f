"""Writing the signature of a report beside it."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatekeeper.companions import envelope_path
from gatekeeper.deployment.envelope import seal
from gatekeeper.deployment.model_file import confirmed_format, refuse_other_kinds
from gatekeeper.deployment.statement import make_statement
from gatekeeper.deployment.verify import model_digest, read_submission
from schemas.atomic import write_bytes
from schemas.errors import ReportError
from schemas.report_io import parse_report
from schemas.room import check_room


def sign_report(path: Path, key: Ed25519PrivateKey, model: Path | None = None) -> Path:
    """Sign the bytes of a report and write the envelope to ``REPORT.dsse.json``.

    Args:
        path: the report; it must not contradict itself.
        key: who vouches.
        model: the model file, to make sure that it is the one the report is about.

    Returns:
        Where the signature lies.

    Raises:
        ReportError: the report is unusable, about another model, or about another format of it.
        SignatureError: it is about no model file.
        OutputError: the signature cannot be written.
    """
    target = envelope_path(path)
    check_room(target)
    submission = read_submission(path)
    try:
        report = parse_report(submission.report)
    except ReportError as error:
        raise ReportError(f"report {path}: {error}") from None
    if model is not None:
        if model_digest(model) != report.inputs.model.sha256:
            refuse_other_kinds(model)
            raise ReportError(f"{path} is about another model than {model}; evaluate this model")
        confirmed_format(report, model)
    write_bytes(target, seal(make_statement(report, submission.sha256), key), own=1)
    return target
