"""From a configuration to a bank and its splits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np

from gatekeeper.config.articles import ArticleList
from gatekeeper.config.bank_keys import BankKeys
from gatekeeper.config.bundled import DEFAULT, Bundled
from gatekeeper.config.record import Config
from gatekeeper.config.window import SILENT, WindowClaim
from gatekeeper.data.article_lookup import find_articles
from gatekeeper.data.formats.bank import read_bank_file
from gatekeeper.data.formats.bundled import read_bundled
from gatekeeper.data.formats.dataset import OpenDataset, open_dataset
from gatekeeper.data.formats.sequences import Sequences, read_sequences
from gates.contracts import Bank, Dataset, IntArray, Window
from gates.windows import make_dataset, refuse_shared_articles, window_rows
from schemas.disk.whole_folder import left_behind
from schemas.errors import DataError, UsageError
from schemas.names import did_you_mean
from schemas.records.splits import SPLITS


@dataclass(frozen=True, eq=False)
class DataSource:
    """A bank and what its splits are made of.

    Attributes:
        bank: all chunk vectors.
        splits: name -> articles, ascending (all their windows are meant), or sequences.
        window: its shape, where sequence files fix it.
        notes: what a user should know about the files, one sentence each.
        spare: articles that came with the data under a name that is no split's, by that name; nothing reads
            them before somebody makes them one, as with ``--ood strangers``.
    """

    bank: Bank
    splits: Mapping[str, IntArray | Sequences]
    window: WindowClaim = SILENT
    notes: tuple[str, ...] = ()
    spare: Mapping[str, IntArray] = field(default_factory=dict)

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
    that ``config`` names replaces the one of that name; where it names one that came with bundled data,
    as ``--ood strangers`` does, it is that one.

    Args:
        config: which data.
        bank: vectors in memory, in place of those that ``config`` names.

    Raises:
        UsageError: ``config`` names arrays of a bank, but no bank file.
        DataError: a file is unusable, a split names an article the bank lacks, or sequence files
            disagree with the bank or with each other's shape.
    """
    splits: dict[str, IntArray | Sequences] = {}
    brought: Mapping[str, IntArray] = {}
    notes: tuple[str, ...] = ()
    named = config.data.bank or Bundled(DEFAULT)
    _refuse_keys(named, config.data.keys)
    if bank is not None:
        pass  # its splits are those that are named
    elif isinstance(named, Bundled):
        bundled = read_bundled(named.name)
        bank, brought = bundled.bank, bundled.splits
        splits.update(brought)
    elif named.is_dir() or left_behind(named) is not None:
        opened = open_dataset(named)
        bank = opened.bank
        splits.update(_stored(opened))
    else:
        read = read_bank_file(named, keys=config.data.keys)
        bank, notes = read.bank, read.notes
    folders = [Path(), *([] if config.file is None else [config.file.parent])]
    splits.update(
        {
            name: _articles(bank, spec, name, brought, folders)
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
        spare=MappingProxyType({name: brought[name] for name in brought if name not in SPLITS}),
    )


def _articles(
    bank: Bank, spec: ArticleList, split: str, brought: Mapping[str, IntArray], folders: Sequence[Path]
) -> IntArray:
    """The articles of a split that somebody lists, or calls by the name under which they came."""
    if spec.size == 1 and spec.names:
        (name,) = spec.names
        if name in brought:
            return brought[name]
        if hint := did_you_mean(name, brought):
            raise DataError(f"split {split!r}: {bank.source} has no articles called {name!r}; {hint}")
    return find_articles(bank, spec, split, folders=folders)


def _refuse_keys(bank: Path | Bundled, keys: BankKeys) -> None:
    flags = keys.flags()
    if flags and (isinstance(bank, Bundled) or bank.is_dir()):
        what = f"the bundled {bank.name}" if isinstance(bank, Bundled) else f"the data set folder {bank}"
        raise UsageError(f"{next(iter(flags))} names an array of a bank file (*.npz); found {what}")


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
