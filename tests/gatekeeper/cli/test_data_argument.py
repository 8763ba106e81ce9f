"""The data stand after a command's name as well as after ``--bank``; no path of a command is an address."""

from collections.abc import Callable
from pathlib import Path

import click
import click.testing
import pytest

from gatekeeper.cli.data_argument import is_data
from gatekeeper.cli.types import FilePath, NameOrPath
from tests.gatekeeper.cli.every_command import every_command
from tests.gatekeeper.cli.refusals import refused

Run = Callable[..., click.testing.Result]


def test_whoever_takes_the_one_takes_the_other() -> None:
    for words, found in every_command():
        flags = {flag for each in found.params for flag in each.opts}
        arguments = {each.name for each in found.params if isinstance(each, click.Argument)}
        assert ("--bank" in flags) == bool(arguments & {"data", "models", "files"}), words


@pytest.mark.parametrize(
    "line",
    [
        ("data", "info"),
        ("data", "audit"),
        ("data", "build", "--out", "built", "--split", "train=0-5", "--overwrite"),
        ("data", "synth", "reversed", "--out", "copy", "--overwrite"),
        ("eval", "control:copy_last", "--val", "6-11", "--ood", "12-17", "--max-samples", "120"),
    ],
)
def test_both_say_the_same(world: Path, run: Run, line: tuple[str, ...]) -> None:
    results = [run(*line, *data) for data in (("bank.npz",), ("--bank", "bank.npz"))]
    assert results[0].exit_code in (0, 1)
    assert [each.stdout for each in results[:1]] == [each.stdout for each in results[1:]]
    again = refused(run(*line, "bank.npz", "--bank", "other.npz"), 2)
    assert again == "Error: the data are named twice, other.npz and bank.npz; name them once"


def test_a_recipe_takes_the_data_as_its_argument(world: Path, run: Run) -> None:
    line = refused(run("train", "ridge", "no.npz", "--train", "0-3", "--val", "4-5", "--ood", "6-7"), 3)
    assert "no.npz" in line
    assert refused(run("train", "ridge", "a.npz", "--bank", "b.npz"), 2) == (
        "Error: the data are named twice, b.npz and a.npz; name them once"
    )


def test_data_among_models_are_told_from_them(world: Path, run: Run) -> None:
    splits = [flag for each in ("train=0-5", "val=6-11", "ood=12-17") for flag in ("--split", each)]
    built = run("data", "build", "bank.npz", "--out", "built", *splits)
    assert built.exit_code == 0, built.stderr
    small = ("--max-samples", "120", "--format", "markdown")
    for models in (("built", "control:copy_last"), ("control:copy_last", "built")):
        assert (
            run("eval", *models, *small).stdout
            == run("eval", "control:copy_last", "--bank", "built", *small).stdout
        )
    assert refused(run("eval", "built"), 2) == (
        "Error: built is data; the model comes first: gatekeeper eval MODEL built"
    )
    assert refused(run("eval", "m.pt", "built", "bundled:books"), 2) == (
        "Error: the data are named twice, built and bundled:books; name them once"
    )


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("bundled:speeches", True),
        ("no/such.npz", True),
        ("texts.jsonl.gz", True),
        ("Table.PARQUET", True),
        ("folder", True),
        ("run", False),
        ("m.pt", False),
        ("m.safetensors", False),
        ("control:oracle", False),
        ("package.module:factory", False),
        ("", False),
        ("a\0b", False),
        ("x" * 5000, False),
    ],
)
def test_what_counts_as_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, data: bool) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("folder/dataset.json", "run/config.json"):
        Path(name).parent.mkdir()
        Path(name).touch()
    assert is_data(text) is data


def test_no_command_takes_an_address_for_a_path() -> None:
    seen = set()
    for words, found in every_command():
        for each in found.params:
            if not isinstance(each.type, (FilePath, NameOrPath)):
                continue
            told = (
                "upload it: aws s3 cp PATH s3://b/x.npz" if each.type.output else "download it first: aws s3"
            )
            world = ["reversed"] if words[-1] == "synth" and each.name == "data" else []
            given = [] if isinstance(each, click.Argument) else [each.opts[-1]]
            with pytest.raises(click.BadParameter, match=told):
                found.make_context(words[-1], [*world, *given, "s3://b/x.npz"])
            seen.add((words[0], each.name))
    assert {
        *(
            ("eval", name)
            for name in ("models", "bank", "config", "policy", "train", "ood", "report", "html")
        ),
        *(("train", name) for name in ("data", "bank", "out", "resume", "tensorboard", "html")),
        *(("data", name) for name in ("data", "bank", "out", "config")),
        *(("check", name) for name in ("report", "model", "champion", "output", "policy", "envelope")),
        *(("deploy", name) for name in ("model", "report", "target", "champion", "trusted_key")),
        *(("sign", name) for name in ("report", "key", "model")),
        ("compare", "reports"),
        ("report", "report"),
        ("report", "html"),
        ("keygen", "folder"),
    } <= seen


def test_an_address_in_a_pair_or_in_a_file_is_told_too(world: Path, run: Run) -> None:
    pair = run("data", "convert", "bank.npz", "train=gs://b/t.npz", "--out", "d")
    assert refused(pair, 2).endswith("download it first: gcloud storage cp gs://b/t.npz .")
    Path("gatekeeper.toml").write_text('[data]\nbank = "hf://datasets/who/what/bank.npz"\n')
    file = world / "gatekeeper.toml"
    assert refused(run("data", "audit"), 2) == (
        f"Error: {file}: [data] bank: hf://datasets/who/what/bank.npz is an address, and only this machine "
        "is read; download it first: hf download who/what bank.npz --repo-type dataset --local-dir ."
    )
