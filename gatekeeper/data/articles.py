"""Lists of articles as text: ``0-39,45,50-59``."""

import re
from collections.abc import Iterable

from schemas.errors import UsageError

_PART = re.compile(r"(\d{1,18})(?:\s*-\s*(\d{1,18}))?", flags=re.ASCII)
_MOST = 10_000_000
"""More articles than a list may name; ``0-999999999999`` is a typing error, not a split."""


def parse_articles(text: str) -> tuple[int, ...]:
    """Read a list of articles.

    Args:
        text: article indices and inclusive ranges, separated by commas; blanks do not matter.

    Returns:
        The indices, ascending, each once.

    Raises:
        UsageError: a part is neither a number nor a range, a range runs backwards, or the list
            names an absurd number of articles.

    Example:
        >>> parse_articles("3, 0-2,7")
        (0, 1, 2, 3, 7)
    """
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        if match is None:
            raise UsageError(
                f"article list {text!r}: expected numbers and ranges such as 0-39,45, found {part.strip()!r}"
            )
        low = int(match[1])
        high = low if match[2] is None else int(match[2])
        if high < low:
            raise UsageError(f"article list {text!r}: range {low}-{high} runs backwards; write {high}-{low}")
        if high - low >= _MOST:
            raise UsageError(f"article list {text!r}: range {low}-{high} names more than {_MOST} articles")
        found.update(range(low, high + 1))
    return tuple(sorted(found))


def format_articles(articles: Iterable[int]) -> str:
    """Write a list of articles; the inverse of :func:`parse_articles`.

    Example:
        >>> format_articles([7, 0, 1, 2, 3])
        '0-3,7'
    """
    ranges: list[list[int]] = []
    for article in sorted(set(articles)):
        if ranges and article == ranges[-1][1] + 1:
            ranges[-1][1] = article
        else:
            ranges.append([article, article])
    return ",".join(f"{low}" if low == high else f"{low}-{high}" for low, high in ranges)
