"""Two processes that train together find the same loss curve as one, and only the first one writes."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gatekeeper.data.synthetic.worlds import World, build_world
from schemas.reading.history import read_history
from schemas.records.history import History
from tests.trainers.behaviour.together import TOGETHER, train_all

ROOT = str(Path(__file__).parents[3])

KNOBS = (
    "--layers", "1", "--width", "16", "--heads", "2", "--dropout", "0", "--mini-samples", "120",
    "--epochs", "3", "--log-every", "1", "--batch-size", "33", "--on-collapse", "ignore",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with a bank; 204 windows in batches of 33 leave a last one of 6."""
    place = tmp_path_factory.mktemp("distributed")
    world = World(angle=60.0, rho=0.95, dimension=16, articles=18, chunks=40)
    bank = build_world(world, source="world")
    np.savez(
        place / "bank.npz", vectors=bank.vectors, article_indices=bank.articles, chunk_indices=bank.chunks
    )
    (place / "gatekeeper.toml").write_text(
        '[data]\nbank = "bank.npz"\ntrain = "0-5"\nval = "6-11"\nood = "12-17"\n'
    )
    return place


def train(folder: Path, name: str, *arguments: str, processes: int) -> tuple[int, str, str]:
    return run(folder, "-m", "gatekeeper", "train", *arguments, processes=processes)


def run(folder: Path, *words: str, processes: int) -> tuple[int, str, str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    starter = ["-m", "torch.distributed.run", f"--nproc-per-node={processes}", f"--master-port={port}"]
    starter = starter if processes > 1 else []
    done = subprocess.run(
        [sys.executable, *starter, *words],
        cwd=folder, capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": ROOT, "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def curve(history: History, figure: str) -> list[float]:
    return [steps.figures[figure] for epoch in history.epochs for steps in epoch.steps]


@pytest.mark.parametrize("name", ["p6b", "p6c"])
def test_two_processes_agree_with_one(name: str, folder: Path) -> None:
    histories, outputs = [], []
    for processes in (1, 2):
        out = f"{name}{processes}"
        code, stdout, stderr = train(folder, out, name, *KNOBS, "--out", out, processes=processes)
        assert code in (0, 1), stderr
        histories.append(read_history(folder / out / "training_history.json"))
        outputs.append(stdout)
    one, two = histories
    for figure in ("loss", "pos", "gap", "lambda_eff"):
        assert curve(two, figure) == pytest.approx(curve(one, figure), abs=1e-4)
    assert len(curve(one, "loss")) == 3 * 7
    for first, second in zip(one.epochs, two.epochs, strict=True):
        assert first.mini is not None
        assert second.mini is not None
        assert second.mini.splits["val"].cos == pytest.approx(first.mini.splits["val"].cos, abs=1e-4)
    # One voice: the summary is said once.
    assert outputs[1].count("all 3 epochs done") == 1
    assert (folder / f"{name}2" / "5cat_results.json").exists()


def test_two_processes_agree_with_one_on_the_references_systems(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    train_all(tmp_path / "one")
    code, _, stderr = run(tmp_path, "-m", "tests.trainers.behaviour.together", "two", processes=2)
    assert code == 0, stderr
    for name in TOGETHER:
        one, two = (
            read_history(tmp_path / place / name / "training_history.json") for place in ("one", "two")
        )
        assert len(curve(one, "loss")) == 2 * 7  # 210 windows in batches of 33
        for figure in ("loss", "push", "gap", "lambda_eff"):
            assert curve(two, figure) == pytest.approx(curve(one, figure), abs=1e-5), name


def test_it_is_resumed_by_as_many(folder: Path) -> None:
    code, _, stderr = train(folder, "again", "p6b", *KNOBS, "--out", "again", processes=2)
    assert code in (0, 1), stderr
    (folder / "again" / "5cat_results.json").unlink()
    code, stdout, stderr = train(folder, "again", "p6b", "--resume", "again", processes=2)
    assert code in (0, 1), stderr
    assert "all 3 epochs done" in stdout
    assert (folder / "again" / "5cat_results.json").exists()
