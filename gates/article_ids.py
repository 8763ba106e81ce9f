"""Article ids as people have them, and the int64 numbers by which everything here counts articles.

Ids that fit int64 are their own numbers, so nothing changes for whoever has such. Others (64-bit hashes
above 2**63, text) get numbers 0, 1, ... by their rank in sorted order, and the bank keeps the ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, cast

import numpy as np
import numpy.typing as npt

from gates.contracts import ArticleId, ArticleIds, Bank, IntArray
from schemas.errors import DataError
from schemas.text import CONTROL

LONGEST = 1_000
"""Characters of an id: a web address fits."""

_INT64 = range(-(2**63), 2**63)
_UINT64 = range(2**64)


@dataclass(frozen=True, eq=False)
class Numbered:
    """Articles by number.

    Attributes:
        numbers: (n,) of each entry. ids: number -> id; None where the numbers are the ids.
    """

    numbers: IntArray
    ids: ArticleIds | None

    def id_of(self, number: int) -> ArticleId:
        """What people call an article."""
        return number if self.ids is None else self.ids[number]


def number_articles(values: npt.NDArray[np.generic] | Sequence[object], *, source: str) -> Numbered:
    """Numbers of articles that are named by integers of any width, or by text.

    Args:
        values: (n,) ids: an array of integers or of text, or Python values.
        source: where they are from, for messages.

    Raises:
        DataError: an id is neither, text and numbers are mixed, or a text is empty, too long or holds
            control characters.

    Example:
        >>> number_articles(["b", "a", "b"], source="bank").numbers.tolist()
        [1, 0, 1]
    """
    if not isinstance(values, np.ndarray):
        return _of_objects(values, source)
    if values.dtype.kind == "O":
        return _of_objects(values.tolist(), source)
    if values.dtype.kind == "i" or (values.dtype.kind == "u" and _fits(values)):
        return Numbered(values.astype(np.int64), None)
    if values.dtype.kind not in "uUS":
        raise DataError(
            f"{source}: article indices must be integers or texts, one a row; found {values.dtype} "
            f"{values.shape}"
        )
    distinct, places = np.unique(values, return_inverse=True)
    ranked = number_distinct([_plain(each, source) for each in distinct.tolist()], source=source)
    return Numbered(ranked.numbers[places], ranked.ids)


def number_distinct(ids: Sequence[ArticleId], *, source: str) -> Numbered:
    """:func:`number_articles` of ids of one kind that are all different, in any order.

    Integers that no 64 bits hold together, and those beyond, count as text.

    Raises:
        DataError: as there.
    """
    if all(type(each) is int for each in ids):
        whole = cast("Sequence[int]", ids)
        if all(each in _INT64 for each in whole):
            return Numbered(np.array(whole, dtype=np.int64), None)
        if not all(each in _UINT64 for each in whole):
            ids = [str(each) for each in whole]
    for each in ids:
        if isinstance(each, str):
            _refuse_text(each, source)
    order = sorted(range(len(ids)), key=lambda place: ids[place])
    numbers = np.empty(len(ids), dtype=np.int64)
    numbers[order] = np.arange(len(ids))
    return Numbered(numbers, cast(ArticleIds, tuple(ids[place] for place in order)))


def id_array(bank: Bank) -> npt.NDArray[np.generic]:
    """(N,) id of each row's article as people have it: int64, uint64 or text."""
    if bank.ids is None:
        return bank.articles
    if isinstance(bank.ids[0], int):
        return np.array(bank.ids, dtype=np.uint64)[bank.articles]
    return np.array(bank.ids)[bank.articles]


def check_id(value: object, what: str) -> ArticleId:
    """An id as it was written, or an error that says what ``what`` must be.

    Raises:
        DataError: it is neither a whole number nor text.
    """
    if isinstance(value, str) or type(value) is int:
        return value
    found = "nothing" if value is None else f"{type(value).__name__} {str(value)[:40]!r}"
    raise DataError(f"{what} must be a whole number or text; found {found}")


def refuse_mixed(number: ArticleId, text: ArticleId, source: str) -> NoReturn:
    """Ids of one file are all numbers or all text: 1 and "1" could be two articles or one.

    Raises:
        DataError: always.
    """
    raise DataError(
        f"{source}: article ids are numbers ({number!r}) and text ({text!r}); write all of them as one kind"
    )


def _of_objects(values: Sequence[object], source: str) -> Numbered:
    places: dict[ArticleId, int] = {}
    entries = np.empty(len(values), dtype=np.int64)
    for row, value in enumerate(values):
        each = check_id(value, f"{source}: the article id of row {row}")
        entries[row] = places.setdefault(each, len(places))
    distinct = list(places)
    text = next((each for each in distinct if isinstance(each, str)), None)
    number = next((each for each in distinct if not isinstance(each, str)), None)
    if text is not None and number is not None:
        refuse_mixed(number, text, source)
    ranked = number_distinct(distinct, source=source)
    return Numbered(ranked.numbers[entries], ranked.ids)


def _fits(values: npt.NDArray[Any]) -> bool:
    return not len(values) or int(values.max()) in _INT64


def _plain(value: ArticleId | bytes, source: str) -> ArticleId:
    try:
        return value.decode("utf-8") if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        raise DataError(f"{source}: the article id {value!r} is no UTF-8; write ids as text") from None


def _refuse_text(text: str, source: str) -> None:
    if not text.strip():
        raise DataError(f"{source}: an article id is empty; give every article a name")
    if len(text) > LONGEST:
        raise DataError(
            f"{source}: the article id {text[:40]!r}... has {len(text)} characters; {LONGEST} are enough"
        )
    if CONTROL.search(text):
        raise DataError(f"{source}: the article id {text[:80]!r} holds control characters; leave them out")
