"""What a small pickle may cost: it is followed on stand-ins before torch builds anything of it."""

import zipfile
from pathlib import Path

import pytest
import torch

from schemas.errors import ModelError
from tests.model_files import zipped
from tests.trainers.checkpoints.pickles import PROTO, archive, name_of, saved, text
from trainers.checkpoints.unpickling import load_archive
from trainers.checkpoints.weights import checked_state


@pytest.mark.parametrize("stored", [b"", b"1234", bytes(4 * 999_999)])
def test_a_storage_has_the_size_that_its_member_has(stored: bytes) -> None:
    storage = b"(" + text("storage") + name_of("torch", "FloatStorage") + text("0") + text("cpu")
    pickle = PROTO + b"}K\x01" + storage + b"J\x40\x42\x0f\x00tQs."
    with pytest.raises(ModelError, match=f"data/0 holds {len(stored)} bytes, its pickle asks for 4000000"):
        load_archive(archive(pickle, {"m/data/0": stored}), "m.pt")


@pytest.mark.parametrize("protocol", [1, 2, 3])
def test_a_protocol_that_torch_reads_is_read(protocol: int, tmp_path: Path) -> None:
    torch.save({"a": 1, "b": [(1.5, "x")] * 3}, tmp_path / "m.pt", pickle_protocol=protocol)
    found = load_archive((tmp_path / "m.pt").read_bytes(), "m.pt")
    assert found == {"a": 1, "b": [(1.5, "x")] * 3}


@pytest.mark.parametrize("protocol", [0, 4, 5])
def test_another_protocol_is_told(protocol: int, tmp_path: Path) -> None:
    torch.save({"a": 1, "b": [(1.5, "x")] * 3}, tmp_path / "m.pt", pickle_protocol=protocol)
    with pytest.raises(ModelError, match=r"save it again with torch\.save and its default pickle_protocol"):
        load_archive((tmp_path / "m.pt").read_bytes(), "m.pt")


def test_tensors_that_share_memory_are_bounded_and_tied_weights_are_not() -> None:
    shared = torch.zeros(400_000, dtype=torch.float16)
    layers = load_archive(saved({"state": {f"layer{number}": shared for number in range(24)}}), "m.pt")
    assert len(checked_state(layers["state"], "m.pt")) == 24
    many = load_archive(saved({"state": {f"k{number}": shared for number in range(900)}}), "m.pt")
    with pytest.raises(ModelError, match="tensors that share memory must be saved apart"):
        checked_state(many["state"], "m.pt")


@pytest.mark.parametrize("count", [1, 7])
def test_what_members_declare_is_added_up_before_anything_is_unpacked(count: int) -> None:
    members = {f"m/data/{number}": bytes(40_000_000 // count) for number in range(count)}
    whole = {"m/data.pkl": PROTO + b"}.", "m/version": b"3\n", "m/byteorder": b"little"}
    with pytest.raises(ModelError, match=r"bytes in a file of .* are read; save the model again"):
        load_archive(zipped({**whole, **members}, method=zipfile.ZIP_DEFLATED), "m.pt")
    fine = zipped({**whole, "m/data/0": bytes(9_000_000)}, method=zipfile.ZIP_DEFLATED)
    assert load_archive(fine, "m.pt") == {}
