"""A small world with a known answer, written as a user's own bank and configuration."""

from collections.abc import Callable
from pathlib import Path

import click.testing
import numpy as np
import pytest

from gatekeeper.cli.app import cli
from tests.gatekeeper.mlflow_stores import mlflow_database, mlflow_server

__all__ = ("mlflow_database", "mlflow_server")  # fixtures for everything below

Run = Callable[..., click.testing.Result]

ARTICLES, CHUNKS, WIDTH = 18, 40, 16


def rotating_vectors(seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Each chunk is the one before turned by 60 degrees in every plane, with a little noise."""
    rng = np.random.default_rng(seed)
    cos, sin = np.cos(np.pi / 3), np.sin(np.pi / 3)
    turn = np.kron(np.eye(WIDTH // 2), np.array([[cos, sin], [-sin, cos]]))
    state = rng.standard_normal((ARTICLES, WIDTH))
    rows = []
    for _ in range(CHUNKS):
        state = 0.95 * state @ turn + np.sqrt(1 - 0.95**2) * rng.standard_normal(state.shape)
        rows.append(state)
    return np.stack(rows, axis=1).reshape(-1, WIDTH).astype(np.float32)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a bank, a ``gatekeeper.toml`` and a module with models."""
    np.savez(
        tmp_path / "bank.npz",
        vectors=rotating_vectors(0),
        article_indices=np.repeat(np.arange(ARTICLES), CHUNKS),
        chunk_indices=np.tile(np.arange(CHUNKS), ARTICLES),
    )
    (tmp_path / "gatekeeper.toml").write_text(
        '[data]\nbank = "bank.npz"\ntrain = "0-5"\nval = "6-11"\nood = [12, 13, 14, 15, 16, 17]\n'
    )
    (tmp_path / "own_models.py").write_text(
        "import math, torch\n"
        "class Turn(torch.nn.Module):\n"
        "    def forward(self, contexts):\n"
        "        last = contexts[:, -1].unflatten(1, (-1, 2))\n"
        "        c, s = math.cos(math.pi / 3), math.sin(math.pi / 3)\n"
        "        turn = torch.tensor([[c, s], [-s, c]])\n"
        "        return (last @ turn).flatten(1)\n"
        "class NotANumber(torch.nn.Module):\n"
        "    def forward(self, contexts):\n"
        "        return contexts[:, -1] * float('nan')\n"
        "class Narrow(torch.nn.Module):\n"
        "    def forward(self, contexts):\n"
        "        return contexts[:, -1, :3]\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.fixture
def wide(world: Path) -> Path:
    """The same rows as twice as many articles of half the length: enough of them for intervals to decide."""
    np.savez(
        world / "bank.npz",
        vectors=rotating_vectors(0),
        article_indices=np.repeat(np.arange(2 * ARTICLES), CHUNKS // 2),
        chunk_indices=np.tile(np.arange(CHUNKS // 2), 2 * ARTICLES),
    )
    (world / "gatekeeper.toml").write_text(
        '[data]\nbank = "bank.npz"\ntrain = "0-11"\nval = "12-23"\nood = "24-35"\n'
    )
    return world


@pytest.fixture
def run() -> Run:
    """Run the command line in this process."""

    def invoke(*arguments: str) -> click.testing.Result:
        return click.testing.CliRunner().invoke(cli, list(arguments), catch_exceptions=False)

    return invoke
