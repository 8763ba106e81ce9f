"""Folders of weights and indexes of shards: which files are meant, and which names are refused."""

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest

from schemas.errors import ModelError
from schemas.reading.shards import (
    INDEX,
    MOST_SHARDS,
    SINGLE,
    is_index,
    open_weights,
    read_index,
    shards_digest,
    shards_of,
    weight_files,
    weights_file,
)
from schemas.reading.strict_json import MAX_BYTES

FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def index(folder: Path, shards: object) -> Path:
    (folder / INDEX).write_text(json.dumps({"metadata": {"total_size": 8}, "weight_map": shards}))
    return folder / INDEX


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    for number, name in enumerate((FIRST, SECOND)):
        (tmp_path / name).write_bytes(bytes([number]) * 10)
    return index(tmp_path, {"b": SECOND, "a": FIRST, "c": SECOND})


def test_a_file_is_itself_and_a_folder_its_weights(sharded: Path) -> None:
    folder = sharded.parent
    assert weights_file(folder / FIRST) == folder / FIRST
    assert weights_file(folder) == weights_file(sharded) == sharded
    assert weight_files(folder) == (sharded, folder / FIRST, folder / SECOND)
    sharded.unlink()
    (folder / SINGLE).touch()
    assert weight_files(folder) == (folder / SINGLE,)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "must hold model.safetensors or model.safetensors.index.json, as save_pretrained writes them"),
        (
            (SINGLE, INDEX),
            "holds model.safetensors and model.safetensors.index.json; name the one that counts",
        ),
        (
            ("pytorch_model.bin",),
            "holds no model.safetensors; name the file of weights: .*/pytorch_model.bin$",
        ),
    ],
)
def test_folders_without_one_model(names: tuple[str, ...], message: str, tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(ModelError, match=message):
        weights_file(tmp_path)


@pytest.mark.parametrize(
    "name", ["x.safetensors.index.json", "model.json", "a b.safetensors.index.json", "m\n" + INDEX]
)
def test_an_index_has_a_plain_name(name: str) -> None:
    assert is_index(Path(name)) == (name == "x.safetensors.index.json")


@pytest.mark.parametrize(
    "shard",
    ["../m.safetensors", "/m.safetensors", "a/m.safetensors", "..", "m.pt", ".safetensors", "", 3, None,
     "m.safetensors\n", "a b.safetensors", "m\0.safetensors", "x" * 300 + ".safetensors"],
)  # fmt: skip
def test_a_shard_is_a_plain_name_beside_its_index(shard: object, tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"a shard must be a plain name that ends in \.safetensors"
    ) as caught:
        weight_files(index(tmp_path, {"a": shard}))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be an index of shards: not JSON"),
        ("[1]", "an object whose weight_map maps the names of tensors to files; it has none"),
        ('{"weight_map": {}}', "it has none"),
        ('{"weight_map": [1]}', "it has none"),
        ('{"weight_map": {"a": "m.safetensors", "a": "n.safetensors"}}', "must be an index of shards: "),
        ("\udcff", "must be an index of shards: "),
        ("[" * 100, "must be an index of shards: "),
    ],
)
def test_what_is_no_index_is_told(text: str, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        shards_of(text.encode("utf-8", "surrogateescape"), Path(INDEX))
    assert "\n" not in str(caught.value)


def test_no_more_shards_are_read_than_any_model_has() -> None:
    shards = {str(number): f"m{number}.safetensors" for number in range(MOST_SHARDS + 1)}
    text = json.dumps({"weight_map": shards}).encode()
    with pytest.raises(ModelError, match="names 1,001 shards, at most 1,000 are read"):
        shards_of(text, Path(INDEX))


def test_an_index_that_never_ends_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / INDEX).open("wb") as file:
        file.truncate(2**33)
    with pytest.raises(ModelError, match=f"at most {MAX_BYTES:,} bytes; it is longer"):
        read_index(tmp_path / INDEX)


def test_links_and_what_is_no_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").touch()
    (tmp_path / FIRST).symlink_to(tmp_path / "secret")
    with pytest.raises(ModelError, match=f"{FIRST} is a symbolic link, .*: cp -rL {tmp_path} copy"):
        open_weights(tmp_path / FIRST)
    with pytest.raises(ModelError, match=r"cannot read the weights .*: No such file"):
        open_weights(tmp_path / SECOND)
    with pytest.raises(ModelError, match=r"cannot read the weights .*: it is no regular file"):
        open_weights(tmp_path)


def test_one_digest_is_that_of_the_lines_of_sha256sum(sharded: Path) -> None:
    digests = {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in weight_files(sharded)}
    command = "LC_ALL=C sha256sum model*.safetensors* | sha256sum"
    told = subprocess.run(command, shell=True, cwd=sharded.parent, text=True, capture_output=True, check=True)
    assert shards_digest(digests) == told.stdout.split()[0]
    assert shards_digest(dict(reversed(digests.items()))) == shards_digest(digests)
    renamed = {re.sub("00001", "00003", name): digest for name, digest in digests.items()}
    assert shards_digest(renamed) != shards_digest(digests)
