"""The pictures of the documentation are those that are drawn, and all of them are shown."""

import re

from tests.docs.console import ROOT

DOCS = ROOT / "docs"


def test_every_picture_is_drawn_and_shown() -> None:
    drawn = set(re.findall(r'^    yield "([\w-]+)"', (DOCS / "figures.py").read_text(), re.MULTILINE))
    kept = {file.stem for file in (DOCS / "figures").glob("*.svg")}
    shown = {
        name
        for page in DOCS.rglob("*.md")
        for name in re.findall(r'"figures/([\w-]+)\.svg"', page.read_text(encoding="utf-8"))
    }
    assert drawn == kept == shown
    assert len(drawn) > 10


def test_no_id_of_a_picture_is_used_twice() -> None:
    # A page holds several, and an id that two of them use would lead from one into the other.
    pictures = [file.read_text(encoding="utf-8") for file in (DOCS / "figures").glob("*.svg")]
    ids = [each for text in pictures for each in re.findall(r' id="([^"]+)"', text)]
    assert len(ids) == len(set(ids)) > 20
    for text in pictures:
        own = set(re.findall(r' id="([^"]+)"', text))
        assert set(re.findall(r'(?:href="#|url\(#|aria-describedby=")([^")]+)', text)) <= own
