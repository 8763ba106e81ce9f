"""Words for data that comes with gatekeeper."""

from pathlib import Path

import pytest

from gatekeeper.config.bundled import BUNDLED, DEFAULT, Bundled, parse_bundled
from gatekeeper.config.file import make_config, resolve_config
from gatekeeper.config.sections import DataConfig
from schemas.errors import UsageError
from tests.gatekeeper.config.files import put


@pytest.mark.parametrize("name", BUNDLED)
def test_each_is_named_as_it_is_written(name: str) -> None:
    assert parse_bundled(f"bundled:{name}") == Bundled(name)
    assert str(Bundled(name)) == f"bundled:{name}"


def test_the_default_is_one_of_them() -> None:
    assert DEFAULT in BUNDLED


@pytest.mark.parametrize("text", ["books", "./bundled:books", "/data/bundled:books", "Bundled:books", ""])
def test_anything_else_is_a_path(text: str) -> None:
    assert parse_bundled(text) is None


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("bundled:bokos", "no bundled data is called 'bokos'; did you mean 'books'?"),
        ("bundled:", "no bundled data is called ''; there are speeches and books"),
        ("bundled:books ", "no bundled data is called 'books '; did you mean 'books'?"),
    ],
)
def test_what_is_not_bundled_is_told_the_nearest(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_config({"bank": text}, {}, folder=Path(), where="")
    assert str(caught.value) == f"[data] bank: {hint}"


def test_in_a_file_it_is_no_path_of_its_folder(tmp_path: Path) -> None:
    file = put(tmp_path, '[data]\nbank = "bundled:books"\nood = "strangers"')
    config = resolve_config(file)
    assert config.data.bank == Bundled("books")
    assert str(config.data.ood) == '"strangers"'
    assert config.inputs() == (file,)


@pytest.mark.parametrize(
    ("flag", "kept"), [("bundled:books", True), ("bundled:speeches", False), ("b.npz", False)]
)
def test_splits_of_the_file_belong_to_its_bank(tmp_path: Path, flag: str, kept: bool) -> None:
    file = put(tmp_path, '[data]\nbank = "bundled:books"\nood = "strangers"')
    assert (resolve_config(file, {"bank": flag}).data.ood is not None) == kept


def test_a_path_in_the_file_is_not_what_a_flag_calls_bundled(tmp_path: Path) -> None:
    file = put(tmp_path, '[data]\nbank = "books"\nval = "3"')
    assert resolve_config(file, {"bank": "bundled:books"}).data == DataConfig(bank=Bundled("books"))
