"""The report of an evaluation and the scores beside it name each other, whoever writes them."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gatekeeper.evaluation.evaluate import EvaluationResult, Evaluator
from gatekeeper.evaluation.writing import write_evaluation
from schemas.errors import OutputError
from schemas.reading.policy import load_policy
from schemas.reading.report import read_report
from tests.gatekeeper.evaluation.test_illustrations import OPTIONS, make_bank, make_data


@pytest.fixture(scope="module")
def result() -> EvaluationResult:
    evaluator = Evaluator(make_data(make_bank(texts=False)), load_policy("seed-5cat"), OPTIONS)
    return evaluator.evaluate("control:copy_last")


def test_the_report_names_its_scores_by_their_digest(result: EvaluationResult, tmp_path: Path) -> None:
    written = write_evaluation(result, tmp_path / "m.report.json", own=0)
    assert written == replace(result.report, scores=written.scores)
    assert read_report(tmp_path / "m.report.json") == written
    assert written.scores is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.report.json", written.scores.name]
    data = (tmp_path / written.scores.name).read_bytes()
    assert hashlib.sha256(data).hexdigest() == written.scores.sha256
    with np.load(tmp_path / written.scores.name) as stored:
        expected = result.scores()
        assert set(stored.files) == expected.keys()
        assert all(np.array_equal(stored[name], array) for name, array in expected.items())


def test_no_link_is_followed_where_nobody_named_the_report(result: EvaluationResult, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.json").write_text("precious")
    (tmp_path / "m.report.json").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(OutputError, match="link"):
        write_evaluation(result, tmp_path / "m.report.json", own=1)
    assert (tmp_path / "elsewhere.json").read_text() == "precious"
