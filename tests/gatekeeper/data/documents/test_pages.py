"""Pages to text: what is read as text stays, in paragraphs; what surrounds it goes."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.data.documents.pages import page_text
from schemas.errors import UsageError

PAGE = """<!DOCTYPE html><html><head><title> A
 page </title><style>p {}</style></head><body>
<header><a href=/>Site</a></header><nav><ul><li>Home<li>About</ul></nav>
<main><h1>Heading<a class=headerlink href=#h>¶</a></h1>
<p>One <b>bold</b>&amp;<i>fine</i> sentence<!-- no -->.
It goes on.</p><script>x()</script>
<ul><li>first<li>second <em>item</em></ul>
<table><tr><th>a</th><td>b</td></tr><tr><td>c</td></tr></table>
<pre>code()</pre><p hidden>never shown</p>
<p>line<br>next<br><br>another</p>tail<div>inner</div>rest</main>
<aside>beside</aside><footer>Copyright</footer></body></html>"""


def test_a_page_becomes_paragraphs() -> None:
    found = page_text(PAGE)
    assert found.title == "A page"
    assert found.text.split("\n\n") == [
        "Heading",
        "One bold&fine sentence. It goes on.",
        "first",
        "second item",
        "a b",
        "c",
        "line next",
        "another",
        "tail",
        "inner",
        "rest",
    ]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<p>a<p>b", "a\n\nb"),
        ("<body><nav>menu</nav><p>text</p><aside>note</aside></body>", "text\n\nnote"),  # no main part
        ("<article>one</article><article>two</article>", "one\n\ntwo"),  # two: neither is the main part
        ("<div>menu</div><article>one</article>", "one"),
        ("<div>menu</div><div role=main>one</div>", "one"),
        ("<pre>all there\nis</pre>", "all there is"),
        ("<p>a <code>b()</code></p><pre>c()</pre>", "a b()"),
        ("<a><span>kept</span></a> <a>¶</a>", "kept"),
        ('<?xml version="1.0" encoding="iso-8859-1"?><html><body><p>é</p></body></html>', "é"),
        ("<select><option>1</select><button>go</button><textarea>x</textarea>y", "y"),
        ("<svg><title>no</title></svg>text", "text"),
    ],
)
def test_what_counts_as_text(page: str, text: str) -> None:
    assert page_text(page).text == text


@pytest.mark.parametrize(
    ("page", "title"), [("<h1>A <b>b</b></h1>", "A b"), ("<title></title><h1>x</h1>", "x"), ("<p>x", None)]
)
def test_the_first_heading_is_the_title_where_the_head_has_none(page: str, title: str | None) -> None:
    assert page_text(page).title == title


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=80))
def test_no_text_is_anything_but_a_page(page: str) -> None:
    text = page_text(page).text
    assert all(" ".join(each.split()) == each != "" for each in text.split("\n\n") if text)


def test_deep_and_wide_pages_end_soon() -> None:
    assert page_text("<div>" * 50_000 + "deep").text in ("", "deep")
    assert page_text("<p>" + "<b>x</b>" * 50_000).text == "x" * 50_000


def test_without_lxml_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lxml", None)
    with pytest.raises(UsageError, match=r"^lxml is not installed; pip install '.+\[documents\]'$"):
        page_text("<p>x")
