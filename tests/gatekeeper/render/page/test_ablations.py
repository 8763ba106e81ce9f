"""Gate C as a picture."""

import pytest

from gatekeeper.render.page.ablations import ablations
from schemas.records.metrics import ABLATIONS
from tests.gatekeeper.render.page.drawn import written
from tests.gatekeeper.render.page.pages import report_of, without
from tests.gatekeeper.render.rulings import CHECKS, HEAD, make_evidence


def test_one_picture_with_a_row_for_each_ablation() -> None:
    (drawn,) = ablations(report_of()).drawings
    words = written(drawn)
    assert [word for word in words if word in ABLATIONS] == [*ABLATIONS]
    assert {"val", "ood", "threshold", "change of cosine to the target"} <= {*words}
    assert "reverse on val -0.250 [-0.260, -0.240]; reverse on ood" in drawn.description


@pytest.mark.parametrize(
    ("policy", "bounds"),
    [(None, ["-0.15", "-0.1, 0", "-0.08", "0.05", "0.05"]), (HEAD + CHECKS, ["none", "-0.1", *["none"] * 3])],
)
def test_the_table_names_the_policys_thresholds(policy: str | None, bounds: list[str]) -> None:
    table = ablations(report_of(policy=policy)).table
    assert table.headers == ("", "val", "ood", "threshold")
    assert [row[0] for row in table.rows] == [*ABLATIONS]
    assert [row[-1] for row in table.rows] == bounds


def test_what_is_undefined_is_told_with_the_reason() -> None:
    evidence = make_evidence(undefined={("ablations.reverse", "ood"): "no window fits"})
    (drawn,) = ablations(report_of(evidence)).drawings
    assert "reverse on ood undefined: no window fits;" in drawn.description


def test_without_any_figure_there_is_no_picture() -> None:
    plot = ablations(report_of(without(make_evidence(), "ablations.")))
    assert plot.drawings == ()
    assert plot.absent == tuple(
        f"There is no ablation on {split}: the report holds no figures for it." for split in ("val", "ood")
    )
