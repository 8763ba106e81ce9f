"""A name that leaves no room for what is written beside it is told before any work is done."""

import os
from pathlib import Path

import pytest

from schemas.disk.room import check_room
from schemas.errors import OutputError


def test_a_name_that_fits_is_let_through_whether_it_is_there_or_not(tmp_path: Path) -> None:
    check_room(tmp_path / ("x" * 255), tmp_path / "none" / "x", tmp_path)


@pytest.mark.parametrize("name", ["x" * 256, "ü" * 128, "x" * 250 + ".scores.npz"])
def test_a_name_that_is_too_long_is_told_with_its_length(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        check_room(tmp_path / "fine", tmp_path / name)
    assert str(caught.value) == (
        f"cannot write {name[:60]}: File name too long (its name has {len(name.encode())} bytes, at most 255 "
        "can be there); choose a shorter one"
    )


def test_a_path_that_leaves_no_room_for_a_temporary_file_is_told(tmp_path: Path) -> None:
    parts = ["d" * 200] * ((4080 - len(str(tmp_path))) // 201)
    deep = tmp_path.joinpath(*parts)
    deep /= "e" * (4080 - len(str(deep)) - 1)
    with pytest.raises(OutputError) as caught:
        check_room(deep / "x")
    assert str(caught.value) == (
        f"cannot write .gatekeeper-{'0' * 16}.tmp: File name too long (the path; none so long can be there); "
        "choose a shorter one"
    )


def test_a_name_as_long_as_can_be_is_not_blamed_for_its_path(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        check_room(tmp_path.joinpath(*["d" * 200] * 21, "x" * 255))
    assert str(caught.value) == (
        f"cannot write {'x' * 60}: File name too long (the path; none so long can be there); choose a "
        "shorter one"
    )


def test_how_much_a_name_may_have_is_asked_of_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "pathconf", lambda folder, name: {(tmp_path, "PC_NAME_MAX"): 143}[folder, name])
    with pytest.raises(OutputError, match=r"\(its name has 256 bytes, at most 143 can be there\)"):
        check_room(tmp_path / ("x" * 256))


@pytest.mark.parametrize("error", [OSError, ValueError])
def test_a_folder_that_does_not_say_takes_what_most_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def refuse(*_: object) -> int:
        raise error

    monkeypatch.setattr(os, "pathconf", refuse)
    with pytest.raises(OutputError, match=r"\(its name has 256 bytes, at most 255 can be there\)"):
        check_room(tmp_path / ("x" * 256))
