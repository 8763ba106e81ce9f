"""The matrix, one sample at a time, from its raw weights."""

from collections.abc import Callable

import torch
from torch import nn

from tests.trainers.architectures.by_hand import State

Config = Callable[[str], dict[str, object]]
Make = Callable[[str], nn.Module]


def linear_by_hand(x: torch.Tensor, state: State) -> torch.Tensor:
    width = x.shape[1]
    matrix = state["projection.weight"]
    total = state["projection.bias"]
    for position, row in enumerate(x):
        total = total + matrix[:, position * width : (position + 1) * width] @ row
    return total


def test_it_computes_what_its_weights_say(make: Make, contexts: torch.Tensor) -> None:
    module = make("linear")
    state = {key: tensor.detach().double() for key, tensor in module.state_dict().items()}
    by_hand = torch.stack([linear_by_hand(sample, state) for sample in contexts.double()])
    torch.testing.assert_close(module(contexts), by_hand.float(), atol=1e-5, rtol=0)
