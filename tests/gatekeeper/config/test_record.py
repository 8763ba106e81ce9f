"""What a command is configured to do, and who said so."""

from pathlib import Path

import pytest

from gatekeeper.config.file import resolve_config
from gatekeeper.config.record import Config
from gatekeeper.config.window import WindowClaim
from tests.gatekeeper.config.files import put


@pytest.mark.parametrize(
    ("where", "shown"),
    [(".", "gatekeeper.toml"), ("a/b", "../../gatekeeper.toml"), ("../elsewhere", "gatekeeper.toml")],
)
def test_a_report_shows_the_way_up_to_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, shown: str
) -> None:
    file = put(tmp_path / "project", "")
    (tmp_path / "project" / where).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(tmp_path / "project" / where)
    assert resolve_config(file).shown == shown
    assert Config().shown is None


@pytest.mark.parametrize(
    ("flags", "claims"),
    [
        ({}, (WindowClaim("flag"), WindowClaim("config", 4, 2))),
        ({"horizon": 3}, (WindowClaim("flag", None, 3), WindowClaim("config", 4, None))),
        ({"horizon": 2}, (WindowClaim("flag", None, 2), WindowClaim("config", 4, None))),
        ({"context": 6, "horizon": 3}, (WindowClaim("flag", 6, 3), WindowClaim("config"))),
        ({"bank": "other.npz"}, (WindowClaim("flag"), WindowClaim("config"))),
        ({"bank": "other.npz", "context": 6}, (WindowClaim("flag", 6), WindowClaim("config"))),
    ],
)
def test_flag_and_file_each_say_what_they_say_of_a_window(
    tmp_path: Path, flags: dict[str, object], claims: tuple[WindowClaim, WindowClaim]
) -> None:
    file = put(tmp_path, "[data]\ncontext = 4\nhorizon = 2\n")
    config = resolve_config(file, flags)
    assert config.window_claims() == claims
    assert config.flags == frozenset(flags)


def test_the_files_that_are_read_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("bank.npz", "own.toml"):
        (tmp_path / name).touch()
    text = "[data]\nbank = 'bank.npz'\nval = '3'\nood = 'gone.npz'\n[eval]\npolicy = 'own.toml'\n"
    file = put(tmp_path, text)
    assert set(resolve_config(file).inputs()) == {file, tmp_path / "bank.npz", tmp_path / "own.toml"}
    assert Config().inputs() == ()
