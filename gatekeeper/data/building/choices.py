"""Articles chosen by what is known of them: patterns of ids, values of a column, dates, files of ids."""

import fnmatch
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np

from gatekeeper.config.articles import ArticleList
from gatekeeper.data.article_lookup import find_articles
from gates.contracts import Bank, IntArray
from schemas.disk.opening import open_regular, why
from schemas.errors import DataError, UsageError
from schemas.names import did_you_mean
from schemas.text import printable

Columns = Mapping[str, tuple[str | None, ...]]
"""Name -> a value for each distinct article, in the order of their numbers; None where there is none."""

_SHOWN = 5
_LONGEST_FILE = 64 * 2**20
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_BOUND = re.compile(r"(.+?)(>=|<=|>|<|=)([^<>=]*)")
_COMPARED: Mapping[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}


class Choice(Protocol):
    """What tells the articles of a split from others."""

    def take(self, bank: Bank, columns: Columns) -> IntArray:
        """Numbers of the chosen articles, ascending; may be none.

        Raises:
            DataError: what it goes by is not there.
        """
        ...


def parse_choice(text: str) -> Choice | None:
    """Read ``glob:web/*,*.md``, ``column:source=wiki``, ``date:published>=2020-01-01`` or ``file:ids.txt``.

    Returns:
        None of a text that begins like none of them: it is a list of articles.

    Raises:
        UsageError: it begins like one, or nearly, and is none.
    """
    kind, sign, rest = text.partition(":")
    reader = _READERS.get(kind)
    if reader is not None and sign:
        return reader(rest)
    if sign and (hint := did_you_mean(kind, [name for name in _READERS if _alike(kind, name)])):
        raise UsageError(f"--split: {printable(text)!r}: {hint} A list of articles has such an id in quotes")
    return None


@dataclass(frozen=True)
class Glob:
    """Articles whose id fits one of the patterns: ``*`` any text, ``?`` a character, ``[ab]`` one of them."""

    patterns: tuple[str, ...]

    def take(self, bank: Bank, columns: Columns) -> IntArray:
        """Numbers of the articles that fit."""
        fits = [re.compile(fnmatch.translate(each)).match for each in self.patterns]
        return _where(bank, (any(fit(str(each)) for fit in fits) for each in _ids(bank)))


@dataclass(frozen=True)
class Column:
    """Articles with one of some values in a column."""

    name: str
    values: frozenset[str]

    def take(self, bank: Bank, columns: Columns) -> IntArray:
        """Numbers of the articles with such a value.

        Raises:
            DataError: there is no such column, or no article has one of the values.
        """
        column = _column(bank, columns, self.name)
        known = list(dict.fromkeys(each for each in column if each is not None))
        for value in sorted(self.values.difference(known)):
            shown = ", ".join(printable(each) for each in known[:_SHOWN])
            hint = did_you_mean(value, known) or f"its values are {shown}{', ...' if known[_SHOWN:] else ''}"
            raise DataError(f"{bank.source}: no article has {value!r} in the column {self.name!r}; {hint}")
        return _where(bank, (each in self.values for each in column))


@dataclass(frozen=True)
class Dated:
    """Articles by a date, compared as far as the bound goes: ``=2020`` is that year, ``>2020`` later ones."""

    name: str
    compared: str
    bound: tuple[int, ...]

    def take(self, bank: Bank, columns: Columns) -> IntArray:
        """Numbers of the articles with such a date.

        Raises:
            DataError: there is no such column, or a value in it is no date.
        """
        compare, width = _COMPARED[self.compared], len(self.bound)
        dates = (_date(bank, self.name, each) for each in _column(bank, columns, self.name))
        return _where(bank, (each is not None and compare(each[:width], self.bound) for each in dates))

    def undated(self, bank: Bank, columns: Columns) -> IntArray:
        """Numbers of the articles without a date."""
        column = _column(bank, columns, self.name)
        return _where(bank, (each is None or not each.strip() for each in column))


