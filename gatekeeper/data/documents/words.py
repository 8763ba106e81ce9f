"""How many words a text has, also where no spaces stand between words.

A word is a run of characters without white space. Chinese and Japanese put two characters to a word on
average, Thai, Lao, Khmer and Burmese four letters beside vowel signs and tone marks; nothing here looks words
up, so that the same text has the same words wherever it is read. A run of more than 40 characters, a web
address or what a picture looks like in base64, counts as one word for each 40 that have begun: so a text of
few words is never long.
"""

import re
from collections.abc import Iterator

LONGEST = 40
"""Characters of a word; longer ones count as several."""

_PAIRS = "\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
_LETTERS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_MARKS = (
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u1056-\u1059\u17b4-\u17d3"
)
_JOINED = "\u0300-\u036f\u200d\ufe0e\ufe0f"  # belongs to the character before it

_UNSPACED = re.compile(f"[{_PAIRS}{_LETTERS}]")
_PAIRED = re.compile(f"[{_PAIRS}]")
_LETTER = re.compile(f"(?![{_MARKS}])[{_LETTERS}]")
_PIECE = re.compile(
    f"[{_PAIRS}]{{1,2}}"
    f"|(?:[{_LETTERS}][{_MARKS}]{{0,4}}){{1,4}}"
    f"|[^\\s{_PAIRS}{_LETTERS}]{{1,{LONGEST - 8}}}[{_JOINED}]{{0,8}}"
)


def count_words(text: str) -> int:
    """Words of a text; of its parts together never fewer.

    Example:
        >>> count_words("Nobody  knows."), count_words("今天天气很好"), count_words("a" * 100)
        (2, 3, 3)
    """
    runs = text.split()
    if _UNSPACED.search(text) is None:
        return sum(-(-len(run) // LONGEST) for run in runs)
    return sum(_of_run(run) for run in runs)


def cut_run(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Spans of about a word each that cover ``text[start:end]`` but white space."""
    for found in _PIECE.finditer(text, start, end):
        yield found.span()


def _of_run(run: str) -> int:
    pairs, letters = len(_PAIRED.findall(run)), len(_LETTER.findall(run))
    # In parts of a word that are whole numbers, so that nothing is rounded before the end.
    return -(-(LONGEST // 2 * pairs + LONGEST // 4 * letters + len(run) - pairs - letters) // LONGEST)
