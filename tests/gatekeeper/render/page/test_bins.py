"""Gate E as a picture."""

from gatekeeper.render.page.bins import bins
from schemas.records.metrics import BINS
from tests.gatekeeper.render.page.drawn import written
from tests.gatekeeper.render.page.pages import report_of, without
from tests.gatekeeper.render.rulings import make_evidence


def test_a_bar_for_each_bin_and_split_with_its_count() -> None:
    plot = bins(report_of())
    (drawn,) = plot.drawings
    words = written(drawn)
    assert [word for word in words if word in BINS] == [*BINS]
    assert len([word for word in words if word.startswith("n ")]) == 6
    assert "low below 0.45, high above 0.55" in plot.lead
    assert drawn.description.startswith("low on val: n ")


def test_the_table_sets_the_splits_and_their_difference_side_by_side() -> None:
    table = bins(report_of()).table
    assert table.headers == ("", "windows on val", "windows on ood", "cosine on val", "cosine on ood",
                             "difference val to ood")  # fmt: skip
    assert [row[0] for row in table.rows] == [*BINS, "all"]
    assert table.rows[-1][-1] == "0.020 [0.010, 0.030]"


def test_a_bin_without_windows_has_the_count_zero_and_no_bar() -> None:
    name = f"bins_delta.{BINS[0]}.cos"
    drawn = bins(report_of(without(make_evidence(), name))).drawings[0]
    assert "low on val: n 0, not measured" in drawn.description


def test_without_any_bin_there_is_no_picture() -> None:
    plot = bins(report_of(without(make_evidence(), "bins_delta.")))
    assert plot.drawings == ()
    assert "There is no figure by bin on val: the report holds no figures for it." in plot.absent
