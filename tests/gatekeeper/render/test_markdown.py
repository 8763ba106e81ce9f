"""Text of others is words in markdown, whatever it holds."""

import pytest

from gatekeeper.render.markdown import escape

GAP = "\u200b"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("best_model.pt", r"best\_model.pt"),
        ("a <b> & c", "a &lt;b&gt; &amp; c"),
        ("&lt;", "&amp;lt;"),
        ("[x](y) ![z]", r"\[x\](y) \!\[z\]"),
        (r"a\*b", r"a\\\*b"),
        ("| cell | # head ~~gone~~", r"\| cell \| \# head \~\~gone\~\~"),
        ("@somebody", f"@{GAP}somebody"),
        ("a@b.example", "a@b.example".replace("@", f"@{GAP}")),
        ("https://x.example", f"https:{GAP}//x.example"),
        ("www.x.example", f"w{GAP}ww.x.example"),
        ("plain words, 0.5 >= 0.1", "plain words, 0.5 &gt;= 0.1"),
    ],
)
def test_what_markdown_reads_is_written_so_that_it_does_not(text: str, escaped: str) -> None:
    assert escape(text) == escaped


@pytest.mark.parametrize("text", ["r@5", "@ 5", "a: //b"])
def test_a_metric_is_no_mention(text: str) -> None:
    assert escape(text) == text
