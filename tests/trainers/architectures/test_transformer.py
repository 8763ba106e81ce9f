"""The transformer, one sample, head and position at a time, from its raw weights."""

import math
from collections.abc import Callable

import torch
from torch import nn

from tests.trainers.architectures.by_hand import State, affine, gelu, layer_norm, unit
from trainers.registry import architecture

HEADS = 4  # of the fixture ``make``

Config = Callable[[str], dict[str, object]]
Make = Callable[[str], nn.Module]


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


def test_it_computes_what_its_weights_say(make: Make, contexts: torch.Tensor) -> None:
    module = make("transformer")
    state = {key: tensor.detach().double() for key, tensor in module.state_dict().items()}
    by_hand = torch.stack([transformer_by_hand(sample, state, heads=HEADS) for sample in contexts.double()])
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


def test_dropout_acts_only_while_training(config: Config, contexts: torch.Tensor) -> None:
    module = architecture("transformer").build({**config("transformer"), "dropout": 0.5}).train()
    assert not torch.equal(module(contexts), module(contexts))
    module.eval()
    assert torch.equal(module(contexts), module(contexts))
