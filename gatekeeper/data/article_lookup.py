"""What a list of articles means in a bank, and a bank's articles as a list."""

import bisect
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gatekeeper.config.articles import ArticleList, format_articles, is_number, is_padded, merge_ranges
from gates.contracts import ArticleId, Bank, IntArray
from schemas.errors import DataError
from schemas.names import did_you_mean
from schemas.reading.file_kinds import name_of
from schemas.text import printable

_SHOWN = 5  # missing articles named in a message
_COMPARED = 5_000  # ids that a mistyped one is compared with
_INT64 = np.iinfo(np.int64)


def listed_articles(bank: Bank, articles: IntArray) -> str | list[str]:
    """Articles of a bank as a configuration lists them: numbers as a text of ranges, names one by one."""
    ids = [bank.id_of(article) for article in articles]
    numbers = [each for each in ids if isinstance(each, int)]
    return format_articles(numbers) if numbers else [str(each) for each in ids]


def find_articles(
    bank: Bank, wanted: ArticleList, split: str, *, folders: Iterable[Path] = (Path(),)
) -> IntArray:
    """Numbers of the listed articles in a bank, ascending.

    Args:
        bank: the bank.
        wanted: the list.
        split: what they are for, for messages.
        folders: where a name that is no article's may be a file's, which is then told.

    Raises:
        DataError: the bank lacks one.
    """
    present = np.unique(bank.articles)
    if bank.ids is None:
        found, missing = find_numbers(present, wanted)
    else:
        ids: Sequence[ArticleId] = bank.ids
        found, missing = _among_ids({each: number for number, each in enumerate(ids)}, wanted)
    if missing.count:
        ends = bank.id_of(present[0]), bank.id_of(present[-1])
        hint = _nearest(missing, bank.ids or ())
        raise DataError(f"split {split!r}{_told(missing, bank.source, ends, folders)}{hint}")
    return found


@dataclass(frozen=True)
class Missing:
    """Articles a bank lacks: how many, and the first of them."""

    count: int
    first: Sequence[ArticleId]


def _told(missing: Missing, source: str, ends: tuple[ArticleId, ArticleId], folders: Iterable[Path]) -> str:
    """What is missing, and that it is a file where it is one: articles are called by names of files too."""
    named = [folder / each for folder in folders for each in missing.first if isinstance(each, str)]
    file = next(filter(os.path.exists, named), None)
    span = f"its articles are {ends[0]} to {ends[1]}"
    if file is not None:
        return (
            f": {name_of(file)}, and {source} has no article of that name; {span}, and a file of sequences "
            "ends in .npz"
        )
    hint = ""
    if isinstance(ends[0], int) and isinstance(missing.first[0], str) and not is_number(missing.first[0]):
        hint = ", named by numbers and ranges such as 0-39,45"
    shown = ", ".join(printable(str(each)) for each in missing.first)
    return f" names {missing.count} article(s) that {source} lacks, first {shown}; {span}{hint}"


def _nearest(missing: Missing, ids: Sequence[ArticleId]) -> str:
    """The article that is called nearly as the first missing one; looked for among a few thousand."""
    name = missing.first[0]
    known = [each for each in ids if isinstance(each, str)] if len(ids) <= _COMPARED else []
    hint = did_you_mean(name, known) if isinstance(name, str) else ""
    return f"; {printable(hint)}" if hint else ""


def find_numbers(present: IntArray, wanted: ArticleList) -> tuple[IntArray, Missing]:
    """The listed numbers among ``present`` (n,), both ascending, and what is not there."""
    # A name may be 007, or a number in quotes. What lies beyond int64 is in no such bank.
    ranges = [*wanted.ranges, *((int(name), int(name)) for name in wanted.names if is_number(name))]
    missing: list[ArticleId] = [name for name in wanted.names if not is_number(name)]
    count = len(missing)
    merged = merge_ranges(ranges)
    inside = [(low, high) for low, high in merged if low >= _INT64.min and high <= _INT64.max]
    outside = [low for low, high in merged if low < _INT64.min or high > _INT64.max]
    missing += outside
    count += len(outside)
    ends = np.array(inside, dtype=np.int64).reshape(-1, 2)
    first = np.searchsorted(present, ends[:, 0])
    last = np.searchsorted(present, ends[:, 1], side="right")
    lacking = ends[:, 1] - ends[:, 0] + 1 - (last - first)
    for place in np.flatnonzero(lacking)[:_SHOWN].tolist():
        low, high = inside[place]
        missing += _absent(
            low, high, set(present[first[place] : last[place]].tolist()), _SHOWN - len(missing)
        )
    chosen = np.zeros(len(present) + 1, dtype=np.int64)
    np.add.at(chosen, first, 1)
    np.add.at(chosen, last, -1)
    found = present[np.cumsum(chosen)[:-1] > 0]
    return found, Missing(count + int(lacking.sum()), missing[:_SHOWN])


def _among_ids(numbers: Mapping[ArticleId, int], wanted: ArticleList) -> tuple[IntArray, Missing]:
    whole = not isinstance(next(iter(numbers)), str)
    spelt: dict[int, int] = {}
    for known, number in numbers.items():
        if not isinstance(known, str):
            spelt[known] = number
        elif is_number(known) and not is_padded(known):
            spelt[int(known)] = number
    values = sorted(spelt)
    found: list[int] = []
    missing: list[ArticleId] = []
    for name in wanted.names:
        # In a bank of numbers a name may be 007, or a number in quotes.
        each: ArticleId = int(name) if whole and is_number(name) else name
        if each in numbers:
            found.append(numbers[each])
        else:
            missing.append(name)
    count = len(missing)
    for low, high in wanted.ranges:
        inside = values[bisect.bisect_left(values, low) : bisect.bisect_right(values, high)]
        found += [spelt[each] for each in inside]
        if len(inside) < high - low + 1:
            count += high - low + 1 - len(inside)
            missing += _absent(low, high, set(inside), _SHOWN - len(missing))
    return np.unique(np.array(found, dtype=np.int64)), Missing(count, missing[:_SHOWN])


def _absent(low: int, high: int, present: set[int], most: int) -> list[int]:
    found: list[int] = []
    for each in range(low, high + 1):
        if len(found) >= most:
            break
        if each not in present:
            found.append(each)
    return found
