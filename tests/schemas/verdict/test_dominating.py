"""The remark on an article that outweighs the others, literally."""

from dataclasses import replace

import pytest

from schemas.errors import ReportError
from schemas.reading.consistency import check_report
from schemas.records.inputs import Dominating
from schemas.records.report import Report
from schemas.verdict.dominating import remarks
from schemas.verdict.judge import judge
from tests.schemas.conftest import _make_report

LINE = (
    "article 7 'A speech' holds 160 of the 400 windows of val (40%): its figures are mostly that article's; "
    "--max-per-article draws at most so many windows of each"
)


def with_article(found: Dominating | None) -> Report:
    """A report on whose val, of 400 windows in 40 articles, an article dominates; judged anew."""
    report = _make_report()
    splits = {**report.inputs.splits, "val": replace(report.inputs.splits["val"], dominating=found)}
    told = replace(report, inputs=replace(report.inputs, splits=splits))
    settings = told.settings
    judgement = judge(told.evidence, told.policy, confidence=settings.confidence, setup=told.setup)
    return replace(told, judgement=judgement)


def test_the_article_is_named_where_one_dominates() -> None:
    report = with_article(Dominating(7, "A speech", 160))
    assert remarks(report.setup) == (LINE,)
    assert LINE in report.judgement.verdict.remarks
    assert check_report(report) == report.judgement
    assert remarks(with_article(None).setup) == remarks(None) == ()
    shown = "b\ufffd" * 100
    assert remarks(with_article(Dominating("b\x1b" * 200, "", 399)).setup) == (
        f"article {shown} holds 399 of the 400 windows of val (>99%): its figures are mostly that "
        "article's; --max-per-article draws at most so many windows of each",
    )


@pytest.mark.parametrize("windows", [100, 401])
def test_an_article_that_cannot_dominate_is_refused(windows: int) -> None:
    with pytest.raises(ReportError) as caught:
        check_report(with_article(Dominating(7, "", windows)))
    assert str(caught.value) == (
        f"inputs.splits.val: an article with {windows} of 400 windows in 40 articles dominates none"
    )
    check_report(with_article(Dominating(7, "", 101)))
