"""Differences between models, as people and programs read them."""

from pathlib import Path

import pytest

from gatekeeper.evaluation.comparison import Scored
from gatekeeper.render.comparison import comparison_to_json, meaning, render_comparison, render_standings
from gates.paired import Paired
from schemas.records.evidence import Metric
from schemas.records.metrics import BITS_KNOWN, COSINE, MARGIN, RECALL_SEEN
from tests.gatekeeper.render.page.pages import report_of
from tests.gatekeeper.render.rulings import make_evidence

UP, DOWN, OPEN = (
    Metric(0.2, 0.1, 0.3, 300, 20),
    Metric(-0.2, -0.3, -0.1, 300, 20),
    Metric(0.1, -0.1, 0.3, 300, 20),
)
NONE = Metric(None, None, None, 0, 0, "no sample")
FIGURES = {
    MARGIN: Paired(UP, 0.05),
    COSINE: Paired(DOWN, 0.01),
    RECALL_SEEN: Paired(OPEN, None),
    BITS_KNOWN: Paired(UP, 0.1),
}
DIFFERENCES = {"val": FIGURES, "ood": FIGURES}


def scored(name: str, margin: float = 0.15) -> Scored:
    evidence = make_evidence({(MARGIN, "ood"): margin})
    return Scored(report_of(evidence, spec=name), Path(f"{name}.report.json"))


FIRST, SECOND = scored("first.pt"), scored("second.pt", 0.35)


@pytest.mark.parametrize(
    ("name", "difference", "told"),
    [
        (MARGIN, UP, "better"),
        (MARGIN, DOWN, "worse"),
        (MARGIN, OPEN, "no difference shown"),
        ("bins_delta.delta", DOWN, "better"),  # the smaller the better
        ("retrieval.article.median_rank", UP, "worse"),
        ("offset_sweep.peak_offset", UP, "differs"),  # neither is better
        (MARGIN, NONE, ""),
        (MARGIN, Metric(0.2, 0.0, 0.4, 1, 1), "no difference shown"),
    ],
)
def test_a_difference_speaks_where_its_interval_leaves_zero(name: str, difference: Metric, told: str) -> None:
    assert meaning(name, difference) == told


def test_two_models_side_by_side() -> None:
    lines = render_comparison(FIRST, SECOND, DIFFERENCES, every=False, markdown=False).split("\n")
    assert lines[:3] == [
        "A: first.pt (first.pt.report.json)",
        "B: second.pt (second.pt.report.json)",
        "val 400 windows in 40 articles, ood 400 windows in 40 articles",
    ]
    rows = [line.split() for line in lines if MARGIN in line]
    assert rows == [
        [MARGIN, "val", "0.150", "0.150", "0.200", "[0.100,", "0.300]", "0.050", "better"],
        [MARGIN, "ood", "0.150", "0.350", "0.200", "[0.100,", "0.300]", "0.050", "better"],
    ]
    assert lines[-1] == "detectable: a true difference of this size would be shown with probability 0.8"


def test_only_what_a_policy_reads_is_shown_unless_all_is_asked_for() -> None:
    unread = {"val": {"offset_sweep.cos@-3": Paired(UP, None)}}
    shown = [render_comparison(FIRST, SECOND, unread, every=every, markdown=False) for every in (False, True)]
    assert ["offset_sweep.cos@-3" in text for text in shown] == [False, True]


def test_several_models_stand_in_the_order_of_their_margin_on_ood() -> None:
    text = render_standings(FIRST, [(SECOND, DIFFERENCES)], markdown=False)
    rows = [line.split() for line in text.split("\n") if ".pt " in line and "DEPLOYABLE" in line]
    assert [row[0] for row in rows] == ["second.pt", "first.pt"]
    assert rows[0][3:7] == ["0.350", "0.200", "[0.100,", "0.300]"]
    assert rows[1][3:5] == ["0.150", "A"]


@pytest.mark.parametrize("name", ["a|b", "<b>.pt", "@all", "a\x1b[31m.pt"])
def test_names_of_others_are_words(name: str) -> None:
    other = scored(name)
    for markdown in (False, True):
        texts = (
            render_comparison(FIRST, other, DIFFERENCES, every=False, markdown=markdown),
            render_standings(FIRST, [(other, DIFFERENCES)], markdown=markdown),
        )
        for text in texts:
            assert "\x1b" not in text
            assert name not in text or not markdown


def test_programs_get_every_figure() -> None:
    found = comparison_to_json(FIRST, SECOND, DIFFERENCES)
    assert (found["a"], found["b"], found["confidence"], found["power"]) == (
        "first.pt",
        "second.pt",
        0.95,
        0.8,
    )
    rows = found["differences"]
    assert isinstance(rows, list)
    assert len(rows) == 8
    assert rows[4] == {
        "metric": MARGIN,
        "split": "ood",
        "a": 0.15,
        "b": 0.35,
        "difference": 0.2,
        "low": 0.1,
        "high": 0.3,
        "detectable": 0.05,
        "n": 300,
        "articles": 20,
        "reason": "",
        "meaning": "better",
    }
