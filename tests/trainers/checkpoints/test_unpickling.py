"""Nothing in a file may run, and nothing in it may end in anything but one line."""

import io
import os
import pickle
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from schemas.errors import ModelError
from trainers.checkpoints.checkpoint import read_checkpoint, restore
from trainers.checkpoints.unpickling import load_archive, load_tensor

Make = Callable[[str], nn.Module]


def archive(content: object, *, zipped: bool = True) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


def rewritten(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """The archive with the content of its members changed and their checksums made right."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return buffer.getvalue()


class Touch:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_pickle_does_not_run(zipped: bool, tmp_path: Path) -> None:
    data = archive({"args": Touch(tmp_path / "ran")}, zipped=zipped)
    with pytest.raises(ModelError):
        load_archive(data, "m.pt")
    assert not (tmp_path / "ran").exists()
    # The trap is live: torch without weights_only would have sprung it.
    torch.load(io.BytesIO(data), weights_only=False)
    assert (tmp_path / "ran").exists()


def test_code_hidden_as_a_replaced_pickle_does_not_run(tmp_path: Path) -> None:
    evil = pickle.dumps({"model_state_dict": Touch(tmp_path / "ran")}, protocol=2)
    data = rewritten(archive({}), lambda name, old: evil if name.endswith("data.pkl") else old)
    with pytest.raises(ModelError, match="which could run code; expected only tensors and plain values"):
        load_archive(data, "m.pt")
    assert not (tmp_path / "ran").exists()


def test_what_could_run_is_named(make: Make) -> None:
    with pytest.raises(ModelError, match=r"holds trainers\.architectures\.linear\.Linear, which could run"):
        load_archive(archive(make("linear")), "m.pt")


def test_plain_values_and_numpy_scalars_come_back() -> None:
    content = {
        "tensor": torch.arange(3.0),
        "plain": [1, 2.5, "a", None, True, (1, 2), {"k": {3}}],
        "scalars": [np.float64(0.5), np.float32(0.25), np.int64(3), np.int32(2), np.bool_(True)],
    }
    found = load_archive(archive(content), "m.pt")
    assert torch.equal(content["tensor"], found["tensor"])  # type: ignore[arg-type]
    assert found["plain"] == content["plain"]
    assert found["scalars"] == content["scalars"]


def test_numpy_scalars_under_their_old_module_name() -> None:
    # numpy 1 wrote numpy.core where numpy 2 writes numpy._core.
    def age(name: str, old: bytes) -> bytes:
        return old.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")

    data = rewritten(archive({"val_cosine": np.float64(0.47)}), age)
    assert b"numpy.core.multiarray" in zipfile.ZipFile(io.BytesIO(data)).read("archive/data.pkl")
    assert load_archive(data, "m.pt") == {"val_cosine": np.float64(0.47)}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "found an empty file"),
        (b"hello", "found text; name the model file"),
        (
            pickle.dumps({"a": 1}),
            "found a bare pickle, which could run code; save the weights with torch.save",
        ),
        (
            archive({"a": 1}, zipped=False),
            "found a torch file of the format before 1.6; convert it: torch.save",
        ),
        (archive({"a": torch.zeros(99)})[:-30], "is a damaged or truncated zip archive; copy the file again"),
        (archive([1]), "must hold a dictionary; found list"),
        (archive(torch.zeros(2)), "must hold a dictionary; found tensor"),
        (archive({"a": np.zeros(2)}), r"holds numpy\._core\.multiarray\._reconstruct"),
        (archive({"a": Path("x")}), r"holds pathlib\.\w*PosixPath"),
    ],
)
def test_files_that_are_no_checkpoint(data: bytes, reason: str) -> None:
    with pytest.raises(ModelError, match=reason) as caught:
        load_archive(data, "m.pt")
    assert str(caught.value).startswith("m.pt ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("where", ["pickle", "anywhere"])
def test_damage_ends_in_one_line_or_in_nothing(where: str, make: Make) -> None:
    state = {"model_type": "linear", "model_config": {"input_dim": 12, "context": 5}}
    data = archive({**state, "model_state_dict": make("linear").state_dict(), "val": np.float64(0.5)})
    generator = random.Random(0)

    def damage(old: bytes) -> bytes:
        changed = bytearray(old)
        for _ in range(generator.randint(1, 4)):
            changed[generator.randrange(len(changed))] = generator.randrange(256)
        return bytes(changed)

    def damage_pickle(name: str, old: bytes) -> bytes:
        return damage(old) if name.endswith("data.pkl") else old

    refused = 0
    for _ in range(300):
        broken = damage(data) if where == "anywhere" else rewritten(data, damage_pickle)
        try:
            restore(read_checkpoint(broken, "m.pt"), "m.pt")
        except ModelError:
            refused += 1
    assert refused > 50


@pytest.mark.parametrize("wrap", [torch.Tensor.clone, nn.Parameter])
def test_one_tensor_is_read_as_it_is(tmp_path: Path, wrap: Callable[[torch.Tensor], torch.Tensor]) -> None:
    tensor = torch.arange(12.0).reshape(3, 4)
    torch.save(wrap(tensor), tmp_path / "v.pt")
    found = load_tensor(tmp_path / "v.pt")
    assert torch.equal(found, tensor)
    assert not found.requires_grad


def test_anything_but_one_tensor_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "v.pt"
    torch.save({"a": torch.ones(2)}, path)
    with pytest.raises(ModelError, match="must hold one tensor; found dict: save it alone"):
        load_tensor(path)
    torch.save(Touch(tmp_path / "ran"), path)
    with pytest.raises(ModelError):
        load_tensor(path)
    assert not (tmp_path / "ran").exists()
