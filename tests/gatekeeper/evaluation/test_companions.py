"""The files beside a report."""

from pathlib import Path

import pytest

from gatekeeper.evaluation.companions import envelope_path, scores_path, with_companions


@pytest.mark.parametrize(
    ("report", "signature", "scores"),
    [
        ("runs/best.report.json", "runs/best.report.dsse.json", "runs/best.report.scores.npz"),
        ("5cat_results.json", "5cat_results.dsse.json", "5cat_results.scores.npz"),
        ("report", "report.dsse.json", "report.scores.npz"),
    ],
)
def test_signature_and_scores_are_called_after_the_report(report: str, signature: str, scores: str) -> None:
    assert envelope_path(Path(report)) == Path(signature)
    assert scores_path(Path(report)) == Path(scores)


def test_a_report_comes_with_its_signature_and_all_scores_beside_it(tmp_path: Path) -> None:
    for name in ("a.scores.npz", "old name.scores.npz", "bank.npz"):
        (tmp_path / name).touch()
    assert {path.name for path in with_companions(tmp_path / "a.json")} == {
        "a.json", "a.dsse.json", "a.scores.npz", "old name.scores.npz"
    }  # fmt: skip
    assert with_companions(None) == ()
