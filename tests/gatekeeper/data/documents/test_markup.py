"""Markdown and reStructuredText to text: markup and blocks of code go, what they mark stays."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.data.documents.markup import markdown_text, rst_text

MARKDOWN = """---
title: Metadata
date: 2020-01-01
---
# A title

Some *emphasis*, `code()`, a [link](a.md "t") and ~~struck~~ text
that goes on.\\
After a break.

```python
x = 1
```

    indented = 2

- one
- two
  1. inner

> quoted

| a | b |
|---|---|
| c | d |

![a picture](x.png)

<p align="center">Raw <b>page</b></p>

---
End.
"""

RST = """
A title
=======

.. _target:

Some *emphasis*, ``code()``, a `link <a.html>`_, :ref:`that <target>`, :py:func:`~a.b` and |sub|.

.. |sub| replace:: a substitute
.. comment

.. code-block:: python

   x = 1

Literal::

   y = 2

- one
- two

.. note:: Take note.

.. versionadded:: 3.1
   New there.

.. py:function:: f(x)
   :noindex:

   What it does.

.. toctree::

   other
   pages

.. include:: /etc/hostname
.. raw:: html

   <p>raw</p>

===== =====
a     b
===== =====
c     d
===== =====

Term
   Its definition.
"""


def test_markdown_becomes_paragraphs() -> None:
    found = markdown_text(MARKDOWN)
    assert found.title == "A title"
    assert found.text.split("\n\n") == [
        "A title",
        "Some emphasis, code(), a link and struck text that goes on. After a break.",
        "one",
        "two",
        "inner",
        "quoted",
        "a b",
        "c d",
        "Raw page",
        "End.",
    ]


def test_rst_becomes_paragraphs() -> None:
    found = rst_text(RST)
    assert found.title == "A title"
    assert found.text.split("\n\n") == [
        "A title",
        "Some emphasis, code(), a link, that, a.b and a substitute.",
        "Literal:",
        "one",
        "two",
        "Note",
        "Take note.",
        "New there.",
        "What it does.",
        "a b",
        "c d",
        "Term",
        "Its definition.",
    ]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("---\nno end\n\ntext", "no end\n\ntext"),
        ("+++\na = 1\n+++\ntext", "text"),
        ("text\n---\nmore", "text\n\nmore"),  # a heading that is underlined
        ("```\nall there is\n```", "all there is"),
        ("", ""),
    ],
)
def test_only_what_heads_a_file_is_metadata(source: str, text: str) -> None:
    assert markdown_text(source).text == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("", ""),
        (":unknown:`shown`", "shown"),
        (":a:b:`C <d>` and :x:`<y>`", "C and <y>"),
        ("A title\n=====\n\nshort underline", "A title\n\nshort underline"),
        (".. no-such:: arg\n\n   Content *here*.", "Content here."),
        ("x" * 20_000, "x" * 20_000),  # docutils refuses long lines unless it is told
    ],
)
def test_rst_of_others_is_read_through(source: str, text: str) -> None:
    assert rst_text(source).text == text


TEXT = st.text(st.sampled_from("ab\n *_`:.|[]<>()-=#~\\\t&"), max_size=60)


@given(TEXT)
def test_no_text_is_anything_but_markdown(source: str) -> None:
    markdown_text(source)


@settings(max_examples=40)
@given(TEXT)
def test_no_text_is_anything_but_rst(source: str) -> None:
    rst_text(source)
