"""What is known in bits, as a table, and who was left out of it."""

from dataclasses import replace

import pytest

from gatekeeper.render.knowledge import CAPTION, IN_BITS, knowledge_rows, left_out, render_knowledge
from gatekeeper.render.table import render_markdown, render_table
from schemas.records.evidence import CONTROLS, Evidence, Metric
from schemas.records.metrics import BITS_KNOWN
from tests.gatekeeper.render.page.pages import report_of, without
from tests.gatekeeper.render.rulings import make_evidence


def gained(evidence: Evidence) -> Evidence:
    """With a gain in bits over one control on ood."""
    return replace(evidence, gains={"copy_mix": {"ood": {BITS_KNOWN: Metric(0.1, 0.05, 0.15, 300, 20)}}})


def test_each_predictor_has_a_row_with_bits_and_gain_split_by_split() -> None:
    rows = knowledge_rows(report_of(gained(make_evidence({(BITS_KNOWN, "ood"): 1.25}))), IN_BITS)
    assert [row[0] for row in rows] == ["model", *CONTROLS]
    assert rows[0] == [
        "model", "2.500 [2.490, 2.510]", "2.500 [2.490, 2.510]", "", "1.250 [1.240, 1.260]",
        "2.500 [2.490, 2.510]", "",
    ]  # fmt: skip
    found = {row[0]: (row[3], row[6]) for row in rows}
    assert found["copy_mix"] == ("-", "0.100 [0.050, 0.150]")
    assert found["oracle"] == ("", "")


def test_table_and_markdown_hold_it() -> None:
    report = report_of(gained(make_evidence()))
    for text in (render_table(report), render_markdown(report)):
        assert CAPTION in text
        assert "bits val" in text
        assert "0.100 [0.050, 0.150]" in text


def test_without_bits_there_is_no_table() -> None:
    report = report_of(without(make_evidence(), "retrieval."))
    assert render_knowledge(report, "simple") == ""
    assert CAPTION not in render_table(report)


@pytest.mark.parametrize(("n", "told"), [(300, False), (297, True)])
def test_windows_without_a_rival_are_counted_where_there_are_some(n: int, told: bool) -> None:
    evidence = make_evidence()
    ood = dict(evidence.model["ood"])
    ranked = ood["retrieval.article_unseen.r@5"].n
    ood[BITS_KNOWN] = replace(ood[BITS_KNOWN], n=ranked - 300 + n)
    report = report_of(replace(evidence, model={**evidence.model, "ood": ood}))
    sentence = (
        f"bits on ood leave out 3 of {ranked} windows: no other row of their article could be the target"
    )
    assert left_out(report) == ((sentence,) if told else ())
    assert (f"  - {sentence}" in render_table(report)) is told
