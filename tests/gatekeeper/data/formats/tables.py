"""A table in memory, for the tests of what all tables go through."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gatekeeper.data.formats.tables import SAMPLE, Batch, Values


@dataclass(frozen=True)
class MemoryTable:
    """Columns by name, in batches of so many rows."""

    columns: Mapping[str, Values]
    size: int = 2
    typed: bool = True
    source: str = "t"
    column: str = "column"
    row: str = "row"

    def sample(self) -> dict[str, Values]:
        return {name: values[:SAMPLE] for name, values in self.columns.items()}

    def batches(self, names: Sequence[str]) -> Iterator[Batch]:
        rows = len(next(iter(self.columns.values())))
        for start in range(0, rows, self.size):
            part = slice(start, start + self.size)
            yield Batch({name: self.columns[name][part] for name in names}, range(rows)[part])
