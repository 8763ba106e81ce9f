"""Every argument and option of every command, given something broken: one line and exit code 2 or 3.

The parameters are those that click knows, so that a new command or option must be named here.
"""

import os
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import click
import click.testing
import pytest

from gatekeeper.cli.app import COMMANDS, cli
from tests.gatekeeper.forgery import Files, invoke, make_files, within

Values = dict[str, list[str]]
"""Parameter -> what is given for it."""

LONG = 5000 * "x"

SEQUENCES = "set_val_sequences.npz"
"""Among the files: a split in the old sequence format."""

CHAMPION_RULE = """
[[champion]]
metric = "offset_sweep.cos"
splits = ["val"]
max_regression = 0.1
"""


@cache
def commands() -> dict[str, click.Command]:
    """All commands that do something, by their whole name."""
    return dict(_leaves(cli, ()))


def _leaves(command: click.Command, name: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield " ".join(name), command
        return
    context = click.Context(command)
    for each in command.list_commands(context):
        found = command.get_command(context, each)
        assert found is not None
        yield from _leaves(found, (*name, each))


def base(command: str, files: Files, out: Path) -> Values:
    """What makes a command do its work; one of these values is then broken, or one more is added."""
    config = str(files.folder / "gatekeeper.toml")
    bank, model, report = str(files.folder / "bank.npz"), str(files.model), str(files.report)
    if command.startswith("train "):
        small = {"epochs": "1", "layers": "1", "width": "8", "heads": "1"}
        has = {parameter.name for parameter in commands()[command].params}
        sizes = {name: [value] for name, value in small.items() if name in has}
        return {"config": [config], "out": [str(out / "run")], **sizes}
    known: dict[str, Values] = {
        "eval": {"models": ["control:constant"], "config": [config], "report": [str(out / "report.json")]},
        "check": {"report": [report], "model": [model]},
        "report": {"report": [report], "html": [str(out / "page.html")]},
        "compare": {"reports": [report, str(files.weaker_report)]},
        "deploy": {"model": [model], "report": [report], "target": [str(out / "production")]},
        "sign": {"report": [report], "key": [str(files.key)]},
        "keygen": {"name": ["new"], "folder": [str(out)]},
        "data build": {"source": [bank], "out": [str(out / "set")], "splits": ["train=0-19"]},
        "data convert": {
            "files": [f"val={files.folder / SEQUENCES}"],
            "bank": [bank],
            "out": [str(out / "set")],
        },
        "data info": {"bank": [bank]},
        "data audit": {"config": [config]},
        "data synth": {
            "world": ["forward"],
            "out": [str(out / "world")],
            "articles": ["6"],
            "chunks": ["12"],
        },
        "list": {"kind": ["trainers"]},
        "schema": {"name": ["report"]},
    }
    return known.get(command, {})


def is_covered(command: str) -> bool:
    """Whether it is known how to make a command do its work."""
    return bool(base(command, Files(Path()), Path()))


def needed(command: str, parameter: str, files: Files) -> Values:
    """What a parameter needs besides, so that it is read at all."""
    if parameter == "envelope":
        return {"trusted_key": [str(files.public)]}
    if parameter == "champion":
        rules = {"policy": [str(files.folder / "champion.toml")]}
        # Only where a model is in production is there a champion to read about.
        return rules | ({"target": [str(files.production)]} if command == "deploy" else {})
    if parameter == "sign_key":
        return {"models": [str(files.model)]}
    if parameter == "resume":
        return {"out": []}
    if (command, parameter) == ("data build", "device"):
        return {"source": [str(files.folder / "texts.jsonl")], "encoder": [str(files.folder / "no-encoder")]}
    if (command, parameter) == ("data synth", "bank"):
        return {"world": ["shuffled"], "articles": [], "chunks": []}
    return {}


FILES = (
    "bank", "source", "config", "policy", "report", "model", "envelope", "champion", "key", "sign_key",
    "trusted_key", "models", "reports",
)  # fmt: skip
SPLITS = ("train", "val", "ood", "select")
OUTPUTS = (("check", "output"), ("eval", "report"))
FOLDERS = ("out", "target", "folder", "tensorboard")
FREE = ("encoder", "licence", "note")
"""Text for the record, which cannot be wrong."""

NAMES: dict[str, tuple[str, ...]] = {
    "device": ("cudaa", "cpu:x", "meta", ""),
    "architecture": ("transformr", "", LONG, "../gru"),
    "ramp": ("", "x", "1", "1=", "1:0.5,1:0.6", "0:1", "1:nan", "3:0.1,2:0.2"),
    "mlflow_experiment": ("", "without --mlflow"),
    "max_age": ("", "30", "d", "0d", "-1d", "1w", "1.5d", "999999d", "1d "),
    "splits": (
        "",
        "train",
        "train=",
        "=0-9",
        "train=9-0",
        "train=2.0",
        "train=nan",
        "train=x",
        "tra\0in=0-9",
    ),
    "name": ("missing/new", "a\0b", LONG),
    **dict.fromkeys(("vectors_key", "article_key", "chunk_key", "text_key"), ("", "absent")),
}

BROKEN_FILES = ("missing", "empty", "folder", "noise", "picture", "json", "pipe", "nul", "long", "nothing")


def make_broken(kind: str, folder: Path, suffix: str = "") -> str:
    """A broken file of that kind; what to call it on the command line."""
    path = folder / f"{kind}{suffix}"
    content = {
        "empty": b"",
        "noise": bytes(range(256)) * 8,
        "picture": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0",
        "json": b"{}\n",
    }
    if kind in content:
        path.write_bytes(content[kind])
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    return {"nul": f"a\0b{suffix}", "long": f"{LONG}{suffix}", "nothing": ""}.get(kind, str(path))


def make_output(kind: str, folder: Path, suffix: str = "") -> str:
    """A place that nothing can be written to."""
    if kind in ("folder", "pipe", "nul", "long"):
        return make_broken(kind, folder, suffix)
    return {
        "nothing": "",
        "no-folder": str(folder / "none" / f"x{suffix}"),
        "in-file": make_broken("json", folder) + f"/x{suffix}",
    }[kind]


def make_folder(kind: str, folder: Path) -> str:
    """A folder that cannot be one."""
    if kind == "in-file":
        return make_broken("json", folder) + "/x"
    return make_broken(kind, folder)


Breakages = dict[str, Callable[[Path], str]]
"""A name for people -> what makes the value, in a folder of its own."""


def breakages(command: str, parameter: click.Parameter) -> Breakages:
    """The ways to break a parameter; none where nobody has said what it is."""
    name = str(parameter.name)
    if (command, name) in OUTPUTS or name == "html":
        kinds = ("folder", "pipe", "nul", "long", "nothing", "no-folder", "in-file")
        suffix = ".html" if name == "html" else ""
        places: Breakages = {each: partial(make_output, each, suffix=suffix) for each in kinds}
        return places | ({"no page": partial(_text, "page.txt")} if name == "html" else {})
    if name == "resume":
        return {
            each: partial(make_folder, each) for each in ("missing", "json", "folder", "pipe", "nul", "long")
        }
    if name in FOLDERS:
        places = {each: partial(make_folder, each) for each in ("json", "in-file", "pipe", "nul", "long")}
        registries = ("mlflow:", "mlflow:name", "mlflow:@alias", "mlflow:na me@")
        return places | ({each: partial(_text, each) for each in registries} if name == "target" else {})
    if name in FILES:
        # An empty configuration file leaves everything at its default.
        found = [each for each in BROKEN_FILES if (name, each) != ("config", "empty")]
        made: Breakages = {each: partial(make_broken, each) for each in found}
        return made | ({"misspelt": partial(_text, "seed-5cart")} if name == "policy" else {})
    if name == "files":
        wrong: Breakages = {each: partial(_text, each) for each in ("val", "=x.npz", "val=")}
        return wrong | {each: partial(_split_file, each) for each in BROKEN_FILES[:-1]}
    if name in SPLITS:
        texts = ("", "x", "9-0", "0-", "999", "-1", "1.5")
        bad: Breakages = {each: partial(make_broken, each, suffix=".npz") for each in BROKEN_FILES[:-1]}
        return bad | {f"articles {text!r}": partial(_text, text) for text in texts}
    return {repr(text[:20]): partial(_text, text) for text in _texts(name, parameter)}


def _text(text: str, folder: Path) -> str:
    return text


def _split_file(kind: str, folder: Path) -> str:
    return f"val={make_broken(kind, folder, '.npz')}"


def _texts(name: str, parameter: click.Parameter) -> tuple[str, ...]:
    kind = parameter.type
    if isinstance(kind, click.Choice):
        return ("", f"{kind.choices[0]}x", f" {kind.choices[0]}")
    if isinstance(kind, click.types.IntParamType):
        zero = () if name in ("seed", "lr_patience", "save_every") else ("0",)
        huge = ("99999999999999999999",) if name in ("context", "horizon") else ()
        return ("", "x", "1.5", "-1", "1e3", "nan", *zero, *huge)
    if isinstance(kind, click.types.FloatParamType):
        return ("", "x", "nan", "inf", "-inf", *(() if name == "angle" else ("-1",)))
    return NAMES.get(name, ())


def parameters() -> list[tuple[str, click.Parameter]]:
    """All that a value can break: no switches, no free text."""
    return [
        (name, parameter)
        for name, command in commands().items()
        for parameter in command.params
        if not isinstance(parameter.type, click.types.BoolParamType) and parameter.name not in FREE
    ]


def few(command: str, parameter: click.Parameter) -> list[str]:
    """Recipes share their flags: what p6b is asked in full, the others are asked in part."""
    found = list(breakages(command, parameter))
    shared = {each.name for each in commands()["train p6b"].params}
    if command.startswith("train ") and command != "train p6b" and parameter.name in shared:
        return [*found[:2], *found[-2:]]
    return found


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


def arguments(command: str, values: Values) -> list[str]:
    """The command line that gives these values."""
    found = command.split()
    last: list[str] = []
    for parameter in commands()[command].params:
        given = values.get(str(parameter.name), [])
        if isinstance(parameter, click.Argument):
            last += given
        else:
            for value in given:
                found += [parameter.opts[0], *[value] * parameter.nargs]
    return [*found, "--", *last]


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


COVERED = [name for name in commands() if is_covered(name)]


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
