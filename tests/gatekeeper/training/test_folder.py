"""Run folders never mix two runs, and ``config.json`` gives back what a run was asked to do."""

import dataclasses
import json
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.config.articles import parse_articles
from gatekeeper.config.file import load_config
from gatekeeper.config.record import Config
from gatekeeper.config.sections import DataConfig, EvalConfig
from gatekeeper.training import folder as run_folder
from gatekeeper.training.folder import (
    CONFIG_FILE,
    RunRecord,
    config_to_plain,
    new_folder,
    read_record,
    recorded_config,
    write_record,
)
from schemas.errors import OutputError, ReportError, UsageError
from schemas.records.inputs import Environment
from tests.gatekeeper.config.files import FULL
from trainers.contracts import MODEL_FILE

ENVIRONMENT = Environment(
    tool_version="0.1.0",
    tool_sha256="e" * 64,
    git_revision=None,
    python="3.11.7",
    platform="Linux",
    device="cpu",
    threads=2,
    packages={"torch": "2.13.0"},
)
RECORD = RunRecord(
    trainer="p6b",
    settings={"epochs": 12, "lr": 5e-4, "lambda_clamp": [1e-4, 5e-2], "compile": False, "layers": None},
    data={"bank": "/data/bank.npz", "val": [6, 7]},
    evaluation={"policy": "seed-5cat", "bin_edges": [0.45, 0.55]},
    context=5,
    horizon=2,
    bank_sha256="0" * 64,
    splits={"train": "1" * 64, "val": "2" * 64},
    policy_sha256="3" * 64,
    seeds=[7],
    environment=dataclasses.asdict(ENVIRONMENT),
)
PLAIN: dict[str, Any] = dataclasses.asdict(RECORD)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory where it is always 07:08:09 UTC on 5 June 2024."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Clock":
            assert tz is UTC
            return cls(2024, 6, 5, 7, 8, 9, 999_999, tzinfo=tz)

    monkeypatch.setattr(run_folder, "datetime", Clock)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_is_named_after_architecture_recipe_and_time(workplace: Path) -> None:
    folder = new_folder(None, "transformer", "p6b")
    assert folder == Path("runs/transformer_p6b_20240605_070809")
    assert (workplace / folder).is_dir()
    assert new_folder(None, "gru", "p6b") == Path("runs/gru_p6b_20240605_070809")
    assert new_folder(None, "transformer", "p6") == Path("runs/transformer_p6_20240605_070809")
    assert new_folder(None, "my.models:Net", "p6") == Path("runs/Net_p6_20240605_070809")


def test_a_second_run_of_the_same_second_gets_no_folder(workplace: Path) -> None:
    folder = new_folder(None, "transformer", "p6b")
    with pytest.raises(UsageError) as caught:
        new_folder(None, "transformer", "p6b")
    assert str(caught.value) == f"{folder} exists already; name another folder with --out"
    assert list((workplace / folder).iterdir()) == []
    write_record(folder, RECORD)
    with pytest.raises(UsageError, match=f"^{folder} exists already; "):
        new_folder(None, "transformer", "p6b")


def test_a_record_alone_is_no_run(workplace: Path) -> None:
    # Left by a run that was refused before its first step; the corrected command may use the folder.
    folder = new_folder(Path("mine"), "transformer", "p6b")
    write_record(folder, RECORD)
    assert new_folder(folder, "transformer", "p6b") == folder


def test_a_folder_of_the_users_may_exist(workplace: Path) -> None:
    assert new_folder(Path("mine/first"), "transformer", "p6b") == Path("mine/first")
    assert (workplace / "mine" / "first").is_dir()
    (workplace / "mine" / "notes.txt").write_text("kept")
    assert new_folder(workplace / "mine", "transformer", "p6b") == workplace / "mine"
    assert (workplace / "mine" / "notes.txt").read_text() == "kept"
    assert not (workplace / "runs").exists()


@pytest.mark.parametrize("name", [MODEL_FILE, "checkpoints"])
def test_a_folder_that_holds_a_run_is_refused(workplace: Path, name: str) -> None:
    folder = new_folder(Path("mine"), "transformer", "p6b")
    (folder / name).write_text("of the first run")
    with pytest.raises(UsageError) as caught:
        new_folder(folder, "transformer", "p6b")
    assert str(caught.value) == f"mine/{name} exists; continue it with --resume or name another folder"
    assert caught.value.exit_code == 2
    assert (folder / name).read_text() == "of the first run"


