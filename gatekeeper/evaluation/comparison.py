"""Two models on identical samples, from the per-sample scores beside their reports."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gatekeeper.data.formats.npz import npz_from_bytes
from gates.contracts import Samples
from gates.paired import Paired, Recorded, compare_recorded
from schemas.disk.opening import beside, read_digested
from schemas.errors import DataError, ReportError
from schemas.records.evidence import Metric, Metrics
from schemas.records.metrics import MEASURED, METRICS
from schemas.records.report import Report
from schemas.records.splits import EVALUATED
from schemas.verdict.gains import gains, incomparable

Differences = Mapping[str, Mapping[str, Paired]]
"""split (or pair) -> metric -> second minus first."""


@dataclass(frozen=True)
class Scored:
    """A report with the scores of its samples.

    Attributes:
        report: the record.
        path: the file it was read from, beside which its scores lie; for messages, where it was not.
        recorded: the scores of a report that was never written.
    """

    report: Report
    path: Path
    recorded: Recorded | None = None

    @property
    def name(self) -> str:
        """How tables call the model."""
        return self.report.inputs.model.spec


def refuse_incomparable(first: Scored, second: Scored) -> None:
    """Two reports are compared only if they measured the same thing on the same samples.

    Raises:
        ReportError: names everything that differs.
    """
    different = incomparable(first.report, second.report)
    if different:
        raise ReportError(
            f"{first.path} and {second.path} cannot be compared: they differ in {'; '.join(different)}"
        )


def compare(first: Scored, second: Scored) -> Differences:
    """Differences of every metric, second minus first, with intervals at the first's confidence.

    Raises:
        ReportError: the reports measured different things.
        DataError: scores are missing, changed, or of other samples.
    """
    refuse_incomparable(first, second)
    confidence = first.report.settings.confidence
    return compare_recorded(read_scores(first), read_scores(second), confidence)


def paired_gains(model: Scored, champion: Scored) -> Metrics:
    """Gains over the champion with their paired intervals, at the model's confidence.

    Raises:
        ReportError: the reports measured different things.
        DataError: scores are missing, changed, or of other samples.
    """
    refuse_incomparable(model, champion)
    confidence = model.report.settings.confidence
    differences = compare_recorded(read_scores(champion), read_scores(model), confidence)
    plain = gains(model.report.evidence, champion.report.evidence)
    return {
        split: {name: _with_interval(name, gain, differences[split].get(name)) for name, gain in rows.items()}
        for split, rows in plain.items()
    }


def read_scores(scored: Scored) -> Recorded:
    """The per-sample scores, in memory or beside the report, bound to it by their digest.

    Raises:
        DataError: there are none, they are not the ones the report names, or an array is missing.
    """
    if scored.recorded is not None:
        return scored.recorded
    scores = scored.report.scores
    if scores is None:
        raise DataError(f"{scored.path} names no file with per-sample scores; evaluate the model again")
    if not scores.name or Path(scores.name).name != scores.name:
        raise DataError(f"{scored.path} must name its scores without folders, found {scores.name!r}")
    path = beside(scored.path, scores.name)
    try:
        data = read_digested(path, scores.sha256)
    except OSError as error:
        raise DataError(
            f"cannot read the scores {path}: {error.strerror}; keep them beside the report"
        ) from None
    if data is None:
        raise DataError(f"{path} is not the file that {scored.path} names: its digest differs")
    recorded: dict[str, dict[str, Samples]] = {split: {} for split in EVALUATED}
    with npz_from_bytes(data, str(path)) as file:
        for split in EVALUATED:
            articles = file.array(f"{split}.articles")
            for gate in MEASURED:
                prefix = f"{split}.{gate}."
                names = [key.removeprefix(prefix) for key in file.keys if key.startswith(prefix)]
                arrays = {name: file.array(prefix + name) for name in names}
                index = arrays.pop("index", None)
                if index is None or not arrays:
                    raise DataError(f"{path}: expected the scores of {gate} on {split}, found none")
                rows = index.astype(np.int64)
                recorded[split][gate] = Samples(rows, articles[rows].astype(np.int64), arrays)
    return recorded


def _with_interval(name: str, gain: Metric, paired: Paired | None) -> Metric:
    """The gain as the paired samples give it; as the reports give it where they have no interval."""
    if paired is None or gain.value is None:
        return gain
    found = paired.metric
    if found.value is None or found.low is None or found.high is None:
        return replace(gain, reason=found.reason)
    if METRICS[name].better == "higher":
        return found
    return replace(found, value=-found.value, low=-found.high, high=-found.low)
