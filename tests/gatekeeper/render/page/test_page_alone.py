"""A page loads nothing, runs nothing, shows the words of others as words, and is the same to the byte."""

import base64
import hashlib
import re

import matplotlib
import pytest

from gatekeeper.render.page.page import render_page
from tests.gatekeeper.render.page import pages
from tests.gatekeeper.render.page.pages import CASES, HOSTILE, NOTHING
from tests.gatekeeper.render.page.seen import section, words


@pytest.mark.parametrize("case", CASES)
def test_a_page_names_no_other_file_and_holds_no_script(case: str) -> None:
    page = CASES[case]()
    assert not re.search(r"<(script|iframe|object|embed|img|base|form|input|video|audio)\b", page)
    assert not re.search(r"\b(src|srcset|style|on[a-z]+|xlink:href)=\"", re.sub(r">[^<]*<", "><", page))
    assert {each for each in re.findall(r'\bhref="([^"]*)"', page) if not each.startswith("#")} == {"data:,"}
    style = re.search(r"<style>(.*)</style>", page, re.DOTALL)
    assert style is not None
    assert not re.search(r"@import|@font-face|url\(", style[1])
    assert set(re.findall(r"url\(([^)]*)\)", page)) <= {
        f"#{each}" for each in re.findall(r'\bid="([^"]+)"', page)
    }


def test_the_policy_of_the_page_allows_its_style_sheet_and_nothing_else() -> None:
    page = pages.deployable()
    style = re.search(r"<style>(.*)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert f'content="{policy}"' in page


@pytest.mark.parametrize("case", CASES)
def test_ids_are_unique_and_references_lead_to_one(case: str) -> None:
    page = CASES[case]()
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    named = re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', page)
    linked = re.findall(r'href="#([^"]+)"', page)
    assert {*named, *linked} <= set(ids)


@pytest.mark.parametrize("case", CASES)
def test_every_status_is_a_word_with_a_symbol(case: str) -> None:
    page = CASES[case]()
    found = re.findall(
        r'<span class="status ([a-z]+)"><span aria-hidden="true">(.)</span> ([A-Z]+)</span>', page
    )
    assert len(found) == page.count('class="status ')
    assert all(name.upper() == word for name, _, word in found)


def test_the_words_of_others_are_shown_and_do_nothing() -> None:
    page = pages.hostile()
    assert "<script" not in page
    assert "onerror=alert(2)&gt;" in page
    assert "<img" not in page
    shown = words(page)
    assert shown.count(HOSTILE) >= 20
    assert "{{ 7 * 7 }}" in shown
    for key in ("windows", "training", "provenance"):
        assert HOSTILE in section(page, key)


def test_what_nobody_can_see_is_made_visible() -> None:
    page = render_page(pages.report_of(spec="a\x00b\u202ec\ud800d"), NOTHING)
    assert "a\ufffdb\ufffdc\ufffdd" in page
    assert not re.search(r"[\x00\u202e\ud800]", page)


def test_the_same_report_gives_the_same_bytes_whatever_the_users_matplotlib_looks_like() -> None:
    first = pages.deployable()
    before = dict(matplotlib.rcParams)
    with matplotlib.rc_context({"font.size": 30.0, "lines.linewidth": 9.0, "svg.hashsalt": "other"}):
        assert render_page(pages.report_of(), pages.full_extras()) == first
    assert dict(matplotlib.rcParams) == before
