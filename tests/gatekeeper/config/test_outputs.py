"""What counts as the same file, and what a command names."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.config.outputs import Output, key_file, refuse_overwriting
from schemas.errors import OutputError, UsageError


def same(path: Path, other: Path) -> None:
    """Nothing to do: it is the name itself."""


def link(path: Path, other: Path) -> None:
    other.symlink_to(path)


def hard(path: Path, other: Path) -> None:
    other.hardlink_to(path)


def chain(path: Path, other: Path) -> None:
    other.with_name("between").symlink_to(path)
    other.symlink_to("between")


@pytest.mark.parametrize("alias", [link, hard, chain])
@pytest.mark.parametrize("swap", [False, True], ids=["output is the alias", "input is the alias"])
def test_a_file_is_the_same_under_another_name(
    tmp_path: Path, alias: Callable[[Path, Path], None], swap: bool
) -> None:
    read, made = tmp_path / "model.pt", tmp_path / "report.json"
    read.touch()
    alias(read, made)
    if swap:
        read, made = made, read
    with pytest.raises(UsageError) as caught:
        refuse_overwriting([Output("report", made)], [None, tmp_path / "missing", read])
    assert str(caught.value) == (
        f"the report {made} would overwrite another file of this command, {read}; name another"
    )


@pytest.mark.parametrize("spelling", ["./a/../r.json", "a/../r.json", "linked/r.json"])
def test_another_spelling_of_what_is_not_there_yet_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path)
    with pytest.raises(UsageError, match=r"^the page r\.json would overwrite another file of this command, "):
        refuse_overwriting([Output("report", Path(spelling)), Output("page", Path("r.json"))], [])


@pytest.mark.parametrize("alias", [same, link, hard])
@pytest.mark.parametrize("name", ["bank.npz", "deep/er/bank.npz"])
def test_a_folder_stands_for_all_in_it(
    tmp_path: Path, alias: Callable[[Path, Path], None], name: str
) -> None:
    inside = tmp_path / "data" / name
    inside.parent.mkdir(parents=True)
    inside.touch()
    other = tmp_path / "other" if alias is not same else inside
    alias(inside, other)
    if name.startswith("deep") and alias is hard:
        return  # a second name of a file that no folder of ours can hold
    with pytest.raises(UsageError, match=r"^the folder .*data would overwrite another file of this command"):
        refuse_overwriting([Output("folder", tmp_path / "data", folder=True)], [other])
    with pytest.raises(UsageError, match=r"^the report .* would overwrite another file of this command"):
        refuse_overwriting([Output("report", other)], [(tmp_path / "data" / name).parent])


def test_what_leads_nowhere_in_a_folder_hides_nothing_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for number in range(20):
        (folder / f"link{number}").symlink_to("nowhere")
        (folder / f"bank{number}").touch()
    for number in range(20):
        (tmp_path / "report.json").hardlink_to(folder / f"bank{number}")
        with pytest.raises(UsageError, match=f"another file of this command, {folder}/bank{number};"):
            refuse_overwriting([Output("report", tmp_path / "report.json")], [folder])
        (tmp_path / "report.json").unlink()


def test_files_that_have_nothing_to_do_with_one_another_are_let_pass(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "bank.npz").touch()
    (tmp_path / "report.json").touch()
    outputs = [Output("report", tmp_path / "report.json"), Output("page", tmp_path / "data2")]
    refuse_overwriting(outputs, [tmp_path / "data", tmp_path / "nowhere" / "x", Path("a\0b")])
    refuse_overwriting([Output("folder", tmp_path / "data", folder=True)], [tmp_path / "database.npz"])


@pytest.mark.parametrize("put", [link, chain])
def test_a_link_under_a_name_that_nobody_gave_is_refused(
    tmp_path: Path, put: Callable[[Path, Path], None]
) -> None:
    (tmp_path / "bank.npz").touch()
    place = tmp_path / "best.report.scores.npz"
    put(tmp_path / "bank.npz", place)
    with pytest.raises(OutputError, match="it is a symbolic link, and under a name that gatekeeper chooses"):
        refuse_overwriting([Output("file of scores", place, own=True)], [])
    refuse_overwriting([Output("file of scores", place)], [])


def test_a_pipe_under_a_name_that_nobody_gave_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="it exists and is not a regular file"):
        refuse_overwriting([Output("signature", tmp_path / "pipe", own=True)], [])


def test_a_key_may_be_no_file() -> None:
    assert key_file(None) is None
    assert key_file("env:KEY") is None
    assert key_file("ci.key") == Path("ci.key")
