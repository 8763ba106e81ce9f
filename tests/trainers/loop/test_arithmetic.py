"""Each architecture once more, one sample at a time, from its raw weights in plain tensor operations."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from trainers.registry import architecture

NAMES = ("amn", "gru", "linear", "lstm", "transformer")
LAYERS = 2  # of the recurrent networks that the fixture ``make`` builds
HEADS = 4  # of its transformer

Config = Callable[[str], dict[str, object]]
Make = Callable[[str], nn.Module]
State = dict[str, torch.Tensor]


def affine(x: torch.Tensor, state: State, name: str) -> torch.Tensor:
    return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]


def layer_norm(x: torch.Tensor, state: State, name: str) -> torch.Tensor:
    centred = x - x.mean(dim=-1, keepdim=True)
    scaled = centred / torch.sqrt((centred**2).mean(dim=-1, keepdim=True) + 1e-5)
    return scaled * state[f"{name}.weight"] + state[f"{name}.bias"]


def gelu(x: torch.Tensor) -> torch.Tensor:
    return x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))


def unit(x: torch.Tensor) -> torch.Tensor:
    return x / torch.sqrt((x**2).sum(dim=-1, keepdim=True))


def attend(queries: torch.Tensor, memory: torch.Tensor, state: State, name: str, heads: int) -> torch.Tensor:
    """One sample (L, W): position i sees positions 0 to i of the memory, head by head."""
    width = queries.shape[-1]
    size = width // heads
    parts = zip(state[f"{name}.in_proj_weight"].chunk(3), state[f"{name}.in_proj_bias"].chunk(3), strict=True)
    q, k, v = (
        x @ weight.T + bias for x, (weight, bias) in zip((queries, memory, memory), parts, strict=True)
    )
    out = torch.zeros_like(q)
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        for i in range(len(q)):
            scores = torch.stack([q[i, part] @ k[j, part] / math.sqrt(size) for j in range(i + 1)])
            weights = torch.exp(scores - scores.max())
            weights = weights / weights.sum()
            for j in range(i + 1):
                out[i, part] += weights[j] * v[j, part]
    return affine(out, state, f"{name}.out_proj")


def transformer_by_hand(x: torch.Tensor, state: State, *, heads: int) -> torch.Tensor:
    width = state["input_proj.weight"].shape[0]
    positions = torch.zeros(len(x), width, dtype=x.dtype)
    for position in range(len(x)):
        for i in range(0, width, 2):
            angle = position / 10_000 ** (i / width)
            positions[position, i], positions[position, i + 1] = math.sin(angle), math.cos(angle)
    h = affine(x, state, "input_proj") + positions
    memory = h
    layers = 1 + max(int(key.split(".")[2]) for key in state if key.startswith("transformer_decoder"))
    for number in range(layers):
        layer = f"transformer_decoder.layers.{number}"
        h = layer_norm(h + attend(h, h, state, f"{layer}.self_attn", heads), state, f"{layer}.norm1")
        h = layer_norm(
            h + attend(h, memory, state, f"{layer}.multihead_attn", heads), state, f"{layer}.norm2"
        )
        inner = affine(h, state, f"{layer}.linear1").clamp(min=0)
        h = layer_norm(h + affine(inner, state, f"{layer}.linear2"), state, f"{layer}.norm3")
    head = layer_norm(gelu(affine(h[-1], state, "head.0")), state, "head.2")
    return unit(affine(head, state, "head.3"))


def gru_by_hand(x: torch.Tensor, state: State) -> torch.Tensor:
    h = affine(x, state, "input_proj")
    for block in range(LAYERS):
        name = f"blocks.{block}.gru"
        hidden, outputs = torch.zeros(h.shape[-1], dtype=x.dtype), []
        for step in h:
            ours = step @ state[f"{name}.weight_ih_l0"].T + state[f"{name}.bias_ih_l0"]
            past = hidden @ state[f"{name}.weight_hh_l0"].T + state[f"{name}.bias_hh_l0"]
            (reset, update, new), (past_reset, past_update, past_new) = ours.chunk(3), past.chunk(3)
            r, z = torch.sigmoid(reset + past_reset), torch.sigmoid(update + past_update)
            hidden = (1 - z) * torch.tanh(new + r * past_new) + z * hidden
            outputs.append(hidden)
        h = layer_norm(h + torch.stack(outputs), state, f"blocks.{block}.norm")
    return unit(affine(h[-1], state, "output_proj"))


def lstm_by_hand(x: torch.Tensor, state: State) -> torch.Tensor:
    steps = x
    for layer in range(LAYERS):
        width = state[f"lstm.weight_hh_l{layer}"].shape[1]
        hidden = cell = torch.zeros(width, dtype=x.dtype)
        outputs = []
        for step in steps:
            gates = (
                step @ state[f"lstm.weight_ih_l{layer}"].T
                + state[f"lstm.bias_ih_l{layer}"]
                + hidden @ state[f"lstm.weight_hh_l{layer}"].T
                + state[f"lstm.bias_hh_l{layer}"]
            )
            take, keep, new, show = gates.chunk(4)
            cell = torch.sigmoid(keep) * cell + torch.sigmoid(take) * torch.tanh(new)
            hidden = torch.sigmoid(show) * torch.tanh(cell)
            outputs.append(hidden)
        steps = torch.stack(outputs)
    return unit(affine(steps[-1], state, "output_proj"))


def amn_by_hand(x: torch.Tensor, state: State) -> torch.Tensor:
    mean = sum(x[1:], start=x[0]) / len(x)
    keys, query = affine(x, state, "context_encoder"), affine(mean, state, "query_encoder")
    scores = torch.stack([query @ key / math.sqrt(len(query)) for key in keys])
    weights = torch.exp(scores - scores.max())
    mixture = sum(
        (w * row for w, row in zip(weights / weights.sum(), x, strict=True)), torch.zeros_like(mean)
    )
    inner = torch.cat([mean, mixture])
    for linear, norm in ((0, 2), (3, 5)):
        inner = layer_norm(
            gelu(affine(inner, state, f"residual_net.{linear}")), state, f"residual_net.{norm}"
        )
    return unit(mean + affine(inner, state, "residual_net.6"))


def linear_by_hand(x: torch.Tensor, state: State) -> torch.Tensor:
    width = x.shape[1]
    matrix = state["projection.weight"]
    total = state["projection.bias"]
    for position, row in enumerate(x):
        total = total + matrix[:, position * width : (position + 1) * width] @ row
    return total


BY_HAND: dict[str, Callable[[torch.Tensor, State], torch.Tensor]] = {
    "transformer": lambda x, state: transformer_by_hand(x, state, heads=HEADS),
    "gru": gru_by_hand,
    "lstm": lstm_by_hand,
    "amn": amn_by_hand,
    "linear": linear_by_hand,
}


@pytest.mark.parametrize("name", NAMES)
def test_it_computes_what_its_weights_say(name: str, make: Make, contexts: torch.Tensor) -> None:
    module = make(name)
    state = {key: tensor.detach().double() for key, tensor in module.state_dict().items()}
    by_hand = torch.stack([BY_HAND[name](sample, state) for sample in contexts.double()])
    torch.testing.assert_close(module(contexts), by_hand.float(), atol=1e-5, rtol=0)


def test_no_position_of_the_decoder_sees_a_later_one(make: Make, contexts: torch.Tensor) -> None:
    module = make("transformer")
    seen: list[torch.Tensor] = []
    module.get_submodule("transformer_decoder.layers.0").register_forward_hook(
        lambda _module, _inputs, output: seen.append(output)
    )
    x = contexts
    module(x)
    later = x.clone()
    later[:, 3:] = later[:, 3:].flip(-1)
    module(later)
    assert torch.equal(seen[0][:, :3], seen[1][:, :3])
    assert not torch.allclose(seen[0][:, 3:], seen[1][:, 3:])


def test_the_order_of_the_context_matters_to_the_transformer(make: Make, contexts: torch.Tensor) -> None:
    module, x = make("transformer"), contexts
    # Without positions the last chunk would see the earlier ones as a set.
    swapped = x[:, [1, 0, 2, 3, 4]]
    assert not torch.allclose(module(x), module(swapped), atol=1e-4)


def test_the_mixture_does_not_know_the_order(make: Make, contexts: torch.Tensor) -> None:
    module, x = make("amn"), contexts
    torch.testing.assert_close(module(x), module(x.flip(1)), atol=1e-6, rtol=0)


def test_dropout_acts_only_while_training(config: Config, contexts: torch.Tensor) -> None:
    module = architecture("transformer").build({**config("transformer"), "dropout": 0.5}).train()
    assert not torch.equal(module(contexts), module(contexts))
    module.eval()
    assert torch.equal(module(contexts), module(contexts))
