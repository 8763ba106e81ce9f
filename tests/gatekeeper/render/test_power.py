"""The table of what a split can show, literally."""

from dataclasses import replace

from gatekeeper.render.power import CAPTION, render_power
from gatekeeper.render.table import render_markdown, render_table
from schemas.records.power import Power
from tests.gatekeeper.render.page.pages import report_of
from tests.gatekeeper.render.rulings import make_evidence

POWER = {"val": Power("copy_mix", 0.0714, 0.012, 41), "ood": Power(None, None, 0.5, None)}

MARKDOWN = """\
The smallest gain and margin that these articles show with probability 0.8:

| split   | gain in bits   | over     | margin   | articles for a gain of 0.05 bits   |
|---------|----------------|----------|----------|------------------------------------|
| val     | 0.071          | copy_mix | 0.012    | 41                                 |
| ood     | -              | -        | 0.500    | -                                  |"""


def test_a_row_a_split() -> None:
    assert render_power(POWER, "github") == MARKDOWN
    many = render_power({"val": Power("logit", 3.0, 0.1, None)}, "plain")
    assert many.splitlines()[-1].split() == ["val", "3.000", "logit", "0.100", "more", "than", "10,000"]
    assert render_power({}, "github") == ""


def test_table_and_markdown_of_a_report_hold_it_where_it_is_told() -> None:
    told = report_of(replace(make_evidence(), power=POWER))
    assert MARKDOWN in render_markdown(told)
    assert CAPTION in render_table(told)
    assert CAPTION not in render_table(report_of(make_evidence()))
