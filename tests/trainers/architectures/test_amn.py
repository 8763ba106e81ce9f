"""The mixture, one sample at a time, from its raw weights in plain tensor operations."""

import math
from collections.abc import Callable

import torch
from torch import nn

from tests.trainers.architectures.by_hand import State, affine, gelu, layer_norm, unit

Config = Callable[[str], dict[str, object]]
Make = Callable[[str], nn.Module]


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


def test_it_computes_what_its_weights_say(make: Make, contexts: torch.Tensor) -> None:
    module = make("amn")
    state = {key: tensor.detach().double() for key, tensor in module.state_dict().items()}
    by_hand = torch.stack([amn_by_hand(sample, state) for sample in contexts.double()])
    torch.testing.assert_close(module(contexts), by_hand.float(), atol=1e-5, rtol=0)


def test_the_mixture_does_not_know_the_order(make: Make, contexts: torch.Tensor) -> None:
    module, x = make("amn"), contexts
    torch.testing.assert_close(module(x), module(x.flip(1)), atol=1e-6, rtol=0)
