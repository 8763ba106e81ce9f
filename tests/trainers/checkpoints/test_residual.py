"""The residual wrapper of the public LVM code."""

import pytest
import torch

from tests.trainers.checkpoints.foreign import Content, Make, load, refusal


@pytest.mark.parametrize("outer", ["", "module."])
def test_a_residual_wrapper_moves_from_the_last_chunk(
    outer: str, content: Content, make: Make, contexts: torch.Tensor
) -> None:
    state = {f"{outer}base.{key}": tensor for key, tensor in content["model_state_dict"].items()}
    state[f"{outer}alpha"] = torch.tensor(0.25)
    found = load({**content, "model_state_dict": state})
    assert (found.prefix, found.alpha) == (outer, torch.tensor(0.25))
    last = contexts[:, -1] / contexts[:, -1].norm(dim=1, keepdim=True)
    moved = last + 0.25 * make("gru")(contexts)
    assert torch.allclose(found.module(contexts), moved / moved.norm(dim=1, keepdim=True), atol=1e-6)


@pytest.mark.parametrize("alpha", [torch.ones(2), torch.tensor(1), None])
def test_base_and_something_else_than_alpha_is_none(alpha: torch.Tensor | None, content: Content) -> None:
    state = {f"base.{key}": tensor for key, tensor in content["model_state_dict"].items()}
    state |= {"beta": torch.tensor(0.5)} if alpha is None else {"alpha": alpha}
    assert "do not fit architecture 'gru'" in refusal({**content, "model_state_dict": state})
