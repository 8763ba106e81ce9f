"""Models that end the process, or write to its standard output."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import click.testing
import pytest

from gatekeeper.cli.eval import _runs_foreign_code
from gatekeeper.evaluation.loading.how import AS_IT_IS, Loading
from gatekeeper.training import conduct as train_run
from schemas.errors import GatekeeperError
from tests.gatekeeper.terminal import ROOT

Run = Callable[..., click.testing.Result]

MODELS = """
import atexit, ctypes, os, sys
import torch

class Last(torch.nn.Module):
    "The last chunk: the gates block it."
    calls = 0
    def forward(self, contexts):
        self.calls += 1
        self.act()
        return contexts[:, -1]

class Leaves(Last):
    def act(self):
        if self.calls == 2:
            os._exit(0)

class Talks(Last):
    def act(self):
        if self.calls > 1:
            return
        print("of Python")
        os.write(1, b"of the descriptor\\n")
        ctypes.CDLL(None).printf(b"of C\\n")
        os.system("echo of a shell")
        sys.stdout.close()
        atexit.register(print, "of the end")
        atexit.register(os._exit, 0)
"""


def evaluate(model: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "endings.py").write_text(MODELS)
    return subprocess.run(
        [sys.executable, "-m", "gatekeeper", "eval", f"endings:{model}", "--format", "json", "--quiet"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_model_that_ends_the_process_has_no_verdict(world: Path) -> None:
    done = evaluate("Leaves", world)
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: the process in which the model runs has ended (exit status 0) before a ")
    assert not list(world.glob("*.json"))


def test_a_model_that_prints_and_ends_the_process_at_its_end_changes_nothing(world: Path) -> None:
    done = evaluate("Talks", world)
    assert done.returncode == 1
    assert json.loads(done.stdout)["judgement"]["verdict"]["outcome"] == "blocked"
    assert {"of Python", "of the descriptor", "of a shell"} <= set(done.stderr.splitlines())


def test_what_a_model_prints_where_a_command_is_called_from_python_is_led_away_too(
    world: Path, run: Run
) -> None:
    (world / "chatter.py").write_text(
        MODELS + 'class Chats(Last):\n    act = lambda self: print("of Python")\n'
    )
    done = run("eval", "chatter:Chats", "--format", "json", "--quiet")
    assert json.loads(done.stdout)["inputs"]["model"]["spec"] == "chatter:Chats"
    assert set(done.stderr.splitlines()) == {"of Python"}


class PassingError(GatekeeperError):
    """As a package of somebody else's may define it."""

    exit_code = 0


class Shown(click.ClickException):
    exit_code = 0


@pytest.mark.parametrize(
    "error",
    [click.exceptions.Exit(0), click.exceptions.Exit(1), Shown("-"), PassingError("-"), SystemExit(0)],
)
def test_a_recipe_that_ends_the_command_has_no_verdict(
    error: BaseException, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(*arguments: object, **more: object) -> int:
        raise error

    monkeypatch.setattr(train_run, "run_training", leave)
    assert run("train", "p1").exit_code == 3


@pytest.mark.parametrize(
    ("models", "allow_code", "foreign"),
    [
        (("best.pt",), False, False),
        (("best.pt", "control:oracle"), False, False),
        (("best.pt",), True, True),
        (("control:oracle", "own:factory"), False, True),
        (("missing.pt",), False, True),
        (("own\0:factory",), False, True),
    ],
)
def test_whose_code_may_run(
    models: tuple[str, ...], allow_code: bool, foreign: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "best.pt").touch()
    assert _runs_foreign_code(models, Loading(allow_code)) == foreign


@pytest.mark.parametrize(
    "entry", ["mine = mine:ARCHITECTURE", "mine = trainers_more.mine:ARCHITECTURE", "no-value"]
)
def test_an_architecture_of_another_package_counts(
    entry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not _runs_foreign_code(("control:oracle",), AS_IT_IS)
    folder = tmp_path / "foreign-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[gatekeeper.architectures]\n{entry}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert _runs_foreign_code(("control:oracle",), AS_IT_IS)
