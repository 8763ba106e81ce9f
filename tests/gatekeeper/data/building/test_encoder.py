"""Encoders are found before anything is read, and say what they are once they are loaded."""

import sys
import types
from collections.abc import Callable
from dataclasses import replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from gatekeeper.data.building import encoder
from gatekeeper.data.building.encoder import FoundEncoder, find_encoder, load_encoder
from gatekeeper.data.building.packaged_encoder import PackagedEncoder
from schemas.errors import DataError, UsageError
from schemas.records.dataset import EmbeddedBy


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.mkdir(), r"is no model: expected modules\.json or config\.json in it"),
        (lambda path: path.touch(), "expected a folder that holds a model, found a file there"),
        (lambda path: None, "expected a folder that holds a model, found nothing there"),
    ],
)
def test_what_is_no_model_is_refused_without_loading(make: Any, words: str, tmp_path: Path) -> None:  # noqa: ANN401
    make(tmp_path / "encoder")
    with pytest.raises(DataError, match=words):
        find_encoder(str(tmp_path / "encoder"))


def test_a_folder_with_a_model_is_found(tmp_path: Path) -> None:
    (tmp_path / "modules.json").touch()
    assert find_encoder(str(tmp_path)) == FoundEncoder("folder", tmp_path.name, str(tmp_path))


def test_a_folder_comes_before_a_package_but_not_before_the_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = PackagedEncoder("tiny", "tiny", "1.0", tmp_path / "elsewhere")
    monkeypatch.setattr(encoder, "find_packaged", {"tiny": installed, "other": installed}.get)
    monkeypatch.setattr(encoder, "the_packaged", lambda: installed)
    monkeypatch.chdir(tmp_path)
    for name in ("tiny", "package"):
        Path(name).mkdir()
        Path(name, "config.json").touch()
    package = FoundEncoder("package", "tiny", str(tmp_path / "elsewhere"), "1.0")
    assert find_encoder("tiny").source == "folder"
    assert find_encoder("./package") == FoundEncoder("folder", "package", "package")
    assert find_encoder("package") == package
    assert find_encoder("other") == package


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'gatekeeper-5cat\[embed\]'"):
        find_encoder("all-MiniLM-L6-v2")


def test_a_name_without_an_owner_may_be_one_of_the_librarys_own() -> None:
    assert encoder._repositories("a/b") == ("a/b",)
    assert encoder._repositories("b") == ("b", "sentence-transformers/b")


def library(monkeypatch: pytest.MonkeyPatch, made: Callable[..., object]) -> None:
    module = types.ModuleType("sentence_transformers")
    vars(module).update(SentenceTransformer=made, __spec__=ModuleSpec("sentence_transformers", None))
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)


def test_a_model_that_cannot_be_loaded_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **more: object) -> None:
        raise RuntimeError("no\nweights")

    library(monkeypatch, fail)
    with pytest.raises(DataError) as caught:
        load_encoder(FoundEncoder("folder", "m", str(tmp_path)), "cpu", bars=True)
    assert str(caught.value).startswith(
        "cannot load the encoder 'm': no weights; check the connection, or name a model on the hub"
    )


class Model(nn.Sequential):
    """What is read of a sentence encoder besides its vectors."""

    def __init__(self, *arguments: object, **more: object) -> None:
        super().__init__(nn.Linear(2, 2))
        nn.init.constant_(self.get_parameter("0.weight"), 1.0)
        nn.init.constant_(self.get_parameter("0.bias"), 1.0)
        self.max_seq_length = 64


def test_the_identity_is_that_of_what_is_stored_and_the_cache_that_of_what_computes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library(monkeypatch, Model)
    found = FoundEncoder("package", "tiny", "/place", "1.0")
    plain, same, half = (load_encoder(found, "cpu", each, bars=True) for each in (None, "float32", "float16"))
    assert plain.identity == EmbeddedBy(
        "package", "tiny", "1.0", plain.digest, "float32", pooling=None, normalised=False, max_tokens=64
    )
    assert (same.digest, same.identity) == (plain.digest, plain.identity)
    assert half.identity == replace(plain.identity, precision="float16")
    assert half.digest != plain.digest


def test_a_model_of_the_hub_names_the_snapshot_it_is_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "snapshots" / "0123abc" / "modules.json"

    def kept(repository: str, name: str) -> str | None:
        return str(file) if (repository, name) == ("sentence-transformers/tiny", "modules.json") else None

    library(monkeypatch, Model)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", kept)
    found = find_encoder("tiny")
    assert found == FoundEncoder("hub", "tiny", "tiny")
    assert load_encoder(found, "cpu", bars=True).identity.revision == "0123abc"
