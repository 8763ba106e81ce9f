"""JSON lines as a table: a key is a column, a line is a row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gatekeeper.data.formats.jsonl import Line, read_objects
from gatekeeper.data.formats.lines import has_name
from gatekeeper.data.formats.tables import SAMPLE, Batch, Values

_BATCH, _BYTES = 512, 2**20  # at most, so that long lines are not held together


def is_json_lines(path: Path) -> bool:
    """Whether a file is one of JSON lines, by its name (``*.jsonl``, ``*.ndjson``, packed or not)."""
    return has_name(path, ".jsonl", ".ndjson")


@dataclass(frozen=True)
class JsonTable:
    """A :class:`~gatekeeper.data.formats.tables.Table` of JSON lines."""

    path: Path
    column: str = "key"
    row: str = "line"
    typed: bool = True

    @property
    def source(self) -> str:
        """The path."""
        return str(self.path)

    def sample(self) -> dict[str, Values]:
        """The keys of the first lines."""
        objects = next(self._batches(SAMPLE), [])
        names = dict.fromkeys(name for each in objects for name in each.value)
        return {name: [each.value.get(name) for each in objects] for name in names}

    def batches(self, names: Sequence[str]) -> Iterator[Batch]:
        """All lines; a key that a line lacks is None there."""
        for lines in self._batches(_BATCH):
            yield Batch(
                {name: [each.value.get(name) for each in lines] for name in names},
                [each.number for each in lines],
            )

    def _batches(self, rows: int) -> Iterator[list[Line]]:
        lines: list[Line] = []
        size = 0
        for line in read_objects(self.path):
            lines.append(line)
            size += line.size
            if len(lines) == rows or size > _BYTES:
                yield lines
                lines, size = [], 0
        if lines:
            yield lines