@dataclass(frozen=True)
class Listed:
    """Articles whose ids a file lists, one a line."""

    path: Path

    def take(self, bank: Bank, columns: Columns) -> IntArray:
        """Numbers of the listed articles.

        Raises:
            DataError: the file cannot be read, or names an article that is not there.
        """
        try:
            with open_regular(self.path) as file:
                data = file.read(_LONGEST_FILE + 1)
            lines = data.decode("utf-8-sig").splitlines()
        except OSError as error:
            raise DataError(f"cannot read {self.path}: {why(error)}") from None
        except UnicodeDecodeError:
            raise DataError(f"{self.path} is no UTF-8; write one id a line") from None
        if len(data) > _LONGEST_FILE:
            raise DataError(f"{self.path} is larger than {_LONGEST_FILE >> 20} MiB; write one id a line")
        names = tuple(dict.fromkeys(each for line in lines if (each := line.strip())))
        return find_articles(bank, ArticleList((), names), f"of {self.path}")


def _glob(text: str) -> Glob:
    patterns = tuple(each.strip() for each in text.split(","))
    if not all(patterns):
        raise UsageError(f"--split: 'glob:{text}': expected patterns of ids, such as glob:web/*,*.md")
    return Glob(patterns)


def _equal(text: str) -> Column:
    name, sign, values = text.partition("=")
    if not sign or not name or not values:
        raise UsageError(f"--split: 'column:{text}': expected NAME=VALUE, such as column:source=wiki,news")
    return Column(name.strip(), frozenset(each.strip() for each in values.split(",")))


def _dated(text: str) -> Dated:
    found = _BOUND.fullmatch(text)
    date = None if found is None else _DATE.fullmatch(found[3].strip())
    if found is None or date is None:
        raise UsageError(
            f"--split: 'date:{text}': expected a column, one of >=, >, <=, <, =, and a date such as "
            "2020-01-31, 2020-01 or 2020"
        )
    return Dated(found[1].strip(), found[2], tuple(int(each) for each in date.groups() if each is not None))


def _listed(text: str) -> Listed:
    if not text:
        raise UsageError("--split: 'file:': expected the path of a file with one id a line")
    return Listed(Path(text))


_READERS: Mapping[str, Callable[[str], Choice]] = {
    "glob": _glob,
    "column": _equal,
    "date": _dated,
    "file": _listed,
}


def _alike(kind: str, name: str) -> bool:
    """Whether one is the other with a letter more or less; ids may well begin with a word and a colon."""
    return (
        kind != name and (name.startswith(kind) or kind.startswith(name)) and abs(len(kind) - len(name)) == 1
    )


def _ids(bank: Bank) -> Iterable[object]:
    return (bank.id_of(number) for number in np.unique(bank.articles).tolist())


def _where(bank: Bank, chosen: Iterable[bool]) -> IntArray:
    numbers = np.unique(bank.articles)
    return numbers[np.fromiter(chosen, dtype=np.bool_, count=len(numbers))]


def _column(bank: Bank, columns: Columns, name: str) -> Sequence[str | None]:
    found = columns.get(name)
    if found is not None:
        return found
    known = f"its columns are {', '.join(map(printable, columns))}" if columns else "it has no columns"
    raise DataError(f"{bank.source} has no column {name!r}; {did_you_mean(name, columns) or known}")


def _date(bank: Bank, name: str, value: str | None) -> tuple[int, int, int] | None:
    if value is None or not value.strip():
        return None
    text = value.strip()
    short = _DATE.fullmatch(text)
    try:
        if short is not None:
            date = datetime(int(short[1]), int(short[2] or 1), int(short[3] or 1))
        else:
            date = datetime.fromisoformat(text)
    except ValueError:
        raise DataError(
            f"{bank.source}: the column {name!r} holds {printable(text[:40])!r}; expected dates such as "
            "2020-01-31"
        ) from None
    return date.year, date.month, date.day
