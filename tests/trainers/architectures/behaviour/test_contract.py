"""What every architecture promises beyond its arithmetic: its exact keys, its settings, its limits."""

import io
from collections.abc import Callable

import pytest
import torch
from torch import nn

from schemas.errors import ModelError
from trainers.checkpoints.checkpoint import read_checkpoint, restore
from trainers.registry import architecture, architecture_names

Config = Callable[[str], dict[str, object]]
Make = Callable[[str], nn.Module]

LAYERS = 2  # of the fixture ``make``


def affine(*names: str) -> set[str]:
    return {f"{name}.{part}" for name in names for part in ("weight", "bias")}


def attention(name: str) -> set[str]:
    return {f"{name}.in_proj_weight", f"{name}.in_proj_bias"} | affine(f"{name}.out_proj")


def recurrent(name: str, layer: int) -> set[str]:
    parts = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return {f"{name}.{part}_l{layer}" for part in parts}


def decoder_layer(name: str) -> set[str]:
    plain = affine(*(f"{name}.{part}" for part in ("linear1", "linear2", "norm1", "norm2", "norm3")))
    return plain | attention(f"{name}.self_attn") | attention(f"{name}.multihead_attn")


KEYS: dict[str, set[str]] = {
    "transformer": affine("input_proj", "head.0", "head.2", "head.3").union(
        {"pos_encoder.pe"},
        *(decoder_layer(f"transformer_decoder.layers.{number}") for number in range(LAYERS)),
    ),
    "gru": affine("input_proj", "output_proj").union(
        *(recurrent(f"blocks.{number}.gru", 0) | affine(f"blocks.{number}.norm") for number in range(LAYERS))
    ),
    "lstm": affine("output_proj").union(*(recurrent("lstm", number) for number in range(LAYERS))),
    "amn": affine("context_encoder", "query_encoder", *(f"residual_net.{i}" for i in (0, 2, 3, 5, 6))),
    "linear": affine("projection"),
}
KEYS["logit_residual"] = {"numbers", "alpha", "shared", "centre", "weight", "bias", "whitener"} | {
    f"networks.0.{name}" for name in KEYS["transformer"]
}


def test_no_built_in_architecture_is_left_out() -> None:
    assert set(KEYS) == set(architecture_names())


@pytest.mark.parametrize("name", KEYS)
def test_the_state_dict_has_exactly_these_keys(name: str, make: Make) -> None:
    assert set(make(name).state_dict()) == KEYS[name]


@pytest.mark.parametrize("name", KEYS)
def test_the_default_configuration_builds_and_answers(name: str) -> None:
    plugin = architecture(name)
    module = plugin.build(plugin.default_config(dimension=6, context=3)).eval()
    with torch.inference_mode():
        assert module(torch.ones(2, 3, 6)).shape == (2, 6)


@pytest.mark.parametrize("name", ["gru", "lstm", "transformer"])
@pytest.mark.parametrize("rate", [-0.1, 1.0, 1, float("nan"), float("inf"), True, "0.1", None])
def test_a_dropout_outside_its_range_is_refused(name: str, rate: object, config: Config) -> None:
    with pytest.raises(ModelError, match=rf"^architecture '{name}': dropout must lie in \[0, 1\)"):
        architecture(name).build({**config(name), "dropout": rate})


@pytest.mark.parametrize("name", ["gru", "lstm", "transformer"])
def test_the_order_of_earlier_chunks_matters(name: str, make: Make, contexts: torch.Tensor) -> None:
    swapped = contexts[:, [1, 0, 2, 3, 4]]
    assert not torch.allclose(make(name)(contexts), make(name)(swapped), atol=1e-5)


def claiming(name: str, config: dict[str, object]) -> bytes:
    buffer = io.BytesIO()
    content = {"model_type": name, "model_config": config, "model_state_dict": {"x": torch.zeros(1)}}
    torch.save(content, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "width"),
    [("transformer", "d_model"), ("gru", "d_model"), ("lstm", "hidden_dim"), ("amn", "hidden_dim")],
)
def test_a_width_of_a_million_is_compared_without_being_allocated(
    name: str, width: str, config: Config
) -> None:
    # One square matrix of that width would take 4 TB.
    data = claiming(name, {**config(name), width: 10**6})
    with pytest.raises(ModelError, match="its weights do not fit architecture"):
        restore(read_checkpoint(data, "m.pt"), "m.pt")


@pytest.mark.parametrize("name", ["gru", "lstm", "transformer"])
def test_a_million_layers_are_refused_before_they_are_made(
    name: str, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Even without storage a layer costs a millisecond and a hundred kilobytes of Python objects.
    def made(*_sizes: object, **_more: object) -> None:
        raise MemoryError("a layer was made")

    monkeypatch.setattr(nn.Module, "__init__", made)
    data = claiming(name, {**config(name), "num_layers": 10**6})
    with pytest.raises(ModelError, match=r"num_layers must be a whole number from 1 to 1000; found 1000000"):
        restore(read_checkpoint(data, "m.pt"), "m.pt")
