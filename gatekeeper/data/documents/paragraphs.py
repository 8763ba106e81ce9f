"""Where the paragraphs of a text lie."""

import re

Span = tuple[int, int]
"""First character and the one after the last."""

_WIDEST = 120
"""Characters of a line; in a text that is wrapped by hand none is longer."""

_BLANK = re.compile(r"[\S].*(?:\n[^\S\n]*\S.*)*")
_LINE = re.compile(r"\S.*")


def paragraph_spans(text: str) -> list[Span]:
    r"""The paragraphs of a text, without the white space around them, in order.

    Blank lines stand between paragraphs. Where at least half of the characters stand in lines of more than
    120, nobody wrapped the text by hand, and every line is a paragraph.

    Example:
        >>> [slice(*span) for span in paragraph_spans("One\nline.\n\n Two. ")]
        [slice(0, 9, None), slice(12, 16, None)]
    """
    found = (_LINE if _is_unwrapped(text) else _BLANK).finditer(text)
    return [(each.start(), each.start() + len(each[0].rstrip())) for each in found]


def _is_unwrapped(text: str) -> bool:
    return 2 * sum(len(line) for line in text.split("\n") if len(line) > _WIDEST) >= max(1, len(text))
