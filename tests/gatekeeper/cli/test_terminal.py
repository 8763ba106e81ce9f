"""What is a terminal, and who wants colour."""

import io

import pytest

from gatekeeper.cli import live_view as status
from gatekeeper.cli import terminal


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("term", "found"), [("xterm-256color", True), ("dumb", False), ("unknown", False), ("", False)]
)
def test_what_is_a_terminal(term: str, found: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", term)
    assert terminal.is_terminal(Terminal()) is found
    assert not terminal.is_terminal(io.StringIO())
    monkeypatch.delenv("TERM")
    assert not terminal.is_terminal(Terminal())
    assert status.columns_of(Terminal()) == 0


@pytest.mark.parametrize(("value", "wanted"), [("1", False), ("", True), (None, True)])
def test_colour_is_wanted_unless_somebody_said_no(
    value: str | None, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    if value is None:
        monkeypatch.delenv("NO_COLOR", raising=False)
    else:
        monkeypatch.setenv("NO_COLOR", value)
    assert terminal.wants_colour() is wanted
    assert terminal.colour_on(Terminal()) is wanted
    assert not terminal.colour_on(io.StringIO())
