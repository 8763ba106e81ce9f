"""Objects that a user names: importing them, and what is said when they fail."""

import sys
from pathlib import Path

import pytest

from schemas.errors import DataError, ModelError
from trainers.own_code import import_object, is_spec, named_again, running, spec_of


@pytest.mark.parametrize("text", ["a:b", "a.b:c.d", "_a:_b"])
def test_what_names_an_object(text: str) -> None:
    assert is_spec(text)
    assert not any(map(is_spec, (f"{text}:x", f" {text}", f"{text}\n", text.replace(":", "."), "")))


def test_the_working_directory_is_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place])
    (tmp_path / "mine_for_import.py").write_text("class A:\n    b = 3\n")
    assert import_object("mine_for_import:A.b") == (3, sys.modules.pop("mine_for_import"))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "no_such_module_here:A",
            "cannot be loaded: ModuleNotFoundError: No module named 'no_such_module_here'",
        ),
        ("json:A", "cannot be loaded: AttributeError: "),
    ],
)
def test_what_is_not_there_is_told(spec: str, message: str) -> None:
    with pytest.raises(ModelError, match=f"^{spec} {message}"):
        import_object(spec)


@pytest.mark.parametrize(
    "error", [SystemExit(0), ValueError("two\nlines"), BaseException("odd"), RecursionError()]
)
def test_whatever_own_code_raises_ends_in_one_line(error: BaseException) -> None:
    with (
        pytest.raises(ModelError, match=f"^a:b cannot be loaded: {type(error).__name__}") as caught,
        running("a:b"),
    ):
        raise error
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), DataError("ours")])
def test_interrupts_and_our_own_errors_go_through(error: BaseException) -> None:
    with pytest.raises(type(error)), running("a:b"):
        raise error


def test_an_object_is_called_by_its_own_name_or_its_class() -> None:
    assert (spec_of(Path), spec_of(Path.cwd)) == ("pathlib:Path", "pathlib:Path.cwd")
    assert spec_of(DataError("x")) == "schemas.errors:DataError"


def test_a_command_to_go_on_names_own_code_again() -> None:
    assert (named_again("a:b"), named_again("gru")) == (" --architecture a:b", "")
