"""The files beside a report: its signature, and the scores of every sample."""

import contextlib
from pathlib import Path

SCORES_SUFFIX = ".scores.npz"


def envelope_path(report: Path) -> Path:
    """Where the signature of a report lies."""
    return report.with_name(f"{report.name.removesuffix('.json')}.dsse.json")


def scores_path(report: Path) -> Path:
    """Where the per-sample scores of a report go."""
    return report.with_suffix(SCORES_SUFFIX)


def with_companions(report: Path | None) -> tuple[Path, ...]:
    """A report that is read, its signature, and the scores beside it.

    Which scores are its own, it says itself. It is not read yet, so all count.
    """
    if report is None or not report.name:
        return ()
    with contextlib.suppress(OSError):
        return report, envelope_path(report), *report.parent.glob(f"*{SCORES_SUFFIX}")
    return report, envelope_path(report)
