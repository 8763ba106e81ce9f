"""The files of a report that are kept with the model it let through: the next one is compared with them."""

import contextlib
from pathlib import Path

from gatekeeper.deployment.submission import Authentic
from gatekeeper.evaluation.companions import envelope_path
from schemas.disk.opening import beside, read_digested

REPORT = "report.json"
SIGNATURE = envelope_path(Path(REPORT)).name


def kept_files(authentic: Authentic) -> dict[str, bytes]:
    """Name -> content of report, signature and scores, as far as they are there."""
    submission, scores = authentic.submission, authentic.report.scores
    found = {REPORT: submission.report}
    if submission.envelope is not None:
        found[SIGNATURE] = submission.envelope
    data = _scores(authentic)
    if scores is not None and data is not None:
        found[scores.name] = data
    return found


def _scores(authentic: Authentic) -> bytes | None:
    """The per-sample scores that belong to a report, if they are there, its own, and can lie beside it.

    A name with a folder in it, or one that report or signature will have, is none that is kept.
    """
    scores = authentic.report.scores
    if (
        scores is None
        or Path(scores.name).name != scores.name
        or scores.name in ("", "..", REPORT, SIGNATURE)
    ):
        return None
    with contextlib.suppress(OSError):
        return read_digested(beside(authentic.submission.path, scores.name), scores.sha256)
    return None
