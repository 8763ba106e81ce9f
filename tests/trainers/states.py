"""States that can be told apart, and what a run's folder holds of them."""

import json
from pathlib import Path

import torch

from trainers.checkpoints.saved_states import Store

SIZE = 300


def state(number: int) -> dict[str, object]:
    """What the ``number``-th save stores; no two have a tensor in common."""
    return {
        "epoch": number,
        "name": f"run {number}",
        "rate": 0.5**number,
        "best": None,
        "steps": [1, 2.5, "three", True],
        "model": {"weight": torch.arange(SIZE) * 10.0 + number, "count": torch.tensor(number)},
        "optimizer": {0: {"exp_avg": torch.full((2, 3), -1.0 * number, dtype=torch.float64)}},
    }


def number_of(found: dict[str, object] | None) -> int | None:
    """Which state this is, every part of it compared; None where there is none."""
    if found is None:
        return None
    number = found["epoch"]
    assert isinstance(number, int)
    assert same(found, state(number))
    return number


def same(one: object, two: object) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(two, torch.Tensor):
        return one.dtype == two.dtype and torch.equal(one, two)
    if isinstance(one, dict) and isinstance(two, dict):
        return list(one) == list(two) and all(same(value, two[key]) for key, value in one.items())
    return type(one) is type(two) and one == two


def saved(run: Path, count: int) -> Store:
    """A store with the states 1 to ``count`` of steps 10, 20, ..."""
    store = Store(run)
    for number in range(1, count + 1):
        store.save(state(number), epoch=number, step=10 * number)
    return store


def latest(run: Path) -> tuple[int | None, list[str]]:
    """What a new process finds, and the sentences about what it had to pass over."""
    notes: list[str] = []
    return number_of(Store(run).latest(notes)), notes


def names(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "checkpoints").iterdir())


def manifest(run: Path) -> list[dict[str, object]]:
    records: list[dict[str, object]] = json.loads((run / "checkpoints" / "manifest.json").read_bytes())
    return records


def contents(run: Path) -> dict[str, bytes]:
    folder = run / "checkpoints"
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}
