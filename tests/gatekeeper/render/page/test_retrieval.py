"""Gate B as pictures."""

import pytest

from gatekeeper.render.page.retrieval import retrieval
from schemas.records.metrics import RECALL_SEEN
from tests.gatekeeper.render.page.drawn import written
from tests.gatekeeper.render.page.pages import report_of, without
from tests.gatekeeper.render.rulings import make_evidence


def test_a_picture_for_each_pool_with_chance_and_threshold() -> None:
    plot = retrieval(report_of())
    assert [each.title for each in plot.drawings] == [
        "Retrieval within the article",
        "Retrieval within the article, context left out",
        "Retrieval in the whole bank",
        "Retrieval in the whole bank, context left out",
    ]
    assert {"R@1", "R@5", "R@10", "val", "ood", "chance", "required"} <= {*written(plot.drawings[0])}
    assert "required" not in written(plot.drawings[2])  # the policy asks nothing of the bank
    assert "R@5 on val is 0.970 [0.960, 0.980], chance 0.100" in plot.drawings[0].description


def test_the_table_has_a_row_for_each_pool_and_split() -> None:
    table = retrieval(report_of()).table
    assert [row[0] for row in table.rows[:3]] == [
        "within the article, val",
        "within the article, ood",
        "within the article, context left out, val",
    ]
    assert [row[0] for row in table.rows[8:]] == [
        "among target and context, as the seed counts, val",
        "among target and context, as the seed counts, ood",
    ]
    assert {len(row) for row in table.rows} == {len(table.headers)}


@pytest.mark.parametrize(("prefix", "left"), [("retrieval.bank", 2), ("retrieval.", 0)])
def test_a_pool_that_was_not_measured_is_not_drawn(prefix: str, left: int) -> None:
    plot = retrieval(report_of(without(make_evidence(), prefix)))
    assert len(plot.drawings) == left
    assert len(plot.absent) == (0 if left else 2)
    assert "not measured" in {cell for row in plot.table.rows for cell in row}


def test_one_undefined_figure_leaves_its_place_empty() -> None:
    evidence = make_evidence(undefined={(RECALL_SEEN, "ood"): "no sample"})
    drawn = retrieval(report_of(evidence)).drawings[0]
    assert "R@5 on ood is undefined: no sample, chance 0.100 " in drawn.description
