"""The seed's sequence files from a data set, for tools that read nothing else."""

import functools
from pathlib import Path

import numpy as np

from gatekeeper.data.formats.dataset import open_dataset
from gatekeeper.data.formats.npz import Array
from gatekeeper.data.formats.npz_writing import Blocks, write_npz
from gates.article_ids import id_array
from gates.contracts import Bank, IntArray
from gates.windows import context_rows
from schemas.disk.atomic import write_stream

_ROWS = 4_096


def write_sequences(folder: Path) -> list[Path]:
    """Write ``FOLDER_<split>_sequences.npz`` beside the folder, one file a split.

    Each holds ``contexts (n, L, D)``, ``targets (n, D)``, ``article_ids (n,)``, ``target_indices (n,)``
    (chunk index of the target) and ``p6_offset`` (horizon - 1). Every vector is stored L + 1 times:
    prefer the folder.

    Returns:
        The files, in the order of the splits.

    Raises:
        DataError: the folder is no data set. OutputError: a file cannot be written.
    """
    opened = open_dataset(folder)
    bank, context, horizon = opened.bank, opened.record.context, opened.record.horizon
    paths = [sequences_path(folder, name) for name in opened.splits]
    for path, rows in zip(paths, opened.splits.values(), strict=True):
        targets = rows + horizon
        windows = context_rows(rows, context)
        arrays: dict[str, Array | Blocks] = {
            "contexts": _gathered(bank, windows),
            "targets": _gathered(bank, targets),
            "article_ids": id_array(bank)[targets],
            "target_indices": bank.chunks[targets],
            "p6_offset": np.array(horizon - 1),
        }
        write_stream(path, functools.partial(write_npz, arrays=arrays), own=1)
    return paths


def sequences_path(folder: Path, split: str) -> Path:
    """Where the sequences of a split go."""
    return folder.with_name(f"{folder.name}_{split}_sequences.npz")


def _gathered(bank: Bank, rows: IntArray) -> Blocks:
    """``bank.vectors[rows]``, never whole in memory."""
    return Blocks(
        (*rows.shape, bank.dimension),
        bank.vectors.dtype,
        (bank.vectors[rows[start : start + _ROWS]] for start in range(0, len(rows), _ROWS)),
    )
