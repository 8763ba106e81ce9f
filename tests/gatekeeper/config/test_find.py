"""The nearest file counts, and only where its owner may decide."""

import os
from pathlib import Path

import pytest

from gatekeeper.config.articles import parse_articles
from gatekeeper.config.file import load_config, resolve_config
from gatekeeper.config.find import find_config
from schemas.errors import UsageError
from tests.gatekeeper.config.files import put


def test_found_in_a_parent_and_the_nearest_wins(tmp_path: Path) -> None:
    outer = put(tmp_path, "")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find_config(inner) == outer
    nearest = put(tmp_path / "a", "")
    assert find_config(inner) == nearest
    assert resolve_config(folder=inner).file == nearest


def test_pyproject_counts_only_with_our_section(tmp_path: Path) -> None:
    outer = put(tmp_path, "[tool.gatekeeper.data]\nval = '3'", "pyproject.toml")
    inner = tmp_path / "a"
    put(inner, "[project]\nname = 'x'", "pyproject.toml")
    assert find_config(inner) == outer
    assert load_config(outer).data.val == parse_articles("3")
    both = put(tmp_path, "")
    assert find_config(inner) == both  # gatekeeper.toml before pyproject.toml of the same folder


def test_a_broken_pyproject_stops_only_if_it_is_ours(tmp_path: Path) -> None:
    outer = put(tmp_path, "")
    put(tmp_path / "a", "[project", "pyproject.toml")
    assert find_config(tmp_path / "a") == outer
    put(tmp_path / "a", "[tool.gatekeeper]\nbroken", "pyproject.toml")
    with pytest.raises(UsageError, match="not TOML"):
        resolve_config(folder=tmp_path / "a")


def test_working_directory_is_where_the_search_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = put(tmp_path, "")
    monkeypatch.chdir(tmp_path)
    assert resolve_config().file == file


STRANGER = 61_234


def give_away(path: Path, monkeypatch: pytest.MonkeyPatch, *, link: bool = False) -> None:
    """Make a file another user's: truly where root tests, else by being another user ourselves."""
    if os.geteuid() == 0:
        os.chown(path, STRANGER, -1, follow_symlinks=not link)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: STRANGER)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gatekeeper.toml", "[data]\nval = '3'"),
        ("gatekeeper.toml", "[eval]\npolicy = 'loose.toml'"),
        ("pyproject.toml", "[tool.gatekeeper.data]\nval = '3'"),
        ("pyproject.toml", "[tool.gatekeeper]\nbroken"),
    ],
)
def test_a_file_of_another_user_is_not_found_by_chance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    file = put(tmp_path, text, name)
    (tmp_path / "a" / "b").mkdir(parents=True)
    give_away(file, monkeypatch)
    with pytest.raises(UsageError) as caught:
        resolve_config(folder=tmp_path / "a" / "b")
    message = str(caught.value)
    assert message.startswith(f"configuration file {file} belongs to the user ")
    assert message.endswith(", who could have it decide for you; name it with --config if you trust it")


def test_a_link_of_another_user_is_not_followed_by_chance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = put(tmp_path / "mine", "")
    link = tmp_path / "gatekeeper.toml"
    link.symlink_to(mine)
    assert resolve_config(folder=tmp_path).file == link
    give_away(link, monkeypatch, link=True)
    with pytest.raises(UsageError, match="belongs to the user"):
        resolve_config(folder=tmp_path)


def test_a_file_of_another_user_counts_where_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = put(tmp_path, "[data]\nval = '3'")
    give_away(file, monkeypatch)
    assert resolve_config(file).data.val == parse_articles("3")


def test_a_pyproject_of_another_user_that_is_not_ours_is_passed_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = put(tmp_path, "[data]\nval = '3'")
    foreign = put(tmp_path / "a", "[project]\nname = 'x'", "pyproject.toml")
    if os.geteuid() == 0:
        give_away(foreign, monkeypatch)
    assert resolve_config(folder=tmp_path / "a").file == outer


def test_under_sudo_the_files_of_whoever_asked_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = put(tmp_path, "")
    if os.geteuid() == 0:
        os.chown(file, STRANGER, -1)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    owner = file.stat().st_uid
    monkeypatch.setenv("SUDO_UID", str(owner))
    assert resolve_config(folder=tmp_path).file == file
    monkeypatch.setenv("SUDO_UID", str(owner + 1))
    if owner != 0:
        with pytest.raises(UsageError, match="belongs to the user"):
            resolve_config(folder=tmp_path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gatekeeper.toml", "x = " + "[" * 100_000),
        ("gatekeeper.toml", "a." * 500_000),
        ("gatekeeper.toml", "#" * 2**21),
        ("pyproject.toml", "[tool.gatekeeper]\nx = " + "[" * 100_000),
        ("pyproject.toml", "[tool.gatekeeper]\n" + "#" * 2**21),
    ],
    ids=range(5),
)
def test_a_file_that_costs_more_than_any_configuration_is_refused(
    tmp_path: Path, name: str, text: str
) -> None:
    put(tmp_path, text, name)
    with pytest.raises(UsageError, match=r"tables and lists are nested|expected at most 1048576 bytes"):
        resolve_config(folder=tmp_path)


@pytest.mark.parametrize("text", ["a." * 500_000, "x = " + "[" * 100_000, "tool = 3", "#" * 2**21])
def test_a_strange_pyproject_of_somebody_else_is_passed_by(tmp_path: Path, text: str) -> None:
    outer = put(tmp_path, "")
    put(tmp_path / "a", text, "pyproject.toml")
    assert find_config(tmp_path / "a") == outer
