"""Gate A as pictures: the curve, and the plane of margin and cosine."""

from dataclasses import replace

import pytest

from gatekeeper.evaluation.extras import Absent
from gatekeeper.render.page.offsets import offset_sweep, plane
from gatekeeper.render.page.palette import CONTROLS
from tests.gatekeeper.render.page.drawn import written
from tests.gatekeeper.render.page.pages import NOTHING, frontier, full_extras, report_of, without
from tests.gatekeeper.render.rulings import MARGIN, make_evidence


def test_a_curve_for_each_split_with_all_controls() -> None:
    plot = offset_sweep(report_of())
    assert [each.title for each in plot.drawings] == ["Offset sweep on val", "Offset sweep on ood"]
    words = written(plot.drawings[0])
    assert {"model", *CONTROLS, "target", "-3", "+3"} <= {*words}
    assert len(plot.table.rows) == 2 * (1 + len(CONTROLS))


def test_the_curve_is_described_by_its_peak_and_margin() -> None:
    evidence = make_evidence({("offset_sweep.cos@+0", "val"): 0.6})
    told = offset_sweep(report_of(evidence)).drawings[0].description
    assert told.startswith("The mean cosine of the model is highest at offset +0, with 0.600. ")
    assert told.endswith("The margin of the target over the best other offset is 0.150 [0.140, 0.160].")


def test_a_model_that_points_elsewhere_peaks_there() -> None:
    evidence = make_evidence({("offset_sweep.cos@-1", "val"): 0.9})
    assert "highest at offset -1, with 0.900" in offset_sweep(report_of(evidence)).drawings[0].description


def test_without_a_curve_there_is_no_picture() -> None:
    plot = offset_sweep(report_of(without(make_evidence(), "offset_sweep.")))
    assert plot.drawings == ()
    assert len(plot.absent) == 2


def test_the_plane_shows_the_frontier_where_there_is_one() -> None:
    drawn = plane(report_of(), full_extras()).drawings[0]
    assert {"model", "linear frontier", "required", *CONTROLS} <= {*written(drawn)}
    assert drawn.description.endswith("The linear frontier has 3 points.")
    alone = plane(report_of(), NOTHING)
    assert alone.absent == ("The linear frontier is not drawn.",)
    assert "linear frontier" not in written(alone.drawings[0])


def test_the_table_of_the_plane_holds_the_points_of_the_frontier() -> None:
    rows = plane(report_of(), replace(NOTHING, frontier=frontier())).table.rows
    assert ("linear frontier, push 0.5, on val", "0.300 [0.290, 0.310]", "0.050 [0.040, 0.060]") in rows
    assert ("linear frontier, push 1, on ood", "undefined: no sample", "undefined: no sample") in rows


@pytest.mark.parametrize("split", ["val", "ood"])
def test_a_split_without_a_margin_has_no_plane(split: str) -> None:
    evidence = make_evidence(undefined={(MARGIN, split): "no window fits"})
    plot = plane(report_of(evidence), replace(NOTHING, frontier=Absent("Not drawn.")))
    assert len(plot.drawings) == 1
    assert plot.absent == ("Not drawn.", f"There is no margin on {split}: no window fits.")