@pytest.mark.parametrize(
    ("out", "why"), [("file", "File exists"), ("file/run", "Not a directory"), (None, "Not a directory")]
)
def test_a_folder_that_cannot_be_made(workplace: Path, out: str | None, why: str) -> None:
    (workplace / "file").write_text("")
    (workplace / "runs").write_text("")
    with pytest.raises(OutputError, match=f"^the run folder [^ ]+ cannot be made: {why}$"):
        new_folder(None if out is None else Path(out), "transformer", "p6b")


def test_a_record_survives_its_file(tmp_path: Path) -> None:
    write_record(tmp_path, RECORD)
    assert [file.name for file in tmp_path.iterdir()] == [CONFIG_FILE]
    assert read_record(tmp_path) == RECORD
    assert json.loads((tmp_path / CONFIG_FILE).read_text(encoding="utf-8")) == PLAIN
    assert list(PLAIN) == [field.name for field in dataclasses.fields(RunRecord)]


def test_tuples_come_back_as_lists(tmp_path: Path) -> None:
    record = dataclasses.replace(RECORD, settings={"lambda_clamp": (1e-4, 5e-2)}, data={"val": (6, 7)})
    write_record(tmp_path, record)
    found = read_record(tmp_path)
    assert found.settings == {"lambda_clamp": [1e-4, 5e-2]}
    assert found.data == {"val": [6, 7]}


def test_a_record_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        write_record(tmp_path / "nowhere", RECORD)
    with pytest.raises(ReportError, match="cannot be written as JSON"):
        write_record(tmp_path, dataclasses.replace(RECORD, settings={"lr": float("nan")}))
    assert list(tmp_path.iterdir()) == []


def without(key: str) -> Mapping[str, Any]:
    return {name: value for name, value in PLAIN.items() if name != key}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "cannot be resumed, config.json is broken: not JSON: "),
        ('{"trainer": "p6b",', "cannot be resumed, config.json is broken: not JSON: "),
        ("\udcff", "cannot be resumed, config.json is broken: expected UTF-8"),
        ('{"trainer": NaN}', "cannot be resumed, config.json is broken: NaN is not JSON"),
        (
            '{"context": 5, "context": 6}',
            "cannot be resumed, config.json is broken: key 'context' appears tw",
        ),
        (json.dumps(without("horizon")), "cannot be resumed, config.json is broken: "),
        (json.dumps({**PLAIN, "surprise": 1}), "cannot be resumed, config.json is broken: "),
        ("{}", "cannot be resumed, config.json is broken: "),
        ("[]", "cannot be resumed, config.json is broken: 'trainer' is missing"),
        ("null", "cannot be resumed, config.json is broken: 'trainer' is missing"),
        ('"p6b"', "cannot be resumed, config.json is broken: 'trainer' is missing"),
    ],
)
def test_a_broken_record_is_a_usage_error_of_one_line(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / CONFIG_FILE).write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(UsageError) as caught:
        read_record(tmp_path)
    line = str(caught.value)
    assert line.removeprefix(str(tmp_path)).lstrip().startswith(message)
    assert "\n" not in line
    assert caught.value.exit_code == 2


def test_a_missing_or_surplus_key_is_named(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).write_text(json.dumps(without("horizon")))
    with pytest.raises(UsageError, match="'horizon'"):
        read_record(tmp_path)
    (tmp_path / CONFIG_FILE).write_text(json.dumps({**PLAIN, "surprise": 1}))
    with pytest.raises(UsageError, match="'surprise'"):
        read_record(tmp_path)


def test_what_is_no_run_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_record(tmp_path / "nowhere")
    expected = f"{tmp_path / 'nowhere'} cannot be resumed: config.json: No such file or directory"
    assert str(caught.value) == expected
    (tmp_path / CONFIG_FILE).mkdir()
    with pytest.raises(UsageError, match=r"cannot be resumed: config\.json: it is no regular file$"):
        read_record(tmp_path)


