"""The ways to break every argument and option of every command.

The parameters are those that click knows, so that a new option must be named here.
"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from tests.gatekeeper.behaviour.commands import commands

LONG = 5000 * "x"

FILES = (
    "bank", "data", "source", "ids", "config", "policy", "report", "model", "envelope", "champion", "key",
    "sign_key", "trusted_key", "models", "reports",
)  # fmt: skip
SPLITS = ("train", "val", "ood", "select")
OUTPUTS = (("check", "output"), ("eval", "report"))
FOLDERS = ("out", "target", "folder", "tensorboard")
FREE = ("encoder", "licence", "note")
"""Text for the record, which cannot be wrong."""

NEGATIVE = ("angle", "tempting", "easy", "middle", "leave")
"""Angles, and least cosines, of which -1 lets everything through."""

NAMES: dict[str, tuple[str, ...]] = {
    "device": ("cudaa", "cpu:x", "meta", ""),
    "architecture": ("transformr", "", LONG, "../gru"),
    "ramp": ("", "x", "1", "1=", "1:0.5,1:0.6", "0:1", "1:nan", "3:0.1,2:0.2"),
    "recipe": ("", "nces"),
    "language": ("", "x"),
    "factory": ("", "x"),
    **dict.fromkeys(("state_key", "strip_prefix"), ("without --factory",)),
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
        return ("", "x", "nan", "inf", "-inf", *(() if name in NEGATIVE else ("-1",)))
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
