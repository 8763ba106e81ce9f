"""A synthetic world on disk: ``bank.npz``, ``gatekeeper.toml`` and, where known, the best predictors.

The folder appears whole: it is written beside its place and renamed. A previous world is replaced where
that is asked for; a folder that holds anything else is never touched.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gatekeeper.config.record import Config
from gatekeeper.config.written import Section, write_config
from gatekeeper.data.article_lookup import listed_articles
from gatekeeper.data.formats.bank import write_bank
from gatekeeper.data.source import DataSource
from gatekeeper.data.synthetic.directed import directed_bank
from gatekeeper.data.synthetic.predictor import write_predictor
from gatekeeper.data.synthetic.worlds import CONTEXT, World, build_world
from gates.contracts import Bank, IntArray
from schemas.disk.whole_folder import refuse_occupied, replace_folder
from schemas.errors import DataError
from schemas.records.splits import OOD, TRAIN, VAL

BANK, SETTINGS = "bank.npz", "gatekeeper.toml"
_MADE = "Made by gatekeeper data synth"
_SHARES = ((TRAIN, 0.6), (VAL, 0.2), (OOD, 0.2))


def refuse_taken(folder: Path, *, overwrite: bool) -> None:
    """Refuse a folder that no world is written to, before anything is read or made for it.

    Raises:
        OutputError: it cannot be made, is a file, or holds something else.
        UsageError: it holds a world that may not be replaced.
    """
    refuse_occupied(folder, known=_KNOWN, ours=_is_world, what=_WHAT, overwrite=overwrite)


def write_world(folder: Path, name: str, world: World, *, overwrite: bool = False) -> None:
    """Write a world, its splits and its best predictors.

    Raises:
        OutputError: ``folder`` cannot be written or holds something else.
        UsageError: it holds a world that may not be replaced.
    """
    bank = build_world(world, source=name)
    settings = _settings(
        bank,
        f"{name} --seed {world.seed} --articles {world.articles} --chunks {world.chunks} "
        f"--dimension {world.dimension} --angle {world.angle:g} --rho {world.rho:g} "
        f"--horizon {world.horizon}",
        divide(np.unique(bank.articles)),
        {"context": CONTEXT, "horizon": world.horizon},
    )

    def fill(place: Path) -> None:
        _write_data(place, bank, settings)
        for checkpoint, power in world.powers.items():
            write_predictor(place / f"{checkpoint}.pt", world, power=power)

    _replace_folder(folder, fill, overwrite)


def write_directed(folder: Path, world: World, *, overwrite: bool = False) -> None:
    """Write the directed world of the size of ``world``; its rotation is not used.

    Raises:
        OutputError: ``folder`` cannot be written or holds something else.
        UsageError: it holds a world that may not be replaced.
    """
    bank = directed_bank(
        articles=world.articles, chunks=world.chunks, dimension=world.dimension, seed=world.seed
    )
    settings = _settings(
        bank,
        f"directed --seed {world.seed} --articles {world.articles} --chunks {world.chunks} "
        f"--dimension {world.dimension}",
        divide(np.unique(bank.articles)),
        {"context": CONTEXT, "horizon": 1},
    )
    _replace_folder(folder, lambda place: _write_data(place, bank, settings), overwrite)


def write_copy(
    folder: Path, label: str, bank: Bank, source: DataSource, config: Config, *, overwrite: bool = False
) -> None:
    """Write a rearranged copy of a bank with the splits of its original.

    Args:
        folder: where to.
        label: what the copy is, for the comment in the settings.
        bank: the copy.
        source: the original. Its splits, as articles, are kept; a bank without any is divided anew.
        config: where the original's context and horizon are named.
        overwrite: whether a previous world there is replaced.

    Raises:
        OutputError: ``folder`` cannot be written or holds something else.
        UsageError: it holds a world that may not be replaced.
    """
    splits = {name: source.articles(name) for name in source.splits} or divide(np.unique(bank.articles))
    shape = {
        "context": source.window.context or config.data.context,
        "horizon": source.window.horizon or config.data.horizon,
    }
    settings = _settings(bank, label, splits, shape)
    _replace_folder(folder, lambda place: _write_data(place, bank, settings), overwrite)


def divide(articles: IntArray) -> dict[str, IntArray]:
    """The first 60% of the articles are train, the next 20% val, the last ood; each has at least one.

    Raises:
        DataError: there are fewer articles than splits.
    """
    count = len(articles)
    if count < len(_SHARES):
        raise DataError(f"expected at least {len(_SHARES)} articles, one a split; found {count}")
    held_out = {name: max(1, math.floor(share * count)) for name, share in _SHARES[1:]}
    first = count - sum(held_out.values())
    second = first + held_out[VAL]
    return {TRAIN: articles[:first], VAL: articles[first:second], OOD: articles[second:]}


@dataclass(frozen=True)
class _Settings:
    """What the world's ``gatekeeper.toml`` says: how it was made, and the section ``[data]``."""

    label: str
    data: Section


def _settings(bank: Bank, label: str, splits: Mapping[str, IntArray], shape: Section) -> _Settings:
    listed = {name: listed_articles(bank, articles) for name, articles in splits.items()}
    return _Settings(label, {"bank": BANK, **listed, **shape})


def _write_data(place: Path, bank: Bank, settings: _Settings) -> None:
    write_bank(place / BANK, bank)
    write_config(place, settings.data, comments=[f"{_MADE} {settings.label}"])


def _replace_folder(folder: Path, fill: Callable[[Path], None], overwrite: bool) -> None:
    replace_folder(folder, fill, known=_KNOWN, ours=_is_world, what=_WHAT, overwrite=overwrite)


def _is_world(folder: Path) -> bool:
    settings = folder / SETTINGS
    return settings.is_file() and settings.read_bytes().startswith(f"# {_MADE}".encode())


_WHAT = "a synthetic world"
_KNOWN = frozenset({BANK, SETTINGS, "best.pt", "least_squares.pt"})
