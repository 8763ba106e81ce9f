"""Lists of articles as text: ``0-39,45,50-59``, ``-5--1``, ``iris,"a, b"``."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from schemas.errors import UsageError

_NUMBER = r"-?[0-9]{1,40}"
_RANGE = re.compile(rf"({_NUMBER})(?:\s*-\s*({_NUMBER}))?")
_TOKEN = re.compile(r'"[^"]*"?|,|[^",]+')
_QUOTED = re.compile(r'"((?:[^"]|"")+)"')
_MOST = 10_000_000
"""More articles than a range may name; ``0-999999999999`` is a typing error, not a split."""

_BLOCK = 100_000  # ranges held before neighbours are joined


@dataclass(frozen=True)
class ArticleList:
    """Articles as somebody listed them.

    Attributes:
        ranges: first and last number of each, ascending; neither overlapping nor adjacent. In a bank whose
            ids are text they name the texts that spell these numbers.
        names: ids that are text, each once.
    """

    ranges: tuple[tuple[int, int], ...] = ()
    names: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many articles the list names."""
        return len(self.names) + sum(high - low + 1 for low, high in self.ranges)

    def __str__(self) -> str:
        """The list as :func:`parse_articles` reads it."""
        escaped = (name.replace('"', '""') for name in self.names)
        return ",".join([*_written(self.ranges), *(f'"{name}"' for name in escaped)])


def parse_articles(text: str) -> ArticleList:
    """Read a list of articles.

    Args:
        text: ids and inclusive ranges of numbers, separated by commas; blanks do not matter. An id that
            looks like a range, or holds a comma, stands in double quotes (``""`` is one of them inside).

    Raises:
        UsageError: a part is empty, a quote is not closed, a range runs backwards or names an absurd number
            of articles.

    Example:
        >>> parse_articles('3, 0-2,7, iris,"2020-01"')
        ArticleList(ranges=((0, 3), (7, 7)), names=('iris', '2020-01'))
    """
    ranges: tuple[tuple[int, int], ...] = ()
    names: dict[str, None] = {}
    pending: list[tuple[int, int]] = []
    for part in _parts(text):
        match, quoted = _RANGE.fullmatch(part), _QUOTED.fullmatch(part)
        if quoted is not None:
            names[quoted[1].replace('""', '"')] = None
        elif not part or '"' in part:
            raise UsageError(
                f"article list {_short(text)}: expected numbers and ranges such as 0-39,45, or names, "
                f"found {_short(part)}"
            )
        elif match is None or is_padded(part):
            names[part] = None
        else:
            pending.append(_range(match, text))
        if len(pending) == _BLOCK:
            ranges, pending = merge_ranges([*ranges, *pending]), []
    return ArticleList(merge_ranges([*ranges, *pending]), tuple(names))


def list_articles(ids: Collection[int | str]) -> ArticleList:
    """A list of single articles by their ids."""
    numbers = [(each, each) for each in ids if isinstance(each, int)]
    return ArticleList(
        merge_ranges(numbers), tuple(dict.fromkeys(each for each in ids if isinstance(each, str)))
    )


def format_articles(articles: Iterable[int]) -> str:
    """Write a list of numbered articles, which :func:`parse_articles` reads back.

    Example:
        >>> format_articles([7, 0, 1, 2, 3, -2, -1])
        '-2-3,7'
    """
    return ",".join(_written(merge_ranges([(article, article) for article in articles])))


def _written(ranges: Iterable[tuple[int, int]]) -> Iterator[str]:
    return (f"{low}" if low == high else f"{low}-{high}" for low, high in ranges)


def _parts(text: str) -> Iterator[str]:
    """What stands between commas outside of quotes, stripped."""
    part = ""
    for token in _TOKEN.finditer(text):
        if token[0] == ",":
            yield part.strip()
            part = ""
        else:
            part += token[0]
    yield part.strip()


def _range(match: re.Match[str], text: str) -> tuple[int, int]:
    low = int(match[1])
    high = low if match[2] is None else int(match[2])
    if high < low:
        raise UsageError(
            f"article list {_short(text)}: range {low}-{high} runs backwards; write {high}-{low}, or "
            f'"{match[0]}" in quotes if that is an id'
        )
    if high - low >= _MOST:
        raise UsageError(f"article list {_short(text)}: range {low}-{high} names more than {_MOST} articles")
    return low, high


def is_number(text: str) -> bool:
    """Whether a text spells a whole number, maybe with zeros in front."""
    return re.fullmatch(_NUMBER, text) is not None


def is_padded(text: str) -> bool:
    """Whether it does so with zeros in front, which an id that is text may need."""
    return re.fullmatch(r"-?0[0-9]+|-0", text) is not None


def merge_ranges(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The same numbers as ascending ranges that neither overlap nor are adjacent."""
    merged: list[list[int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1][1] = max(high, merged[-1][1])
        else:
            merged.append([low, high])
    return tuple((low, high) for low, high in merged)


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}...")
