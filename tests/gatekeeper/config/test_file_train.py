"""``[train.NAME]`` of ``gatekeeper.toml``: kept as it is, and checked by the recipe it belongs to."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest

from gatekeeper.config.articles import parse_articles
from gatekeeper.config.file import load_config, resolve_config
from gatekeeper.config.record import Config
from gatekeeper.config.sections import DataConfig
from gatekeeper.training.settings import build_settings
from tests.gatekeeper.config.files import put, refusal
from trainers.recipes.p6b import P6bSettings
from trainers.registry import trainer, trainer_names

Run = Callable[..., click.testing.Result]

TWO = """
[data]
bank = "bank.npz"
val = "3"

[train.p6b]
epochs = 3
lambda_clamp = [0.001, 1]
prev = "skipped"
compile = true

[train.ridge]
max_windows = 50
"""
TABLES = {
    "p6b": {"epochs": 3, "lambda_clamp": [0.001, 1], "prev": "skipped", "compile": True},
    "ridge": {"max_windows": 50},
}


def test_the_settings_are_kept_by_recipe_as_the_file_holds_them(tmp_path: Path) -> None:
    config = load_config(put(tmp_path, TWO))
    assert config.train == TABLES
    assert config.data == DataConfig(bank=tmp_path / "bank.npz", val=parse_articles("3"))
    built = build_settings(trainer("p6b"), config.train["p6b"], {}, where="")
    assert built == P6bSettings(epochs=3, lambda_clamp=(0.001, 1.0), prev="skipped", compile=True)


@pytest.mark.parametrize("text", ["", "[data]\nval = '3'", "[train]"])
def test_a_file_need_not_have_any(tmp_path: Path, text: str) -> None:
    assert load_config(put(tmp_path, text)).train == {}
    assert Config().train == {}


def test_a_recipe_may_be_named_without_settings(tmp_path: Path) -> None:
    config = load_config(put(tmp_path, "[train.p6b]"))
    assert config.train == {"p6b": {}}
    assert build_settings(trainer("p6b"), config.train["p6b"], {}, where="") == P6bSettings()


def test_pyproject_holds_them_below_tool(tmp_path: Path) -> None:
    file = put(
        tmp_path,
        "[train.p6b]\nepochs = 9\n[tool.gatekeeper.train.p6b]\nepochs = 4\n[tool.x.train.p6b]\nepochs = 5\n",
        "pyproject.toml",
    )
    assert load_config(file).train == {"p6b": {"epochs": 4}}


def test_no_other_flag_touches_them(tmp_path: Path) -> None:
    file = put(tmp_path, TWO)
    assert resolve_config(file, {"seed": 1, "val": "4"}).train == TABLES
    # Another bank drops the splits that belong to the file's; how to train does not belong to a bank.
    config = resolve_config(file, {"bank": "other.npz"})
    assert config.data == DataConfig(bank=Path("other.npz"))
    assert config.train == TABLES


@pytest.mark.parametrize("name", trainer_names())
def test_every_setting_of_every_trainer_can_stand_in_a_file(tmp_path: Path, name: str) -> None:
    recipe = trainer(name)
    defaults = recipe.settings()
    # JSON's texts, numbers, booleans and arrays are TOML's too; None is a key that is left out.
    lines = [
        f"{key} = {json.dumps(value)}"
        for key, value in dataclasses.asdict(defaults).items()
        if value is not None
    ]
    config = load_config(put(tmp_path, "\n".join([f"[train.{name}]", *lines])))
    assert len(config.train[name]) == len(lines)
    assert build_settings(recipe, config.train[name], {}, where="") == defaults


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("train = 3", "'train' must be a section, written [train]; found 3"),
        ("train = 'p6b'", "'train' must be a section, written [train]; found 'p6b'"),
        ("[[train]]\nepochs = 3", "'train' must be a section, written [train]; found [{'epochs': 3}]"),
        ("[train]\nepochs = 3", "'epochs' must be a section"),
        ("[train]\np6b = [1]", "'p6b' must be a section"),
        ("[trian.p6b]\nepochs = 3", "section 'trian' is unknown; did you mean 'train'?"),
        ("[p6b]\nepochs = 3", "section 'p6b' is unknown; known are data, eval, train"),
        ("[train.p6b]\nepochs = 3\n[train.p6b]\nepochs = 4", "not TOML"),
    ],
)
def test_what_is_no_section_of_a_recipe_is_a_usage_error(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in refusal(put(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        (
            "[train.ridge]\nmax_window = 5",
            ["ridge"],
            "[train.ridge] 'max_window' is unknown; did you mean 'max_windows'?",
        ),
        (
            "[train.ridge]\nmax_windows = 5.0",
            ["ridge"],
            "[train.ridge] max_windows: expected a whole number, found 5.0",
        ),
        (
            "[train.ridge]\nstrengths = 0.1",
            ["ridge", "--strengths", "1"],
            "[train.ridge] strengths: expected a list of numbers, found 0.1",
        ),
        (
            "[train.p6b]\nprev = 'next'",
            ["p6b"],
            "[train.p6b] prev: expected one of context[-2], context[-1], skipped, found 'next'",
        ),
    ],
)
def test_the_command_names_file_section_and_key(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Run,
    text: str,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    file = put(tmp_path, text)
    result = run("train", *arguments)
    assert result.stderr == f"Error: {file}: {message}\n"
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == [file]


def test_the_command_reads_its_own_section_and_lets_a_flag_win(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path, '[data]\nbank = "nowhere.npz"\n[train.ridge]\nmax_windows = 1\n[train.p6b]\nepochs = 0\n')
    refused = run("train", "ridge")
    assert refused.stderr == "Error: max_windows must be at least 2; found 1\n"
    assert refused.exit_code == 2
    # With the flag the settings hold, and the bank is what is missing; p6b's section is not ridge's.
    accepted = run("train", "ridge", "--max-windows", "2")
    assert "nowhere.npz" in accepted.stderr
    assert accepted.exit_code == 3
