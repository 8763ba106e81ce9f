"""The seed's sequence files from a data set, for tools that read nothing else."""

from pathlib import Path

import numpy as np

from gatekeeper.data.dataset_folder import open_dataset
from gatekeeper.data.npz import Array, npz_bytes
from gates.windows import context_rows
from schemas.atomic import write_bytes


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
    paths = []
    for name, rows in opened.splits.items():
        targets = rows + horizon
        arrays: dict[str, Array] = {
            "contexts": bank.vectors[context_rows(rows, context)],
            "targets": bank.vectors[targets],
            "article_ids": bank.articles[targets],
            "target_indices": bank.chunks[targets],
            "p6_offset": np.array(horizon - 1),
        }
        path = folder.with_name(f"{folder.name}_{name}_sequences.npz")
        write_bytes(path, npz_bytes(arrays))
        paths.append(path)
    return paths