FILE = FULL.replace("strict-5cat", "own.toml") + "\n[train.p6b]\nepochs = 3\n"


def recorded(config: Config, folder: Path) -> Config:
    """The configuration that comes back through a file."""
    data, evaluation = config_to_plain(config)
    write_record(folder, dataclasses.replace(RECORD, data=data, evaluation=evaluation))
    return recorded_config(read_record(folder), folder)


def test_a_full_configuration_comes_back_from_any_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, run, elsewhere = (tmp_path / name for name in ("project", "run", "elsewhere"))
    for folder in (project, run, elsewhere):
        folder.mkdir()
    (project / "gatekeeper.toml").write_text(FILE)
    monkeypatch.chdir(project)
    config = load_config(Path("gatekeeper.toml"))
    assert config.data.bank == Path("data/bank.npz")  # relative: the file was named so
    assert config.eval.policy == "own.toml"
    data, evaluation = config_to_plain(config)
    write_record(run, dataclasses.replace(RECORD, data=data, evaluation=evaluation))

    monkeypatch.chdir(elsewhere)
    found = recorded_config(read_record(run), run)
    assert found.data == dataclasses.replace(
        config.data, bank=project / "data" / "bank.npz", ood=project / ".." / "ood.npz"
    )
    # A report belongs to an evaluation, not to a run, which has its own.
    assert found.eval == dataclasses.replace(config.eval, policy=str(project / "own.toml"), report=None)


def test_the_recorded_values_are_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = Config(
        data=DataConfig(
            bank=Path("bank.npz"), train=parse_articles("0,1"), val=Path("/far/val.npz"), horizon=2
        ),
        eval=EvalConfig(policy="sub/own.toml", seed=3, report=Path("report.json")),
    )
    data, evaluation = config_to_plain(config)
    assert data == {
        "bank": str(tmp_path / "bank.npz"),
        "train": "0-1",
        "val": "/far/val.npz",
        "horizon": 2,
    }
    assert evaluation == {
        "policy": str(tmp_path / "sub" / "own.toml"),
        "seed": 3,
        "device": "auto",
        "batch_size": 256,
        "retrieval": "auto",
        "bin_edges": (0.45, 0.55),
        "confidence": 0.95,
    }


@pytest.mark.parametrize(
    "config",
    [
        Config(),
        Config(
            data=DataConfig(train=parse_articles("3"), val=parse_articles("1,2"), ood=parse_articles("9")),
            eval=EvalConfig(policy="strict-5cat"),
        ),
        Config(
            data=DataConfig(bank=Path("/data/bank.npz"), context=3),
            eval=EvalConfig(
                policy="/etc/own.toml",
                max_samples=5,
                device="cuda:1",
                batch_size=1,
                retrieval="faiss",
                bin_edges=(0.1, 0.2),
                confidence=0.5,
            ),
        ),
    ],
)
def test_a_configuration_without_relative_paths_comes_back_equal(tmp_path: Path, config: Config) -> None:
    assert recorded(config, tmp_path) == dataclasses.replace(config, file=tmp_path / "config.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": {"bnak": "x"}}, "[data] 'bnak' is unknown; did you mean 'bank'?"),
        ({"data": {"val": []}}, "[data] val: expected article ranges"),
        ({"data": {"horizon": 0}}, "[data] horizon: expected a whole number of at least 1, found 0"),
        ({"evaluation": {"seed": -1}}, "[eval] seed: expected a whole number of at least 0, found -1"),
        (
            {"evaluation": {"bin_edges": [0.1]}},
            "[eval] bin_edges: expected two ascending numbers, found [0.1]",
        ),
    ],
)
def test_a_wrong_recorded_value_names_the_file(
    tmp_path: Path, change: Mapping[str, Any], message: str
) -> None:
    write_record(tmp_path, dataclasses.replace(RECORD, **change))
    with pytest.raises(UsageError, match=f"^{re.escape(f'{tmp_path / CONFIG_FILE}: {message}')}"):
        recorded_config(read_record(tmp_path), tmp_path)


def test_a_record_that_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.json")
    with pytest.raises(UsageError, match=r"cannot be resumed: config\.json: it is no regular file"):
        read_record(tmp_path)
