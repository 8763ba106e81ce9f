"""From a configuration to a bank and its splits."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from gatekeeper.config.articles import ArticleList
from gatekeeper.config.file import Config
from gatekeeper.data.article_lookup import find_articles
from gatekeeper.data.formats.bank import read_bank_file
from gatekeeper.data.formats.dataset import OpenDataset, open_dataset
from gatekeeper.data.formats.sequences import Sequences, read_sequences
from gatekeeper.data.formats.speeches import read_speeches
from gates.contracts import Bank, Dataset, IntArray
from gates.windows import make_dataset, refuse_shared_articles, window_rows
from schemas.disk.whole_folder import left_behind
from schemas.errors import DataError, UsageError
from schemas.records.splits import SPLITS


@dataclass(frozen=True, eq=False)
class DataSource:
    """A bank and what its splits are made of.

    Attributes:
        bank: all chunk vectors.
        splits: name -> articles, ascending (all their windows are meant), or sequences.
        context: L where sequence files fix it, else None.
        horizon: where sequence files fix it, else None.
        notes: what a user should know about the files, one sentence each.
    """

    bank: Bank
    splits: Mapping[str, IntArray | Sequences]
    context: int | None
    horizon: int | None
    notes: tuple[str, ...]

    def articles(self, name: str) -> IntArray:
        """The articles of one split, ascending."""
        split = self.splits[name]
        return np.unique(self.bank.articles[split.last_rows]) if isinstance(split, Sequences) else split

    def dataset(self, *, context: int, horizon: int) -> Dataset:
        """The splits as windows.

        Raises:
            UsageError: a sequence file holds windows of another shape.
            DataError: a split has no window, or two splits share an article.
        """
        for what, asked, fixed in (("context", context, self.context), ("horizon", horizon, self.horizon)):
            if fixed is not None and asked != fixed:
                raise UsageError(f"the sequence files hold windows of {what} {fixed}; found {what} {asked}")
        # Here and not only among the windows: an article too short for a window is shared as well.
        refuse_shared_articles(self.bank, {name: self.articles(name) for name in self.splits})
        rows = {
            name: split.last_rows
            if isinstance(split, Sequences)
            else window_rows(self.bank, split, context=context, horizon=horizon)
            for name, split in self.splits.items()
        }
        return make_dataset(self.bank, rows, context=context, horizon=horizon)


def open_source(config: Config, bank: Bank | None = None) -> DataSource:
    """Read the bank and resolve the splits; without a bank in ``config``, the bundled speeches.

    A bank that is a folder is a built data set, with splits, context and horizon of its own. A split
    that ``config`` names replaces the one of that name.

    Args:
        config: which data.
        bank: vectors in memory, in place of those that ``config`` names.

    Raises:
        UsageError: ``config`` names arrays of a bank, but no bank file.
        DataError: a file is unusable, a split names an article the bank lacks, or sequence files
            disagree with the bank or with each other's shape.
    """
    splits: dict[str, IntArray | Sequences] = {}
    notes: tuple[str, ...] = ()
    _refuse_keys(config)
    if bank is not None:
        pass  # its splits are those that are named
    elif config.data.bank is None:
        bank, bundled = read_speeches()
        splits.update(bundled)
    elif config.data.bank.is_dir() or left_behind(config.data.bank) is not None:
        opened = open_dataset(config.data.bank)
        bank = opened.bank
        splits.update(_stored(opened))
    else:
        read = read_bank_file(config.data.bank, keys=config.data.keys)
        bank, notes = read.bank, read.notes
    folders = [Path(), *([] if config.file is None else [config.file.parent])]
    splits.update(
        {
            name: find_articles(bank, spec, name, folders=folders)
            if isinstance(spec, ArticleList)
            else read_sequences(spec, bank)
            for name, spec in config.data.splits.items()
        }
    )
    ordered = {name: splits[name] for name in SPLITS if name in splits}
    files = [split for split in ordered.values() if isinstance(split, Sequences)]
    return DataSource(
        bank=bank,
        splits=MappingProxyType(ordered),
        context=_common("context", {file.source: file.context for file in files}),
        horizon=_common("horizon", {file.source: file.horizon for file in files}),
        notes=notes + tuple(note for file in files for note in file.notes),
    )


def _refuse_keys(config: Config) -> None:
    bank, flags = config.data.bank, config.data.keys.flags()
    if flags and (bank is None or bank.is_dir()):
        found = "the bundled speeches" if bank is None else f"the data set folder {bank}"
        raise UsageError(f"{next(iter(flags))} names an array of a bank file (*.npz); found {found}")


def _stored(opened: OpenDataset) -> dict[str, Sequences]:
    record = opened.record
    return {
        name: Sequences(opened.bank.source, rows, record.context, record.horizon, ())
        for name, rows in opened.splits.items()
    }


def _common(what: str, values: Mapping[str, int]) -> int | None:
    """The one value all files agree on; None without files."""
    if not values:
        return None
    first = next(iter(values))
    for file, value in values.items():
        if value != values[first]:
            raise DataError(f"{first} has {what} {values[first]}, {file} has {what} {value}; they must agree")
    return values[first]
