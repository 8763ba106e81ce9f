"""State dicts wherever other programs keep them, read without running anything."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from schemas.errors import ModelError
from schemas.reading.shards import INDEX, shards_digest
from tests.model_files import model_bytes
from tests.trainers.checkpoints.foreign import saved
from trainers.checkpoints.state_dicts import StateDict, find_states, read_shards, read_state

STATE = {"a": torch.arange(3.0, dtype=torch.float64) / 3, "b": torch.ones(2, dtype=torch.int64)}
OTHER = {"a": torch.zeros(3)}
FIRST, SECOND = "m-1.safetensors", "m-2.safetensors"


def same(found: StateDict, state: dict[str, torch.Tensor] = STATE) -> bool:
    return found.weights.keys() == state.keys() and all(
        found.weights[key].dtype == each.dtype and torch.equal(found.weights[key], each)
        for key, each in state.items()
    )


@pytest.mark.parametrize(
    ("content", "asked", "key"),
    [
        (STATE, None, None),
        ({"state_dict": STATE, "epoch": 3}, None, "state_dict"),
        ({"state_dict": STATE, "epoch": 3, "optimizer": {"state": {}, "lr": 0.1}}, None, "state_dict"),
        ({"model": STATE, "ema": OTHER}, "model", "model"),
        ({"model": OTHER, "ema": STATE}, "ema", "ema"),
    ],
)
def test_weights_lie_at_the_top_or_under_a_key(
    content: dict[str, Any], asked: str | None, key: str | None
) -> None:
    data = saved(content)
    found = read_state(data, "m.pt", asked)
    assert same(found)
    assert (found.key, found.format, found.sha256) == (key, "pt", hashlib.sha256(data).hexdigest())
    assert list(found.others) == [each for each in ("model", "ema") if each in content and each != key]


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {"gatekeeper": "no json"}])
def test_safetensors_are_a_state_dict_whatever_their_header_says(metadata: dict[str, str] | None) -> None:
    found = read_state(safetensors.torch.save(STATE, metadata), "m.safetensors")
    assert same(found)
    assert (found.key, found.format) == (None, "safetensors")


@pytest.mark.parametrize(
    ("content", "key", "message"),
    [
        ({"model": STATE, "ema": OTHER}, None, "lie under 'model', 'ema'; name one: --state-key model"),
        ({"model": STATE, "epoch": 3}, "modell", "m.pt has no key 'modell'; state dicts lie under 'model'"),
        (
            {"model": STATE, "epoch": 3},
            "epoch",
            "no state dict under 'epoch': it maps no names to tensors; state",
        ),
        ({"epoch": 3, "loss": 0.1}, None, "at its top or under a key; found 'epoch', 'loss'"),
        ({}, None, "holds no state dict, .*; found nothing"),
        (
            STATE,
            "model",
            "m.pt has one state dict, at its top, and nothing under 'model'; leave --state-key out",
        ),
        (
            {"a": torch.tensor([1.0, float("nan")])},
            None,
            "1 weight.s. of a are NaN or infinite; the training diverged",
        ),
        ({"a": torch.zeros(1).expand(2**40)}, None, "is larger than its data in the file"),
        ({"a": torch.eye(2).to_sparse()}, None, "holds a sparse tensor"),
        (
            {"state_dict": STATE, "hyper_parameters": {"path": Path("x")}},
            None,
            "holds pathlib.PosixPath, which could run",
        ),
        ([STATE], None, "must hold a dictionary; found list"),
    ],
)
def test_what_is_no_one_state_dict_is_told_in_one_line(
    content: object, key: str | None, message: str
) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        read_state(saved(content), "m.pt", key)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (saved(STATE)[:-100], "is a damaged or truncated zip archive; copy the file again"),
        (safetensors.torch.save(STATE)[:-8], "its header and its data differ; copy the file again"),
        (b"", "found an empty file"),
        (
            model_bytes(form="torchscript"),
            "m is a torchscript program, which is a model by itself; evaluate it",
        ),
    ],
)
def test_damaged_files_and_programs_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        read_state(data, "m")


def test_a_key_of_a_safetensors_file_is_refused() -> None:
    with pytest.raises(ModelError, match="has one state dict, at its top, and nothing under 'model'"):
        read_state(safetensors.torch.save(STATE), "m.safetensors", "model")


# --- shards ------------------------------------------------------------------------------------------


@pytest.fixture
def index(tmp_path: Path) -> Path:
    for name, key in ((FIRST, "a"), (SECOND, "b")):
        (tmp_path / name).write_bytes(safetensors.torch.save({key: STATE[key]}))
    (tmp_path / INDEX).write_text(json.dumps({"weight_map": {"a": FIRST, "b": SECOND}}))
    return tmp_path / INDEX


def test_shards_are_one_state_dict_with_one_digest(index: Path) -> None:
    found = read_shards(index)
    assert same(found)
    files = (index, index.parent / FIRST, index.parent / SECOND)
    digests = {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in files}
    assert (found.format, found.sha256) == ("sharded", shards_digest(digests))


def test_every_byte_of_every_file_is_in_the_digest(index: Path) -> None:
    before = read_shards(index).sha256
    (index.parent / SECOND).write_bytes(safetensors.torch.save({"b": STATE["b"] + 1}))
    changed = read_shards(index).sha256
    index.write_text(index.read_text() + " ")
    assert len({before, changed, read_shards(index).sha256}) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda folder: (folder / SECOND).unlink(),
            "cannot read the weights .*m-2.safetensors: No such file",
        ),
        (
            lambda folder: (folder / SECOND).write_bytes(saved(STATE)),
            "must be a safetensors file, as .* says; found pt",
        ),
        (
            lambda folder: (folder / SECOND).write_bytes(safetensors.torch.save(STATE)),
            "contradict each other: the shard has a; copy the folder",
        ),
        (
            lambda folder: (folder / SECOND).write_bytes(safetensors.torch.save({"c": STATE["b"]})),
            "the shard lacks b; copy the folder",
        ),
        (
            lambda folder: (folder / FIRST).write_bytes((folder / FIRST).read_bytes()[:-4]),
            "its header and its data differ",
        ),
        (lambda folder: (folder / FIRST).write_bytes(b"text"), "found text"),
        (
            lambda folder: ((folder / FIRST).rename(folder / "x"), (folder / FIRST).symlink_to("x")),
            "is a symbolic link",
        ),
    ],
)
def test_shards_that_are_not_whole_are_refused(change: Any, message: str, index: Path) -> None:  # noqa: ANN401
    change(index.parent)
    with pytest.raises(ModelError, match=message) as caught:
        read_shards(index)
    assert "\n" not in str(caught.value)


def test_states_are_found_at_the_top_or_one_level_below() -> None:
    assert list(find_states(STATE)) == [None]
    assert list(find_states({"a": STATE, "b": {"c": STATE}, "d": {}, "e": {1: torch.zeros(1)}})) == ["a"]
