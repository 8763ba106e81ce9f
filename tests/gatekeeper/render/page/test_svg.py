"""A plot as text: words stay words, colours are variables, and nothing of matplotlib's own is left."""

import re

import pytest

from gatekeeper.render.page.palette import ACCENT
from gatekeeper.render.page.svg import Drawing, drawing, to_svg


def draw(title: str = "A title", description: str = "What it shows", label: str = "words") -> Drawing:
    with drawing(200, 100) as (figure, axes):
        axes.plot([0, 1], [0, 1], color=ACCENT, marker="o")
        axes.fill_between([0, 1], [0, 0], [1, 1], color=ACCENT, alpha=0.25)
        axes.set_xlabel(label)
        return to_svg(figure, name="some-plot", title=title, description=description)


def test_it_is_named_and_described() -> None:
    drawn = draw()
    assert drawn.markup.startswith(
        '<svg viewBox="0 0 200 100" role="img" aria-label="A title" aria-describedby="some-plot-description">'
        '<title>A title</title><desc id="some-plot-description">What it shows</desc>'
    )
    assert (drawn.title, drawn.description) == ("A title", "What it shows")


def test_words_stay_words_in_the_font_of_the_page() -> None:
    markup = draw().markup
    assert ">words</text>" in markup
    assert "font-family" not in markup
    assert {*re.findall(r'font-size="([^"]+)"', markup)} == {"12px"}


def test_colours_are_variables_and_there_is_no_style() -> None:
    markup = draw().markup
    assert 'stroke="var(--accent)"' in markup
    assert 'fill="var(--ink)"' in markup
    assert not re.search(r"#[0-9a-f]{6}|style|xmlns|metadata|xlink|<!|<\?", markup)


def test_ids_carry_the_name_of_the_plot_and_all_are_used() -> None:
    markup = draw().markup
    ids = set(re.findall(r'\bid="([^"]+)"', markup)) - {"some-plot-description"}
    assert ids
    assert all(each.startswith("some-plot-") for each in ids)
    used = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', markup))
    assert {one or other for one, other in used} == ids


def test_coordinates_have_two_decimals() -> None:
    assert not re.search(r"\d\.\d{3}", draw().markup)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '" onload="x', "&lt;", "$x^2$ $", "a_b\\c"])
def test_words_of_others_are_escaped_and_no_mathematics(text: str) -> None:
    markup = draw(text, text, text).markup
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert f">{escaped}</text>" in markup
    assert f"<title>{escaped}</title>" in markup
    assert "<script" not in markup
    quoted = escaped.replace('"', "&quot;")
    assert f'aria-label="{quoted}"' in markup
