"""Old sequence files to a data set: every sequence becomes a window, or is listed with the reason why not."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gatekeeper.data.building.dataset import Contents, write_dataset
from gatekeeper.data.formats.dataset import Dtype
from gatekeeper.data.formats.sequence_resolution import REASONS, Resolution, resolve_sequences
from gates.contracts import Bank, Window
from schemas.errors import DataError
from schemas.records.dataset import DatasetRecord, Origin

HEADER = ("split", "file", "row", "article", "target_chunk", "reason")


@dataclass(frozen=True, eq=False)
class Converted:
    """A converted data set.

    Attributes:
        record: of the folder.
        counts: split -> reason -> sequences; the reason "" counts the windows.
    """

    record: DatasetRecord
    counts: Mapping[str, Mapping[str, int]]


def convert(
    folder: Path,
    files: Sequence[tuple[str, Path]],
    bank: Bank,
    *,
    dtype: Dtype,
    origin: Origin,
    overwrite: bool = False,
) -> Converted:
    """Resolve sequence files in a bank and write the data set they mean.

    Args:
        folder: where to.
        files: (split, file) pairs.
        bank: the bank they were made from.
        dtype: of the stored vectors.
        origin: where the vectors come from.
        overwrite: whether a previous data set there is replaced.

    Raises:
        DataError: a file is broken, none of its sequences is a window of the bank, the files disagree
            about context or horizon, or two splits share an article.
        OutputError: the folder cannot be written.
        UsageError: it holds a data set that may not be replaced.
    """
    found = {name: resolve_sequences(path, bank) for name, path in files}
    first_name, first = next(iter(found.items()))
    for name, each in found.items():
        if not (each.reason == 0).any():
            raise DataError(
                f"{each.source}: not one of its {len(each.reason)} sequences is a window of {bank.source} "
                f"({_told(each)}); name the bank the file was made from"
            )
        if each.window != first.window:
            raise DataError(
                f"{first_name} has {_shape(first.window)}, {name} has {_shape(each.window)}; "
                "convert them one by one"
            )
    windows = {name: np.sort(each.last_rows[each.reason == 0]) for name, each in found.items()}
    record = write_dataset(
        folder,
        Contents(
            bank,
            {name: np.unique(bank.articles[rows]) for name, rows in windows.items()},
            first.window,
            windows,
            _listed(found),
        ),
        dtype=dtype,
        origin=origin,
        overwrite=overwrite,
    )
    return Converted(record, {name: _counts(each) for name, each in found.items()})


def _shape(window: Window) -> str:
    return f"context {window.context} and horizon {window.horizon}"


def _counts(found: Resolution) -> dict[str, int]:
    numbers = np.bincount(found.reason, minlength=len(REASONS)).tolist()
    return dict(zip(REASONS, numbers, strict=True))


def _told(found: Resolution) -> str:
    return ", ".join(f"{count}: {reason}" for reason, count in _counts(found).items() if reason and count)


def _listed(found: Mapping[str, Resolution]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for name, each in found.items():
        for row in np.flatnonzero(each.reason):
            file = Path(each.source).name
            place = each.articles.id_of(int(each.articles.numbers[row])), int(each.chunks[row])
            writer.writerow([name, file, int(row), *place, REASONS[each.reason[row]]])
    return text.getvalue()
