"""The report of an evaluation as a file, with the scores of every sample beside it."""

import hashlib
from dataclasses import replace
from pathlib import Path

from gatekeeper.data.formats.npz_writing import npz_bytes
from gatekeeper.evaluation.companions import scores_path
from gatekeeper.evaluation.evaluate import EvaluationResult
from schemas.disk.atomic import write_bytes
from schemas.reading.report import write_report
from schemas.records.report import Report, ScoresFile


def write_evaluation(result: EvaluationResult, path: Path, *, own: int) -> Report:
    """Write the scores, and then the report that names them by their digest.

    Args:
        result: of an evaluation.
        path: where the report goes.
        own: 1 where nobody named it (:func:`schemas.disk.atomic.write_stream`).

    Returns:
        The report as it stands in the file.

    Raises:
        OutputError: a file cannot be written.
    """
    scores, data = scores_path(path), npz_bytes(result.scores())
    write_bytes(scores, data, own=1)
    report = replace(result.report, scores=ScoresFile(scores.name, hashlib.sha256(data).hexdigest()))
    write_report(report, path, own=own)
    return report
