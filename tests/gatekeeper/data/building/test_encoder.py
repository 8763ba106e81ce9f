"""Encoders are found before anything is read, and told apart by what decides their vectors."""

import sys
import types
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from gatekeeper.data.building import encoder
from gatekeeper.data.building.encoder import find_encoder, load_encoder
from schemas.errors import DataError, UsageError


class Model(nn.Sequential):
    """What is read of a sentence encoder besides its vectors."""

    def __init__(self, weight: float = 1.0, prompt: str = "") -> None:
        super().__init__(nn.Linear(2, 2, bias=False))
        nn.init.constant_(self.get_parameter("0.weight"), weight)
        self.prompts = {"query": prompt}
        self.max_seq_length = 128


def digest(model: nn.Module) -> str:
    given: Any = model
    return encoder._digest(given)


def test_the_digest_follows_what_decides_a_vector() -> None:
    plain = digest(Model())
    assert digest(Model()) == plain
    longer = Model()
    longer.max_seq_length = 256
    others = [digest(Model(weight=2.0)), digest(Model(prompt="query: ")), digest(longer)]
    half = digest(Model().to(torch.float16))
    assert len({plain, half, *others}) == 5


def test_the_size_of_the_hashed_blocks_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = digest(Model())
    monkeypatch.setattr(encoder, "_BLOCK", 3)
    assert digest(Model()) == plain


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
    find_encoder(str(tmp_path))


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'gatekeeper-5cat\[embed\]'"):
        find_encoder("all-MiniLM-L6-v2")


def test_a_name_without_an_owner_may_be_one_of_the_librarys_own() -> None:
    assert encoder._repositories("a/b") == ("a/b",)
    assert encoder._repositories("b") == ("b", "sentence-transformers/b")


def test_a_model_that_cannot_be_loaded_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Library:
        def __init__(self, *arguments: object, **more: object) -> None:
            raise RuntimeError("no\nweights")

    module = types.ModuleType("sentence_transformers")
    vars(module)["SentenceTransformer"] = Library
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    with pytest.raises(DataError, match=r"cannot load the encoder .*: no weights; name a folder") as caught:
        load_encoder(str(tmp_path), "cpu", bars=True)
    assert "\n" not in str(caught.value)
