"""Folders that are one table: what Hugging Face ``datasets`` saves (``save_to_disk``), and shards of Parquet.

==========================  =============================================================================
file                        meaning
==========================  =============================================================================
``state.json``              a data set; names its files, in order
``dataset_dict.json``       several, a folder each; names them, and ``split`` becomes a column
``*.parquet``, ``*.arrow``  without either: shards, in the order of their names; nothing else lies there
==========================  =============================================================================
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gatekeeper.data.formats.arrow_files import is_arrow_file
from gatekeeper.data.formats.arrow_table import ArrowTable, Shard
from schemas.disk.opening import open_regular, why
from schemas.errors import DataError

_ONE, _SEVERAL = "state.json", "dataset_dict.json"
_LONGEST = 2**24


def is_table_folder(path: Path) -> bool:
    """Whether a folder is a table."""
    if not path.is_dir():
        return False
    return any((path / name).is_file() for name in (_ONE, _SEVERAL)) or bool(_loose_shards(path))


def folder_table(path: Path) -> ArrowTable:
    """The table of a folder.

    Raises:
        DataError: its files say no shards, or name one that is not there.
    """
    if (path / _SEVERAL).is_file():
        splits = _names(path / _SEVERAL, "splits")
        shards = [Shard(each, name) for name in splits for each in _saved(path / name)]
    elif (path / _ONE).is_file():
        shards = [Shard(each) for each in _saved(path)]
    else:
        shards = [Shard(each) for each in _loose_shards(path)]
    if not shards:
        raise DataError(f"{path} names no files of rows; save the data set again (save_to_disk)")
    return ArrowTable(path, tuple(shards))


def _saved(folder: Path) -> list[Path]:
    return [folder / name for name in _names(folder / _ONE, "_data_files")]


def _names(path: Path, key: str) -> Sequence[str]:
    """Names of files or folders that a file lists; none leads out of its folder."""
    try:
        with open_regular(path) as file:
            found: Any = json.loads(file.read(_LONGEST))[key]
        names = [each["filename"] if isinstance(each, dict) else each for each in found]
    except OSError as error:
        raise DataError(f"cannot read {path}: {why(error)}; save the data set again") from None
    except (ValueError, TypeError, KeyError, RecursionError):
        raise DataError(
            f"{path}: expected names under {key!r}, found none; save the data set again"
        ) from None
    bad = next((each for each in names if not isinstance(each, str) or Path(each).name != each), None)
    if bad is not None:
        raise DataError(f"{path}: expected names of files in its folder, found {str(bad)[:80]!r}")
    return names


def _loose_shards(folder: Path) -> list[Path]:
    try:
        files = sorted(each for each in folder.iterdir() if not each.name.startswith("."))
    except OSError:
        return []  # whoever reads the folder says why it cannot be read
    return files if all(each.is_file() and is_arrow_file(each) for each in files) else []
