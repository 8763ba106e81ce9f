"""Names become what they can, and where none fits, a file may."""

import click
import pytest

from gatekeeper.cli.completion import complete

COMMAND = click.Command("command", params=[click.Option(["--x"])])


@pytest.mark.parametrize(
    ("kind", "more", "typed", "found"),
    [
        ("policies", {}, "str", [("plain", "strict-5cat")]),
        ("policies", {}, "own.t", []),
        ("policies", {"files": True}, "own.t", [("file", "own.t")]),
        ("policies", {"files": True}, "se", [("plain", "seed-5cat")]),
        ("controls", {"prefix": "control:"}, "control:ra", [("plain", "control:random")]),
        ("controls", {"prefix": "control:"}, "r", []),
        ("data", {"prefix": "bundled:", "files": True}, "bundled:b", [("plain", "bundled:books")]),
        ("data", {"prefix": "bundled:", "files": True}, "bank.n", [("file", "bank.n")]),
    ],
)
def test_a_beginning_is_completed(
    kind: str, more: dict[str, object], typed: str, found: list[tuple[str, str]]
) -> None:
    completer = complete(kind, **more)  # type: ignore[arg-type]
    items = completer(click.Context(COMMAND), COMMAND.params[0], typed)
    assert [(item.type, item.value) for item in items] == found


def test_a_name_comes_with_its_line() -> None:
    (item,) = complete("controls")(click.Context(COMMAND), COMMAND.params[0], "orac")
    assert item.help == "returns the true target; must pass what the policy requires"
