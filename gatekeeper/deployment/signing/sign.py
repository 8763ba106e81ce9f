"""Writing the signature of a report beside it."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatekeeper.deployment.model_file import confirmed_format, model_digest
from gatekeeper.deployment.signing.envelope import seal
from gatekeeper.deployment.signing.statement import make_statement
from gatekeeper.deployment.submission import Authentic, check_model, parse, read_submission
from gatekeeper.evaluation.companions import envelope_path
from schemas.disk.atomic import write_bytes
from schemas.disk.room import check_room


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
        ModelError: the model cannot be read, or is no model file.
        SignatureError: the report is about no model file.
        OutputError: the signature cannot be written.
    """
    target = envelope_path(path)
    check_room(target)
    submission = read_submission(path)
    report = parse(submission)
    if model is not None:
        check_model(Authentic(submission, report, None), model_digest(model), model)
        confirmed_format(report, model)
    write_bytes(target, seal(make_statement(report, submission.sha256), key), own=1)
    return target
