"""Checkpoints of other people: read where that is safe, else told what leads on, and that does lead on."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from schemas.errors import ModelError
from tests.trainers.checkpoints.foreign import Config, Content, Make, refusal, saved
from trainers.checkpoints.checkpoint import read_checkpoint, restore

ALL = ("amn", "gru", "linear", "lstm", "transformer")


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8, np.float64, np.float32, float])
def test_numbers_of_numpy_and_whole_floats_are_sizes(
    kind: Callable[[object], object], content: Content, make: Make, contexts: torch.Tensor
) -> None:
    sizes = {key: kind(value) for key, value in content["model_config"].items() if key != "dropout"}
    config = {**sizes, "dropout": np.float32(0.0)}
    data = saved({**content, "model_config": config, "horizon": kind(2), "context": kind(5)})
    checkpoint = read_checkpoint(data, "m.pt")
    assert (checkpoint.horizon, checkpoint.context) == (2, 5)
    assert torch.equal(restore(checkpoint, "m.pt").module(contexts), make("gru")(contexts))


@pytest.mark.parametrize("value", [2.5, np.float64(2.5), float("nan"), np.bool_(True), True, "2", [2], None])
def test_what_is_no_whole_number_is_shown(value: object, content: Content) -> None:
    config = {**content["model_config"], "num_layers": value}
    message = refusal({**content, "model_config": config})
    assert "num_layers must be a whole number from 1 to 1000; found " in message


def advised(message: str, data: bytes, config: Mapping[str, object], tmp: Path) -> bytes:
    """The file that somebody makes who does what the message says."""
    (tmp / "FILE").write_bytes(data)
    code = re.search(r"(old = torch\.load.*?\"new\.pt\"\))", message)
    assert code is not None, message
    done = code[1].replace("FILE", f"{str(tmp / 'FILE')!r}").replace("{...}", repr(dict(config)))
    exec(done.replace('"new.pt"', repr(str(tmp / "new.pt"))), {"torch": torch})
    return (tmp / "new.pt").read_bytes()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("key", [None, "model_state_dict", "state_dict", "model", "module"])
def test_weights_without_an_architecture_are_recognised_and_the_advice_works(
    name: str, key: str | None, make: Make, config: Config, contexts: torch.Tensor, tmp_path: Path
) -> None:
    state = make(name).state_dict()
    held = dict(state) if key is None else {"epoch": 3, key: state, "args": {"lr": 0.1}}
    with pytest.raises(ModelError) as caught:
        read_checkpoint(saved(held), "old.pt")
    message = str(caught.value)
    assert message.startswith("old.pt is no checkpoint: it lacks 'model_type' (found ")
    assert f"its weights are named like those of {name!r}" in message
    assert "Its weights can be evaluated with --factory module:function, a function of yours that" in message
    data = advised(message, saved(held), config(name), tmp_path)
    module = restore(read_checkpoint(data, "new.pt"), "new.pt").module
    assert torch.equal(module(contexts), make(name)(contexts))


def test_a_file_before_torch_1_6_is_converted_as_advised(content: Content, tmp_path: Path) -> None:
    old = saved(content, _use_new_zipfile_serialization=False)
    with pytest.raises(
        ModelError, match=r"found a torch file of the format before 1\.6; convert it: "
    ) as caught:
        read_checkpoint(old, "old.pt")
    (tmp_path / "FILE").write_bytes(old)
    done = str(caught.value).partition("convert it: ")[2]
    done = done.replace('"FILE"', repr(str(tmp_path / "FILE"))).replace('"new.pt"', repr(str(tmp_path / "n")))
    exec(done, {"torch": torch})
    assert read_checkpoint((tmp_path / "n").read_bytes(), "n").model_type == "gru"


def test_safetensors_without_an_entry_are_saved_again_as_advised(
    content: Content, make: Make, contexts: torch.Tensor, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="has no 'gatekeeper' entry in its header") as caught:
        read_checkpoint(safetensors.torch.save(dict(content["model_state_dict"])), "m.safetensors")
    assert "Evaluate it with --factory module:function" in str(caught.value)
    code = re.search(r"save it with (.*\))$", str(caught.value))
    assert code is not None
    done = code[1].replace('"new.safetensors"', repr(str(tmp_path / "new"))).replace('"NAME"', '"gru"')
    names = {"safetensors": safetensors, "json": json, "state": content["model_state_dict"]}
    exec(done.replace("{...}", repr(content["model_config"])), names)
    module = restore(read_checkpoint((tmp_path / "new").read_bytes(), "new"), "new").module
    assert torch.equal(module(contexts), make("gru")(contexts))


def test_what_holds_no_weights_at_all_is_told(tmp_path: Path) -> None:
    message = refusal({"epoch": 3, "history": [0.1]})
    assert "lacks 'model_type' (found epoch, history). Save a dictionary with model_type" in message
