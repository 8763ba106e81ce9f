"""What ``gatekeeper eval`` accepts as a model, and in which line it refuses the rest."""

from pathlib import Path

import pytest
import torch

from schemas.errors import ModelError
from tests.gatekeeper.evaluation.loaded import Module, load


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("missing.pt", "no such model 'missing.pt'; expected a checkpoint file"),
        ("folder", "is no file; name a checkpoint, e.g. folder/best_model.pt"),
        ("", "no such model ''; expected a checkpoint file"),
        ("x" * 5000, "^x{5000} cannot be read: File name too long"),
        ("a\0b", r"no such model 'a\\x00b'"),
        (":Model", "no such model ':Model'; expected a checkpoint file"),
        ("text.pt", "or a safetensors file; found text; name the model file"),
    ],
)
def test_paths_that_are_no_model(
    spec: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.pt").write_text("hello")
    with pytest.raises(ModelError, match=reason):
        load(spec)


def test_a_data_set_in_the_place_of_a_model_is_told_where_it_goes(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_text("{}")
    with pytest.raises(ModelError, match="is a data set folder; the model comes first: gatekeeper eval"):
        load(tmp_path)


def test_no_advice_to_load_a_file_unsafely_is_passed_on(own: Module, tmp_path: Path) -> None:
    torch.save({"a": Path("x")}, tmp_path / "evil.pt")
    name = own('make = lambda: torch.load("evil.pt")')
    with pytest.raises(ModelError, match="torch will not unpickle the file, because it holds more") as caught:
        load(f"{name}:make")
    assert "weights_only" not in str(caught.value)
