"""What the model knows, as pictures."""

from dataclasses import replace

from gatekeeper.render.page.knowledge import knowledge
from schemas.records.evidence import CONTROLS, RIVALS, Evidence, Metric
from schemas.records.metrics import BITS_KNOWN
from schemas.records.power import Power
from tests.gatekeeper.render.page.drawn import written
from tests.gatekeeper.render.page.pages import report_of, without
from tests.gatekeeper.render.rulings import CHECKS, HEAD, make_evidence

RULE = f"""
[[control]]
name = "copy_mix"
metric = "{BITS_KNOWN}"
splits = ["val", "ood"]
above = 0.0
min_gain = 0.02
"""


def gained() -> Evidence:
    gain = Metric(0.1, 0.05, 0.15, 300, 20)
    gains = {name: {split: {BITS_KNOWN: gain} for split in ("val", "ood")} for name in RIVALS}
    return replace(make_evidence(), gains=gains)


def test_bits_are_drawn_for_the_model_and_every_control_but_the_oracle() -> None:
    bits, centred = knowledge(report_of()).drawings
    for drawn in (bits, centred):
        words = written(drawn)
        assert [word for word in words if word in ("model", *CONTROLS)] == ["model", *RIVALS]
        assert {"val", "ood", "bits"} <= {*words}
        assert drawn.description.startswith("model on val 2.500 [2.490, 2.510]; model on ood")
        assert "required" not in words


def test_what_the_articles_could_show_is_told_where_it_is_known() -> None:
    power = {"val": Power("copy_mix", 0.0714, 0.012, 41), "ood": Power(None, None, 0.5, None)}
    assert knowledge(report_of(replace(make_evidence(), power=power))).lead.endswith(
        " With probability 0.8 these articles show a gain of 0.071 bits over copy_mix and a margin of 0.012 "
        "on val (a gain of 0.05 bits needs 41 articles)."
    )
    assert "probability" not in knowledge(report_of()).lead


def test_a_gain_is_drawn_over_each_control_with_what_the_policy_asks_for() -> None:
    drawn = knowledge(report_of(gained(), policy=HEAD + CHECKS + RULE)).drawings[2]
    words = written(drawn)
    assert [word for word in words if word in ("model", *CONTROLS)] == [*RIVALS]
    assert {"gain in bits", "required"} <= {*words}
    assert "copy_mix on val 0.100 [0.050, 0.150]" in drawn.description
    assert "required" not in written(knowledge(report_of(gained())).drawings[2])


def test_the_table_holds_bits_geometry_and_gains() -> None:
    table = knowledge(report_of(gained())).table
    assert table.headers[:6] == ("", "bits val", "bits centred val", "spread val", "rank val", "gain val")
    assert [row[0] for row in table.rows] == ["model", *CONTROLS]
    assert {row[5] for row in table.rows if row[0] in RIVALS} == {"0.100 [0.050, 0.150]"}


def test_what_the_oracle_knows_is_told_in_words() -> None:
    assert (
        "The oracle, which is not drawn, knows 6.500 [6.490, 6.510] on val and" in knowledge(report_of()).lead
    )


def test_windows_that_were_left_out_are_told() -> None:
    evidence = make_evidence()
    val = {**evidence.model["val"], BITS_KNOWN: replace(evidence.model["val"][BITS_KNOWN], n=7)}
    found = knowledge(report_of(replace(evidence, model={**evidence.model, "val": val}))).absent
    assert [line.partition(" leave out ")[0] for line in found] == ["Bits on val"]


def test_without_any_figure_there_is_no_picture() -> None:
    plot = knowledge(report_of(without(make_evidence(), "retrieval.")))
    assert plot.drawings == ()
    assert plot.absent == tuple(
        f"There is no figure in bits on {split}: the report holds no figures for it."
        for split in ("val", "ood")
    )
