"""What a small pickle may cost: it is followed on stand-ins before torch builds anything of it."""

import io
import struct
import zipfile
from collections import Counter, OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from schemas.errors import ModelError
from tests.model_files import zipped
from trainers.checkpoints import pickle_scan
from trainers.checkpoints.pickle_scan import scan
from trainers.checkpoints.unpickling import load_archive
from trainers.checkpoints.weights import checked_state

PROTO = b"\x80\x02"


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def name_of(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def archive(pickle: bytes, members: dict[str, bytes] | None = None) -> bytes:
    return zipped({"m/data.pkl": pickle, "m/version": b"3\n", "m/byteorder": b"little", **(members or {})})


def doubled(opening: bytes, closing: bytes, times: int) -> bytes:
    """A value that holds the one before it twice, so many times over."""
    step = opening + b"h\x01h\x01" + closing + b"q\x01"
    return b"(" + opening + closing + b"q\x01" + step * times + b"t"


TOWERS = {
    "tuples": doubled(b"(", b"t", 60),
    "lists": doubled(b"](", b"e", 60),
    "dictionaries": b"(}q\x01" + b"}(K\x00h\x01K\x01h\x01uq\x01" * 60 + b"t",
    "pairs": b"()q\x01" + b"h\x01h\x01\x86q\x01" * 60 + b"t",
}


@pytest.mark.parametrize("tower", TOWERS.values(), ids=TOWERS)
@pytest.mark.parametrize("place", ["key", "value"])
def test_a_tower_of_values_that_doubles_with_every_floor_is_refused(tower: bytes, place: str) -> None:
    pickle = PROTO + b"}" + (tower + b"K\x01" if place == "key" else b"K\x01" + tower) + b"s."
    with pytest.raises(ModelError, match=r"more than 60 deep|one of them named many times|has a key that"):
        scan(pickle, {}, "m.pt")


DEEP = {
    "tuples": b")" + b"\x85" * 100_000,
    "lists": b"]" * 100_000 + b"a" * 99_999,
    "dictionaries": b"}" + b"K\x01}" * 100_000 + b"s" * 100_000,
    "marks": b"(" * 100_000,
    "mixed": b"]" + b"\x85" * 30 + b"](" * 40 + b"\x85" * 30,
}


@pytest.mark.parametrize("deep", DEEP.values(), ids=DEEP)
def test_values_deep_inside_one_another_are_refused(deep: bytes) -> None:
    with pytest.raises(ModelError, match=r"^m\.pt (nests|opens|cannot be read)"):
        scan(PROTO + b"}K\x01" + deep + b"s.", {}, "m.pt")


@pytest.mark.parametrize("circle", [b"]q\x01h\x01a", b"]q\x01]q\x02h\x01ah\x02a", b"}q\x01K\x01h\x01s"])
def test_values_that_are_part_of_themselves_are_refused(circle: bytes) -> None:
    with pytest.raises(ModelError, match=r"part of itself|part of another already|cannot be read"):
        scan(PROTO + b"}K\x01" + circle + b"s.", {}, "m.pt")


@pytest.mark.parametrize("place", [b"r\xff\xff\xff\xff", b"r\x00\x00\x00\x10", b"q\xff"])
def test_a_place_in_the_memo_costs_nothing_however_high_it_is(place: bytes) -> None:
    assert scan(PROTO + b"}" + place + b".", {}, "m.pt") == "dict"


@pytest.mark.parametrize(
    "items",
    [b"K\x01" * 3001, b"]" * 700, b")" * 700, (name_of("builtins", "set") + b")R") * 99],
    ids=["numbers", "lists", "tuples", "calls"],
)
def test_more_values_than_any_checkpoint_has_are_refused(
    items: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scan(PROTO + b"](" + items + b"e.", {}, "m.pt") == "list"
    assert pickle_scan.MOST_WORK == 3_000_000
    monkeypatch.setattr(pickle_scan, "MOST_WORK", 3000)
    with pytest.raises(ModelError, match="holds more than 3,000 values; a checkpoint needs its weights"):
        scan(PROTO + b"](" + items + b"e.", {}, "m.pt")


CALLS = {
    "bytes of any size": name_of("builtins", "bytearray") + b"J\xff\xff\xff\x7f\x85R",
    "a tensor of any size": name_of("torch", "Tensor") + b"J\xff\xff\xff\x7f\x85R",
    "a new tensor": name_of("torch", "Tensor") + b"J\xff\xff\xff\x7f\x85\x81",
    "a quantised tensor": name_of("torch._utils", "_rebuild_qtensor") + b")R",
    "a codec": name_of("_codecs", "encode") + text("x") + text("punycode") + b"\x86R",
    "a dtype of fields": name_of("numpy", "dtype") + text("V99999999") + b"\x89\x88\x87R",
    "objects": name_of("numpy", "dtype") + text("O8") + b"\x89\x88\x87R",
    "a state of a list": b"](K\x01eK\x01b",
    "a method hidden": name_of("collections", "OrderedDict") + b")R}" + text("items") + b"K\x01sb",
    "a storage called": name_of("torch", "FloatStorage") + b"J\xff\xff\xff\x7f\x85R",
    "the system": name_of("os", "system") + text("true") + b"\x85R",
    "Python 2's system": name_of("__builtin__", "eval") + text("1") + b"\x85R",
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_calls_that_no_saved_value_needs_are_refused(call: bytes) -> None:
    with pytest.raises(ModelError) as caught:
        load_archive(archive(PROTO + b"}K\x01" + call + b"s."), "m.pt")
    assert str(caught.value).startswith("m.pt ")
    assert "weights_only" not in str(caught.value)


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


# --- what people save ---------------------------------------------------------------------------------


def saved(content: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


SCALARS = [
    *(np.dtype(code).type(1) for code in "?bBhHiIlLefd"),
    np.str_("größe"),
    np.bytes_(b"raw"),
    np.float32("nan"),
]


@pytest.mark.parametrize("value", SCALARS, ids=lambda value: type(value).__name__)
def test_every_scalar_of_numpy_comes_back(value: np.generic) -> None:
    found = load_archive(saved({"value": value, "again": [value]}), "m.pt")["value"]
    assert type(found) is type(value)
    assert found == value or value != value


def test_whatever_else_checkpoints_hold_comes_back() -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    optimizer = torch.optim.AdamW(module.parameters())
    module(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    content = {
        "state": module.state_dict(),  # an OrderedDict with the versions of the modules
        "optimizer": optimizer.state_dict(),
        "parameter": nn.Parameter(torch.ones(2)),
        "half": torch.ones(2, dtype=torch.bfloat16),
        "small": torch.ones(2, dtype=torch.float8_e5m2),
        "unsigned": torch.ones(2, dtype=torch.uint16),
        "view": torch.arange(9.0)[2:5],
        "empty": torch.zeros(0),
        "order": OrderedDict(a=1),
        "counts": Counter("aab"),
        "set": {1, "a", (2, 3)},
        "bytes": b"\x00\xff",
        "kinds": [torch.float32, torch.device("cpu"), torch.Size([2, 3]), 1 + 2j],
        "same": [[1, 2]] * 100,
        "large": 2**100,
    }
    found = load_archive(saved(content), "m.pt")
    assert found.keys() == content.keys()
    state: dict[str, torch.Tensor] = found["state"]  # type: ignore[assignment]
    assert all(torch.equal(state[key], tensor) for key, tensor in module.state_dict().items())
    for key in ("order", "counts", "set", "bytes", "kinds", "same", "large"):
        assert found[key] == content[key]


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
