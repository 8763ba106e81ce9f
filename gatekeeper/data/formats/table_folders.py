"""Folders that are one table: what Hugging Face ``datasets`` saves or its hub holds, and shards of Parquet.

==========================  =============================================================================
file                        meaning
==========================  =============================================================================
``state.json``              a data set; names its files, in order
``dataset_dict.json``       several, a folder each; names them, and ``split`` becomes a column
``*.parquet``, ``*.arrow``  without either, here or in ``data``: shards, in the order of their names; besides
                            them only a README and the like. Where they are called after several splits
                            (``train-00000-of-00002.parquet``), ``split`` becomes a column
==========================  =============================================================================
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gatekeeper.data.formats.arrow_files import is_arrow_file
from gatekeeper.data.formats.arrow_table import ArrowTable, Shard
from schemas.disk.opening import open_regular, why
from schemas.errors import DataError

_ONE, _SEVERAL = "state.json", "dataset_dict.json"
_LONGEST = 2**24
_BESIDE = re.compile(r"(readme|licen[cs]e|dataset_infos?)(\..*)?", flags=re.IGNORECASE)
_OF_SPLIT = re.compile(r"([\w.]+?)-\d{5}(-of-\d{5})?(-[0-9a-f]+)?\.(parquet|arrow)")


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
        shards = _by_split(_loose_shards(path))
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
    for place in (folder, folder / "data"):
        try:
            files = sorted(each for each in place.iterdir() if not each.name.startswith("."))
        except OSError:
            continue  # whoever reads the folder says why it cannot be read
        shown = [each for each in files if not _BESIDE.fullmatch(each.name)]
        if shown and all(each.is_file() and is_arrow_file(each) for each in shown):
            return shown
        if place == folder and [each.name for each in shown] != ["data"]:
            return []
    return []


def _by_split(files: Sequence[Path]) -> list[Shard]:
    """Shards with their splits, where all are called after one of several."""
    named = [_OF_SPLIT.fullmatch(each.name) for each in files]
    splits = [each[1] for each in named if each is not None]
    if len(splits) < len(files) or len(set(splits)) < 2:
        return [Shard(each) for each in files]
    return [Shard(each, split) for each, split in zip(files, splits, strict=True)]
