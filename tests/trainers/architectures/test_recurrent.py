"""The recurrent networks, one sample and one step at a time, from their raw weights."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from tests.trainers.architectures.by_hand import State, affine, layer_norm, unit

LAYERS = 2  # of the fixture ``make``

Config = Callable[[str], dict[str, object]]
Make = Callable[[str], nn.Module]


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


@pytest.mark.parametrize(("name", "by_hand"), [("gru", gru_by_hand), ("lstm", lstm_by_hand)])
def test_it_computes_what_its_weights_say(
    name: str, by_hand: Callable[[torch.Tensor, State], torch.Tensor], make: Make, contexts: torch.Tensor
) -> None:
    module = make(name)
    state = {key: tensor.detach().double() for key, tensor in module.state_dict().items()}
    expected = torch.stack([by_hand(sample, state) for sample in contexts.double()])
    torch.testing.assert_close(module(contexts), expected.float(), atol=1e-5, rtol=0)
