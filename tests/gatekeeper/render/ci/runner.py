"""GitHub's runner as far as a decision meets it: the files it names, the commands it obeys."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


def github_files(folder: Path) -> dict[str, str]:
    """The variables in which the runner names its files."""
    return {"GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary")}


@dataclass(frozen=True)
class Command:
    """A workflow command as the runner decodes it."""

    name: str
    properties: dict[str, str]
    message: str


def decode(line: str) -> Command | None:
    """What the runner makes of a line of output; after ``ActionCommand.TryParseV2`` of actions/runner."""
    found = re.match(r"\s*::([a-z-]+)(?: ([^\n]*?))?::(.*)\Z", line, re.DOTALL)
    if found is None:
        return None
    properties = dict(pair.split("=", 1) for pair in (found[2] or "").split(",") if pair)
    return Command(
        found[1],
        {
            key: _undone(value, ("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))
            for key, value in properties.items()
        },
        _undone(found[3], ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")),
    )


def _undone(text: str, *escapes: tuple[str, str]) -> str:
    for token, meant in escapes:
        text = text.replace(token, meant)
    return text


def commands(text: str) -> list[Command]:
    """The commands of a text that is nothing else."""
    found = [decode(line) for line in text.split("\n")]
    assert None not in found
    return [each for each in found if each is not None]


def obeyed(text: str) -> Sequence[str]:
    """The lines the runner would act on: ``::name`` at the beginning, or ``##[name`` anywhere.

    Between ``::stop-commands::TOKEN`` and ``::TOKEN::`` it acts on none.
    """
    found, token = [], None
    for line in text.split("\n"):
        stripped = line.strip()
        stop = re.match(r"::stop-commands::(\S+)\Z", stripped)
        if token is not None:
            token = None if stripped == f"::{token}::" else token
        elif stop is not None:
            token = stop[1]
        elif decode(line) is not None or re.search(r"##\[[a-z-]+", line):
            found.append(line)
    return found
