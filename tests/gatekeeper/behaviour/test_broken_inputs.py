"""Every argument and option of every command, given something broken: one line and exit code 2 or 3."""

import os
import sys
from pathlib import Path

import click
import click.testing
import numpy as np
import pytest

from gatekeeper.cli.app import COMMANDS
from tests.gatekeeper.behaviour.breakages import breakages, few, make_folder, parameters
from tests.gatekeeper.behaviour.commands import COVERED, arguments, base, commands, is_covered, needed
from tests.gatekeeper.forgery import Files, invoke, make_files, within

CHAMPION_RULE = """
[[champion]]
metric = "offset_sweep.cos"
splits = ["val"]
max_regression = 0.1
"""

CASES = [
    pytest.param(
        name,
        parameter,
        how,
        id=f"{name} {parameter.name} {how}",
    )
    for name, parameter in parameters()
    if is_covered(name)
    for how in few(name, parameter)
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    made = make_files(tmp_path_factory.mktemp("broken") / "files")
    (made.folder / "champion.toml").write_text(made.policy(CHAMPION_RULE).read_text())
    assert invoke("deploy", made.model, "--report", made.report, "--to", made.production).exit_code == 0
    assert invoke("sign", made.report, "--key", made.key).exit_code == 0
    (made.folder / "texts.jsonl").write_text('{"article": 0, "chunk": 0, "text": "a text"}\n')
    bank, built = made.folder / "bank.npz", made.folder / "set"
    assert invoke("data", "build", bank, "--out", built, "--split", "val=36-47", "--also-npz").exit_code == 0
    with np.load(bank) as file:
        arrays = dict(file)
    np.savez(made.folder / "more.npz", **{**arrays, "article_indices": arrays["article_indices"] + 1000})
    return made


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: no configuration file is found from here."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


PIPES: set[str] = set()
"""Pipes that must not be opened in a way that waits for somebody to write into them."""


@pytest.fixture(scope="module", autouse=True)
def _pipes_are_watched() -> None:
    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if PIPES and event == "open" and len(arguments) == 3:
            path, _, flags = arguments
            if str(path) in PIPES and isinstance(flags, int) and not flags & os.O_NONBLOCK:
                pytest.fail(f"opens the pipe {path} and would wait for ever")

    sys.addaudithook(watch)


def refused(result: click.testing.Result) -> str:
    """The one line of a refusal."""
    assert result.exit_code in (2, 3), result.output
    assert "Traceback" not in result.output
    lines = result.stderr.splitlines()
    errors = [line for line in lines if line.startswith("Error: ")]
    assert len(errors) == 1, result.stderr
    others = [line for line in lines if line not in errors]
    # Lines that click adds to an error of usage, and notes about the data.
    assert all(line == "" or line.startswith(("note: ", "Usage: ", "Try ", "\t", "  ")) for line in others), (
        lines
    )
    assert not others or result.exit_code == 2 or all(line.startswith("note: ") for line in others)
    return errors[0]


def test_every_command_is_covered(files: Files, tmp_path: Path) -> None:
    assert {name.split()[0] for name in commands()} == set(COMMANDS)
    for command in commands():
        assert is_covered(command), f"say in base() how to call {command!r}"
        required = {str(each.name) for each in commands()[command].params if each.required}
        assert required <= base(command, files, tmp_path).keys()


def test_every_parameter_is_covered() -> None:
    for command, parameter in parameters():
        assert breakages(command, parameter), f"say how to break {parameter.name!r} of {command!r}"


@pytest.mark.parametrize(
    "command", [name for name in COVERED if not name.startswith("train ") or name == "train ridge"]
)
def test_control_what_is_broken_below_works_when_whole(command: str, files: Files, out: Path) -> None:
    values = base(command, files, out)
    if command == "sign":
        values["report"] = [str(files.weaker_report)]
    result = invoke(*arguments(command, values))
    assert result.exit_code in (0, 1), result.output


@pytest.mark.parametrize(("command", "parameter", "how"), CASES)
def test_a_broken_value_is_refused_in_one_line(
    command: str, parameter: click.Parameter, how: str, files: Files, out: Path
) -> None:
    name = str(parameter.name)
    value = breakages(command, parameter)[how](out)
    values = base(command, files, out) | needed(command, name, files)
    kept = values.get(name, [])[:-1]
    PIPES.clear()
    if how == "pipe":
        PIPES.add(value.removeprefix("val="))
    try:
        with within(60):
            result = invoke(*arguments(command, {**values, name: [*kept, value]}))
    finally:
        PIPES.clear()
    refused(result)


@pytest.mark.parametrize("flag", ["--no-such-flag", "-z", "--hel=x"])
@pytest.mark.parametrize("command", COVERED)
def test_a_misspelt_flag_is_refused(command: str, flag: str, files: Files, out: Path) -> None:
    name = command.split()
    whole = arguments(command, base(command, files, out))
    refused(invoke(*name, flag, *whole[len(name) :]))


@pytest.mark.parametrize("command", [name for name in COVERED if name not in ("eval", "compare")])
def test_one_argument_too_many_is_refused(command: str, files: Files, out: Path) -> None:
    whole = arguments(command, base(command, files, out))
    refused(invoke(*whole, "one-too-many", "another"))


@pytest.mark.parametrize("how", ["json", "in-file", "pipe", "nul", "long"])
def test_a_broken_folder_is_not_rolled_back(how: str, out: Path) -> None:
    refused(invoke("deploy", "--to", make_folder(how, out), "--rollback"))


@pytest.mark.parametrize("how", ["json", "in-file", "pipe", "nul", "long"])
def test_a_broken_folder_has_no_history(how: str, out: Path) -> None:
    refused(invoke("deploy", "--to", make_folder(how, out), "--history"))


@pytest.mark.parametrize("command", sorted({name.rpartition(" ")[0] for name in commands()}))
def test_a_misspelt_command_is_refused(command: str) -> None:
    refused(invoke(*command.split(), "no-such-command"))


@pytest.mark.parametrize(
    "command", [name for name in commands() if any(each.required for each in commands()[name].params)]
)
def test_a_command_without_what_it_requires_is_refused(command: str, out: Path) -> None:
    refused(invoke(*command.split()))
