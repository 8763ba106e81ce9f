"""``gatekeeper.load_data``: the data of an evaluation, from files or from memory."""

import os
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gatekeeper.config.bank_keys import BankKeys
from gatekeeper.config.file import load_config, make_config
from gatekeeper.config.given import abridged, plain
from gatekeeper.config.keys import key_names
from gatekeeper.config.record import Config
from gatekeeper.config.sections import EvalConfig
from gatekeeper.data.arrays import bank_of_arrays
from gatekeeper.data.source import DataSource, open_source
from schemas.addresses import refuse_address
from schemas.errors import UsageError
from schemas.names import refuse_unknown
from schemas.records.splits import SPLITS

Articles = str | os.PathLike[str] | Iterable[int] | Iterable[str]
"""The articles of a split: ranges (``"0-39,45"``), their ids one by one, or a sequence file (*.npz)."""

_SETTINGS = tuple(key for key in key_names(EvalConfig) if key != "report")  # nothing is written here


@dataclass(frozen=True, eq=False)
class Data:
    """What models are evaluated on; made by :func:`load_data`.

    Attributes:
        source: bank and splits.
        config: of the file, where one was named, with what the call replaced in it.
    """

    source: DataSource
    config: Config

    def settings(self, **given: object) -> EvalConfig:
        """How to evaluate: what is given, by keys of ``[eval]``, then what the file says; None is not given.

        Raises:
            UsageError: a key or value is wrong.
        """
        named = {name: plain(value) for name, value in given.items() if value is not None}
        refuse_unknown(named, _SETTINGS, "")
        found = make_config({}, named, folder=Path(), where="").eval
        return replace(self.config.eval, **{name: getattr(found, name) for name in named})

    def __repr__(self) -> str:
        """E.g. ``<Data speeches: 9,302 chunks of width 384; train 44, val 21, ood 57 articles>``."""
        bank = self.source.bank
        sizes = ", ".join(f"{name} {len(self.source.articles(name))}" for name in self.source.splits)
        splits = f"; {sizes} articles" if sizes else ""
        return f"<Data {Path(bank.source).name}: {bank.rows:,} chunks of width {bank.dimension}{splits}>"


def load_data(
    data: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    train: Articles | None = None,
    select: Articles | None = None,
    val: Articles | None = None,
    ood: Articles | None = None,
    context: int | None = None,
    horizon: int | None = None,
    keys: Mapping[str, str] | None = None,
) -> Data:
    """Load vectors and say which articles belong to which split.

    Args:
        data: a bank (``*.npz``), the folder of a built data set, ``"bundled:books"``, a ``gatekeeper.toml``,
            or arrays by name: ``vectors`` (N, D) and ``articles`` (N,), maybe ``chunks`` (N,), ``texts`` (N,)
            and ``titles`` (:func:`gatekeeper.data.arrays.bank_of_arrays`). None is the bundled speeches.
        train: articles of the split, as ranges (``"0-79"``), as a list, array or ``range`` of ids, or a
            sequence file. It serves the ridge control.
        select: likewise; a training or a probe chooses weights on it instead of on val. Nothing is
            fitted on it, and no evaluation measures it.
        val: likewise; the gates measure it.
        ood: likewise; the gates measure it and compare it with val.
        context: chunks a model reads; what the data or a checkpoint say, else 5.
        horizon: places from the last chunk to the target; likewise, else 1.
        keys: arrays of a bank file with names of their own, e.g. ``{"vectors": "embeddings_v2"}``; known are
            ``vectors``, ``articles``, ``chunks`` and ``texts``.

    Raises:
        UsageError: an argument is no split, key or number.
        DataError: a file or an array cannot be used, or a split names an article that is not there.

    Example:
        >>> import numpy as np
        >>> vectors = np.random.default_rng(0).normal(size=(600, 8))
        >>> articles = np.repeat(np.arange(30), 20)
        >>> load_data({"vectors": vectors, "articles": articles}, val=range(15), ood="15-29")
        <Data arrays: 600 chunks of width 8; val 15, ood 15 articles>
    """
    if not isinstance(keys or {}, Mapping):
        raise UsageError(f"keys: expected names by array, {{'vectors': ...}}, found {abridged(keys)}")
    refuse_unknown(keys or {}, key_names(BankKeys), "keys: ")
    given: dict[str, object] = {
        **{name: _listed(spec) for name, spec in zip(SPLITS, (train, select, val, ood), strict=True)},
        "context": plain(context),
        "horizon": plain(horizon),
        **BankKeys(**(keys or {})).settings(),
    }
    bank = None
    base = Config()
    if isinstance(data, Mapping):
        if keys:
            raise UsageError("keys name the arrays of a bank file; arrays in memory have their own names")
        bank = bank_of_arrays(data)
    elif isinstance(data, (str, os.PathLike)):
        refuse_address(str(data))
        if Path(data).suffix == ".toml":
            base = load_config(Path(data).expanduser())
        else:
            given["bank"] = os.fspath(data)
    elif data is not None:
        raise UsageError(
            "expected a path, or arrays by name, {'vectors': ..., 'articles': ...}; found "
            f"{type(data).__name__}"
        )
    named = {name: value for name, value in given.items() if value is not None}
    found = make_config(named, {}, folder=Path(), where="load_data: ").data
    mine = {name: getattr(found, name) for name in named}
    config = replace(base, data=replace(base.data, **mine), flags=frozenset(mine))
    source = open_source(config, bank)
    for note in source.notes:
        warnings.warn(note, stacklevel=2)
    return Data(source, config)


def known_data(data: object) -> Data:
    """What was made by :func:`load_data`.

    Raises:
        UsageError: it is something else, such as the path of a bank.
    """
    if not isinstance(data, Data):
        raise UsageError(f"expected the data that load_data returns, found {abridged(data)}")
    return data


def _listed(spec: Articles | None) -> object:
    """A split as a configuration holds it: text, a path, or a list of plain ids."""
    if spec is None or isinstance(spec, (str, os.PathLike)):
        return spec if spec is None or isinstance(spec, (str, Path)) else os.fspath(spec)
    listed = plain(spec)  # of an array, a tensor, a column
    if isinstance(listed, Iterable) and not isinstance(listed, bytes):
        return [each.item() if isinstance(each, np.generic) else each for each in listed]
    return listed
