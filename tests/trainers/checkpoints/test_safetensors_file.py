"""Headers and bytes of safetensors files, and what their entry may hold."""

import json
from collections.abc import Callable

import pytest
import safetensors.torch
import torch
from torch import nn

from schemas.errors import ModelError
from trainers.checkpoints.checkpoint import read_checkpoint, restore

Config = Callable[[str], dict[str, object]]


Make = Callable[[str], nn.Module]


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (None, "has no 'gatekeeper' entry in its header"),
        ({"other": "{}"}, "has no 'gatekeeper' entry in its header"),
        ({"gatekeeper": "{"}, "the 'gatekeeper' entry of its header is broken: not JSON"),
        (
            {"gatekeeper": "[" * 100_000},
            "its header is broken: objects and lists are nested more than 32 deep",
        ),
        ({"gatekeeper": "[]"}, "must be an object"),
        ({"gatekeeper": "{}"}, "it lacks 'model_type'"),
        ({"gatekeeper": '{"model_type": "linear", "model_config": {"input_dim": NaN}}'}, "NaN is not JSON"),
    ],
)
def test_headers_that_are_none(header: dict[str, str] | None, reason: str, make: Make) -> None:
    data = safetensors.torch.save(dict(make("linear").state_dict()), header)
    with pytest.raises(ModelError, match=reason):
        restore(read_checkpoint(data, "m.safetensors"), "m.safetensors")


def test_the_header_cannot_replace_the_weights(make: Make, config: Config) -> None:
    facts = {"model_type": "linear", "model_config": config("linear"), "model_state_dict": {}}
    data = safetensors.torch.save(dict(make("linear").state_dict()), {"gatekeeper": json.dumps(facts)})
    found = read_checkpoint(data, "m.safetensors")
    assert torch.equal(found.state["projection.bias"], make("linear").state_dict()["projection.bias"])


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "an empty file; copy the file again"),
        (b"\0" * 7, "something else, or a damaged file; copy the file again"),
        (b"\xff" * 64, "something else, or a damaged file; copy the file again"),
        (b"hello, world", "text; name the model file"),
    ],
)
def test_bytes_that_are_no_safetensors(data: bytes, found: str) -> None:
    with pytest.raises(ModelError, match=f"or a safetensors file; found {found}$"):
        read_checkpoint(data, "m.safetensors")
