"""What a checkpoint's pickle may call, and with what."""

from collections import Counter, OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

from schemas.errors import ModelError
from tests.trainers.checkpoints.pickles import PROTO, archive, name_of, saved, text
from trainers.checkpoints.unpickling import load_archive

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
