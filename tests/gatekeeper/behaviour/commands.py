"""Every command, and what it must be given to do its work.

The parameters are those that click knows, so that a new command must be named here.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click

from gatekeeper.cli.app import cli
from tests.gatekeeper.forgery import Files

Values = dict[str, list[str]]
"""Parameter -> what is given for it."""

SEQUENCES = "set_val_sequences.npz"
"""Among the files: a split in the old sequence format."""


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
        "try": {"data": [bank], "out": [str(out / "tried")]},
        "data build": {"data": [bank], "out": [str(out / "set")], "splits": ["train=0-19"]},
        "data append": {
            "folder": [str(files.folder / "set")],
            "source": [str(files.folder / "more.npz")],
            "out": [str(out / "grown")],
            "splits": ["val=1.0"],
        },
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
    if parameter == "data":
        return {"bank": []}
    if parameter == "bank" and command in ("try", "data build"):
        return {"data": []}
    if parameter == "device" and command in ("try", "data build"):
        return {"data": [str(files.folder / "texts.jsonl")], "encoder": [str(files.folder / "no-encoder")]}
    if (command, parameter) == ("data append", "device"):  # texts do not join vectors, whatever the device
        return {"source": [str(files.folder / "texts.jsonl")]}
    if (command, parameter) == ("data synth", "bank"):
        return {"world": ["shuffled"], "articles": [], "chunks": []}
    return {}


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


COVERED = [name for name in commands() if is_covered(name)]
