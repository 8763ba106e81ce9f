"""A synthetic world on disk: ``bank.npz``, ``gatekeeper.toml`` and, where known, the best predictors.

The folder appears whole: it is written beside its place and renamed. A folder that holds anything but
a previous world is never touched.
"""

import contextlib
import math
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from gatekeeper.config import Config
from gatekeeper.data.articles import format_articles
from gatekeeper.data.bank_file import write_bank
from gatekeeper.data.source import DataSource
from gatekeeper.data.synth import CONTEXT, World, build_world
from gatekeeper.data.synth_predictor import write_predictor
from gates.contracts import Bank, IntArray
from schemas.atomic import write_text
from schemas.errors import DataError, OutputError

BANK, SETTINGS = "bank.npz", "gatekeeper.toml"
_FIRST_LINE = "# Made by gatekeeper data synth"
_SHARES = (("train", 0.6), ("val", 0.2), ("ood", 0.2))


def write_world(folder: Path, name: str, world: World) -> None:
    """Write a world, its splits and its best predictors.

    Raises:
        OutputError: ``folder`` cannot be written or holds something else.
    """
    bank = build_world(world, source=name)
    settings = _settings(
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

    _replace_folder(folder, fill)


def write_copy(folder: Path, label: str, bank: Bank, source: DataSource, config: Config) -> None:
    """Write a rearranged copy of a bank with the splits of its original.

    Args:
        folder: where to.
        label: what the copy is, for the comment in the settings.
        bank: the copy.
        source: the original. Its splits, as articles, are kept; a bank without any is divided anew.
        config: where the original's context and horizon are named.

    Raises:
        OutputError: ``folder`` cannot be written or holds something else.
    """
    splits = {name: source.articles(name) for name in source.splits} or divide(np.unique(bank.articles))
    shape = {
        "context": source.context or config.data.context,
        "horizon": source.horizon or config.data.horizon,
    }
    settings = _settings(label, splits, {key: value for key, value in shape.items() if value is not None})
    _replace_folder(folder, lambda place: _write_data(place, bank, settings))


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
    second = first + held_out["val"]
    return {"train": articles[:first], "val": articles[first:second], "ood": articles[second:]}


def _settings(label: str, splits: Mapping[str, IntArray], shape: Mapping[str, int]) -> str:
    lines = [f"{_FIRST_LINE} {label}", "[data]", f'bank = "{BANK}"']
    lines += [f'{name} = "{format_articles(articles.tolist())}"' for name, articles in splits.items()]
    lines += [f"{key} = {value}" for key, value in shape.items()]
    return "\n".join(lines) + "\n"


def _write_data(place: Path, bank: Bank, settings: str) -> None:
    write_bank(place / BANK, bank)
    write_text(place / SETTINGS, settings)


def _replace_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Build a folder beside ``folder`` and move it there in one step."""
    target = folder.resolve()
    _refuse_foreign(target, folder)
    with _explained(folder):
        target.parent.mkdir(parents=True, exist_ok=True)
        building = target.parent / f".{target.name}.{secrets.token_hex(4)}.tmp"
        old = target.parent / f".{target.name}.{secrets.token_hex(4)}.old"
        building.mkdir()
        try:
            fill(building)
            if target.exists():
                target.rename(old)
            building.rename(target)
        finally:
            shutil.rmtree(building, ignore_errors=True)
            if old.exists() and not target.exists():
                old.rename(target)
            shutil.rmtree(old, ignore_errors=True)


def _refuse_foreign(target: Path, named: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise OutputError(f"cannot write {named}: it exists and is no folder")
    with _explained(named):
        present = sorted(entry.name for entry in target.iterdir())
    settings = target / SETTINGS
    ours = settings.is_file() and settings.read_bytes().startswith(_FIRST_LINE.encode())
    foreign = [name for name in present if not ours or name not in _KNOWN]
    if foreign:
        raise OutputError(
            f"cannot write {named}: it holds {foreign[0]!r}, which is no part of a synthetic world; "
            "name another folder or empty this one"
        )


_KNOWN = frozenset({BANK, SETTINGS, "best.pt", "least_squares.pt"})


@contextlib.contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror or error}") from None
