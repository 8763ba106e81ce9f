"""Weights of a file in a module of the user's own, from ``eval`` to ``deploy``."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest
import safetensors.torch
import torch

from schemas.reading.report import read_report
from schemas.reading.shards import INDEX, SINGLE, shards_digest, weight_files
from tests.gatekeeper.cli.refusals import refused
from tests.gatekeeper.conftest import WIDTH

Run = Callable[..., click.testing.Result]

CODE = f"""import math, os, torch
print("hello from the factory")
class Turn(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.turn = torch.nn.Linear({WIDTH}, {WIDTH}, bias=False)
    def forward(self, contexts):
        return self.turn(contexts[:, -1])
class Narrow(Turn):
    def forward(self, contexts):
        return super().forward(contexts)[:, :3]
class Endless(Turn):
    def forward(self, contexts):
        os._exit(0)
"""


@pytest.fixture
def weights(wide: Path) -> dict[str, torch.Tensor]:
    """Of the closed form: each pair of numbers turned by 60 degrees."""
    (wide / "own.py").write_text(CODE)
    turn = torch.tensor([[0.5, -(0.75**0.5)], [0.75**0.5, 0.5]])
    return {"turn.weight": torch.kron(torch.eye(WIDTH // 2), turn)}


def shard(folder: Path, weights: dict[str, torch.Tensor]) -> None:
    """Two files and an index, as ``save_pretrained`` names them."""
    folder.mkdir()
    name = "model-00001-of-00001.safetensors"
    safetensors.torch.save_file(weights, folder / name)
    (folder / INDEX).write_text(json.dumps({"weight_map": dict.fromkeys(weights, name)}))


def test_weights_are_evaluated_checked_and_deployed(
    weights: dict[str, torch.Tensor], wide: Path, run: Run
) -> None:
    torch.save({"state_dict": weights, "epoch": 3}, wide / "last.ckpt")
    result = run("eval", "last.ckpt", "--factory", "own:Turn")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("DEPLOYABLE: ")
    assert "last.ckpt (own:Turn, 256 parameters)" in result.stdout
    assert "note: the weights of last.ckpt are those under 'state_dict'" in result.stderr
    model = read_report(wide / "last.report.json").inputs.model
    assert model.sha256 == hashlib.sha256((wide / "last.ckpt").read_bytes()).hexdigest()
    assert model.code is not None
    assert model.code.sha256 == hashlib.sha256((wide / "own.py").read_bytes()).hexdigest()
    result = run("check", "last.report.json", "--model", "last.ckpt")
    assert (result.exit_code, result.stdout.partition(":")[0]) == (0, "DEPLOYABLE"), result.output
    result = run("deploy", "last.ckpt", "--report", "last.report.json", "--to", "prod")
    assert result.exit_code == 0, result.output
    assert (wide / "prod" / "current" / "model.pt").read_bytes() == (wide / "last.ckpt").read_bytes()
    torch.save({"state_dict": {"turn.weight": weights["turn.weight"] + 1}}, wide / "last.ckpt")
    assert "is about another model" in refused(run("check", "last.report.json", "--model", "last.ckpt"), 3)


def test_a_folder_of_one_file_is_checked_and_deployed_and_of_shards_checked(
    weights: dict[str, torch.Tensor], wide: Path, run: Run
) -> None:
    (wide / "one").mkdir()
    safetensors.torch.save_file(weights, wide / "one" / SINGLE)
    shard(wide / "parts", weights)
    result = run("eval", "one", "parts", "--factory", "own:Turn")
    assert result.exit_code == 0, result.output
    for name, command in (("one", "check"), ("one", "deploy"), ("parts", "check")):
        report = f"{name}/model.report.json"
        call = [report, "--model", name] if command == "check" else [name, "--report", report, "--to", "prod"]
        result = run(command, *call)
        assert result.exit_code == 0, result.output
    assert (wide / "prod" / "current" / "model.safetensors").read_bytes() == (
        wide / "one" / SINGLE
    ).read_bytes()
    files = {
        each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in weight_files(wide / "parts")
    }
    assert read_report(wide / "parts" / "model.report.json").inputs.model.sha256 == shards_digest(files)
    line = refused(run("deploy", "parts", "--report", "parts/model.report.json", "--to", "prod"), 3)
    assert line == (
        "Error: parts is 2 files, and one is deployed; save it as one file and evaluate that: "
        'model.save_pretrained(FOLDER, max_shard_size="1TB")'
    )
    shutil.copytree(wide / "parts", wide / "other")
    shard_of = next((wide / "other").glob("model-*.safetensors"))
    safetensors.torch.save_file({"turn.weight": weights["turn.weight"] * 2}, shard_of)
    assert "is about another model" in refused(run("check", "parts/model.report.json", "--model", "other"), 3)
    # Again, where the report is a file of the folder by now.
    assert run("eval", "parts", "--factory", "own:Turn").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (
            ("m.pt",),
            3,
            "it lacks 'model_type' (found turn.weight). Its weights can be evaluated with --factory",
        ),
        (("m.pt", "--factory", "own"), 2, "a factory is package.module:function; found 'own'"),
        (("m.pt", "--state-key", "ema"), 2, "name what makes it too: --factory module:function"),
        (("m.pt", "--strip-prefix", "none"), 2, "name what makes it too: --factory module:function"),
        (
            ("control:ridge", "--factory", "own:Turn"),
            2,
            "the module of a file of weights; 'control:ridge' is",
        ),
        (("own:Turn", "--factory", "own:Turn"), 3, "no such file of weights 'own:Turn'; --factory makes the"),
        (("m.pt", "--factory", "gone:Turn"), 3, "gone:Turn cannot be loaded: ModuleNotFoundError: "),
        (("m.pt", "--factory", "own:Narrow"), 3, "must return predictions of shape (1, 16); found (1, 3)"),
        (
            ("m.pt", "--factory", "own:Turn", "--state-key", "ema"),
            3,
            "has one state dict, at its top, and nothing",
        ),
        (
            ("m.pt", "--factory", "own:Turn", "--strip-prefix", "a"),
            3,
            "no weight begins with 'a.', e.g. 'turn.weight'",
        ),
        ((".", "--factory", "own:Turn"), 3, "must hold model.safetensors or model.safetensors.index.json"),
    ],
)
def test_what_cannot_be_loaded_ends_in_one_line(
    arguments: tuple[str, ...], code: int, told: str, weights: dict[str, torch.Tensor], wide: Path, run: Run
) -> None:
    torch.save(weights, wide / "m.pt")
    assert told in refused(run("eval", *arguments), code)
