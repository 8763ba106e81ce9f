"""Checkpoints as models, and in which line one that is none is refused."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gatekeeper.config.window import WindowClaim
from gates.contracts import Queries
from schemas.errors import ModelError, PredictionError
from tests.gatekeeper.evaluation.loaded import CONTEXT, CPU, WIDTH, load, queries, write
from trainers.checkpoints.checkpoint import save_checkpoint
from trainers.checkpoints.positioned import Positioned, evenly
from trainers.registry import architecture


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_checkpoint(suffix: str, linear: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / f"m{suffix}"
    write(path, linear)
    model = load(path)
    assert model.info.spec == path.name
    assert model.info.kind == "checkpoint"
    assert model.info.architecture == "linear"
    assert model.info.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert model.info.parameters == CONTEXT * WIDTH * WIDTH + WIDTH
    assert model.info.fingerprint == "verified"
    assert model.trained == WindowClaim("checkpoint", CONTEXT, 2)
    assert model.predictor.name == path.name
    assert model.predictor.device == CPU
    assert torch.equal(model.predictor.predict(queries()), linear(queries().contexts))


def test_an_old_checkpoint_is_silent(linear: nn.Module, tmp_path: Path) -> None:
    content = {
        "model_type": "linear",
        "model_config": {"input_dim": WIDTH, "context": CONTEXT},
        "model_state_dict": linear.state_dict(),
    }
    torch.save(content, tmp_path / "m.pt")
    model = load(tmp_path / "m.pt")
    assert (model.info.fingerprint, model.trained) == ("absent", WindowClaim("checkpoint"))


def test_another_width_is_refused(checkpoint: Path) -> None:
    with pytest.raises(ModelError, match="reads vectors of width 6, the bank has width 9; evaluate it on"):
        load(checkpoint, dimension=9)


@pytest.mark.parametrize("width", [True, "6", 6.5, None, torch.ones(3)])
def test_a_width_that_is_none_is_refused(width: object, linear: nn.Module, tmp_path: Path) -> None:
    content = {
        "model_type": "linear",
        "model_config": {"input_dim": width, "context": CONTEXT},
        "model_state_dict": linear.state_dict(),
    }
    torch.save(content, tmp_path / "m.pt")
    with pytest.raises(ModelError, match="input_dim in its model_config must be a whole number; found"):
        load(tmp_path / "m.pt")


def test_another_context_length_is_refused(checkpoint: Path) -> None:
    model = load(checkpoint)
    wrong = Queries(torch.zeros(2, CONTEXT + 1, WIDTH), np.arange(2))
    with pytest.raises(PredictionError, match=r"m\.pt cannot read contexts of shape \(2, 5, 6\)") as caught:
        model.predictor.predict(wrong)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("name", ["m.pt", "m.safetensors", "m"])
def test_the_content_decides_the_format_and_the_report_says_it(
    suffix: str, name: str, linear: nn.Module, tmp_path: Path
) -> None:
    write(tmp_path / f"written{suffix}", linear)
    (tmp_path / f"written{suffix}").rename(tmp_path / name)
    model = load(tmp_path / name)
    assert model.info.format == suffix.removeprefix(".")
    assert (model.info.prefix, model.notes) == (None, ())
    assert torch.equal(model.predictor.predict(queries()), linear(queries().contexts))


def test_a_prefix_is_told_and_recorded(checkpoint: Path) -> None:
    stored = torch.load(checkpoint, weights_only=True)
    state = {f"net.{key}": tensor for key, tensor in stored["model_state_dict"].items()}
    torch.save({**stored, "model_state_dict": state}, checkpoint)
    model = load(checkpoint)
    assert model.info.prefix == "net."
    assert model.notes == (
        "all weights of m.pt begin with 'net.', which a wrapper put there; they are read without it",
    )


def test_a_residual_wrapper_is_told_and_recorded(checkpoint: Path) -> None:
    stored = torch.load(checkpoint, weights_only=True)
    state = {f"base.{key}": tensor for key, tensor in stored["model_state_dict"].items()}
    plain = {key: stored[key] for key in ("model_type", "model_config")}
    torch.save({**plain, "model_state_dict": {**state, "alpha": torch.tensor(0.5)}}, checkpoint)
    model = load(checkpoint)
    assert model.info.architecture == "residual linear"
    assert model.notes == (
        "m.pt is a linear in a residual wrapper: "
        "its prediction is the last chunk plus 0.5 times the network's",
    )


def test_a_network_that_is_told_places_is_told_and_recorded(tmp_path: Path) -> None:
    config = {"input_dim": WIDTH + 1, "context": CONTEXT}
    module = Positioned(architecture("linear").build(config), evenly(CONTEXT, 0.1)).eval()
    save_checkpoint(
        tmp_path / "m.pt",
        model_type="linear",
        model_config=config,
        module=module,
        horizon=1,
        context=CONTEXT,
        extra={},
    )
    model = load(tmp_path / "m.pt")
    assert (model.info.architecture, model.info.fingerprint) == ("positioned linear", "verified")
    assert model.notes == ("m.pt is a linear that is told the place of each chunk, from 0 to 0.1",)


def test_a_place_in_the_input_is_told(linear: nn.Module, tmp_path: Path) -> None:
    config = {"input_dim": WIDTH + 1, "output_dim": WIDTH, "d_model": 4, "num_layers": 1, "dropout": 0.0}
    module = architecture("gru").build(config)
    content = {"model_type": "gru", "model_config": config, "model_state_dict": module.state_dict()}
    torch.save(content, tmp_path / "m.pt")
    with pytest.raises(ModelError, match="reads 7 numbers for each chunk of 6: the last is the chunk's"):
        load(tmp_path / "m.pt")
