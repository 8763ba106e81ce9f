"""From a configuration to a bank and its splits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from gatekeeper.config.articles import ArticleList
from gatekeeper.config.record import Config
from gatekeeper.config.window import SILENT, WindowClaim
from gatekeeper.data.article_lookup import find_articles
from gatekeeper.data.formats.bank import read_bank_file
from gatekeeper.data.formats.dataset import OpenDataset, open_dataset
from gatekeeper.data.formats.sequences import Sequences, read_sequences
from gatekeeper.data.formats.speeches import read_speeches
from gates.contracts import Bank, Dataset, IntArray, Window
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
        window: its shape, where sequence files fix it.
        notes: what a user should know about the files, one sentence each.
    """

    bank: Bank
    splits: Mapping[str, IntArray | Sequences]
    window: WindowClaim = SILENT
    notes: tuple[str, ...] = ()

    def articles(self, name: str) -> IntArray:
        """The articles of one split, ascending."""
        split = self.splits[name]
        return np.unique(self.bank.articles[split.last_rows]) if isinstance(split, Sequences) else split

    def dataset(self, window: Window) -> Dataset:
        """The splits as windows.

        Raises:
            UsageError: a sequence file holds windows of another shape.
            DataError: a split has no window, or two splits share an article.
        """
        for what in ("context", "horizon"):
            asked, fixed = getattr(window, what), getattr(self.window, what)
            if fixed is not None and asked != fixed:
                raise UsageError(f"the sequence files hold windows of {what} {fixed}; found {what} {asked}")
        # Here and not only among the windows: an article too short for a window is shared as well.
        refuse_shared_articles(self.bank, {name: self.articles(name) for name in self.splits})
        rows = {
            name: split.last_rows if isinstance(split, Sequences) else window_rows(self.bank, split, window)
            for name, split in self.splits.items()
        }
        return make_dataset(self.bank, rows, window)


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
        window=_common_window(files),
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
        name: Sequences(opened.bank.source, rows, Window(record.context, record.horizon), ())
        for name, rows in opened.splits.items()
    }


def _common_window(files: Sequence[Sequences]) -> WindowClaim:
    """The shape all files agree on; silent without files."""
    for what in ("context", "horizon"):
        for file in files[1:]:
            first, value = getattr(files[0].window, what), getattr(file.window, what)
            if value != first:
                raise DataError(
                    f"{files[0].source} has {what} {first}, {file.source} has {what} {value}; they must agree"
                )
    return WindowClaim("sequence file", **vars(files[0].window)) if files else SILENT
