"""The articles that the rows of a table name, and what the table says of each."""

import functools
import re
from array import array

import numpy as np

from gatekeeper.data.formats.repair import Repairs
from gatekeeper.data.formats.roles import Roles, plain
from gatekeeper.data.formats.tables import Batch, Table, where
from gates.article_ids import Numbered, check_id, number_distinct, refuse_mixed
from gates.contracts import ArticleId

_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,19}")


class Articles:
    """Articles in the order in which rows name them first."""

    def __init__(self, table: Table, roles: Roles) -> None:
        """Of a table; without a column of articles every row is one, numbered from 0."""
        self._table, self._roles = table, roles
        self._places: dict[ArticleId, int] = {}
        self._rows = array("q")
        self._titles: dict[int, str] = {}
        self._repairs = Repairs()
        self._others: dict[str, list[str | None]] = {name: [] for name in roles.others}
        self._differ: set[str] = set()

    @property
    def count(self) -> int:
        """Distinct articles so far."""
        return len(self._places)

    def add(self, batch: Batch) -> None:
        """Append the rows of a batch.

        Raises:
            DataError: an id is neither a whole number nor text, or is not of the kind of the others.
        """
        name, known = self._roles.article, self._places
        before, start = len(known), len(self._rows)
        values = range(start, start + len(batch.places)) if name is None else batch.columns[name]
        for value, place in zip(values, batch.places, strict=True):
            if type(value) is not int and type(value) is not str:
                value = check_id(value, f"{where(self._table, place)}: {name}")
            found = known.get(value)
            if found is None:
                self._refuse_other_kind(value, place)
                found = known[value] = len(known)
            self._rows.append(found)
        rows = self._rows[start:]
        self._add_titles(batch, rows)
        for column, kept in self._others.items():
            self._add_values(column, kept, batch, rows, before)

    @functools.cached_property
    def ranked(self) -> Numbered:
        """Each article once; asked for once all are there.

        Raises:
            DataError: an id is empty, too long or holds control characters.
        """
        ids = list(self._places)
        if not self._table.typed and all(isinstance(each, str) and _WHOLE.fullmatch(each) for each in ids):
            ids = [int(each) for each in ids]
        return number_distinct(ids, source=self._table.source)

    def numbered(self) -> Numbered:
        """The article of each row."""
        return Numbered(self.ranked.numbers[np.frombuffer(self._rows, dtype=np.int64)], self.ranked.ids)

    def titles(self) -> dict[ArticleId, str]:
        """Article -> its first title."""
        numbers = self.ranked.numbers.tolist()
        return {self.ranked.id_of(numbers[place]): title for place, title in self._titles.items()}

    def columns(self) -> dict[str, tuple[str | None, ...]]:
        """What else is known: name -> a value for each article, ascending by number."""
        order = np.argsort(self.ranked.numbers).tolist()
        return {name: tuple(kept[place] for place in order) for name, kept in self._others.items()}

    def notes(self) -> tuple[str, ...]:
        """What a user should know."""
        if not self._differ:
            return ()
        named = ", ".join(name for name in self._others if name in self._differ)
        return (f"{self._table.source}: {named} differ within an article; of each the first value is kept",)

    def _add_titles(self, batch: Batch, rows: "array[int]") -> None:
        if self._roles.title is None:
            return
        for row, title in zip(rows, batch.columns[self._roles.title], strict=True):
            if isinstance(title, str) and row not in self._titles:
                self._titles[row] = self._repairs.text(title)

    def _add_values(
        self, column: str, kept: list[str | None], batch: Batch, rows: "array[int]", before: int
    ) -> None:
        kept.extend([None] * (self.count - before))
        seen = before
        for row, value in zip(rows, batch.columns[column], strict=True):
            text = plain(value)
            if row >= seen:
                kept[row], seen = text, row + 1
            elif text is not None and kept[row] != text:
                self._differ.add(column)

    def _refuse_other_kind(self, value: ArticleId, place: int) -> None:
        first = next(iter(self._places), value)
        if type(first) is not type(value):
            number, text = (value, first) if isinstance(first, str) else (first, value)
            refuse_mixed(number, text, where(self._table, place))
