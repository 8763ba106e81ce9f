"""``gatekeeper data synth`` in this process, with a world that is made at once."""

from pathlib import Path

from click.testing import CliRunner, Result

from gatekeeper.cli.app import cli


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["data", "synth", *map(str, arguments)])


def small(*more: str) -> tuple[str, ...]:
    return ("--articles", "10", "--chunks", "14", "--dimension", "8", *more)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
