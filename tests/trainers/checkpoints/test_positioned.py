"""A network that is told places: by hand, through a file, and what is no such wrapper."""

from pathlib import Path

import pytest
import torch
from torch import nn

from tests.trainers.checkpoints.foreign import Content, load, refusal
from trainers.checkpoints.checkpoint import read_checkpoint, restore, save_checkpoint
from trainers.checkpoints.positioned import Positioned, appended, evenly, without_places
from trainers.registry import architecture, architecture_names


class Seen(nn.Module):
    """Keeps what it was given, and answers with its last chunk."""

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        self.contexts = contexts
        return contexts[:, -1]


def test_places_are_appended_and_taken_away_again() -> None:
    base = Seen()
    module = Positioned(base, evenly(3, 0.2))
    answer = module(torch.tensor([[[1.0, 0.0], [0.0, 1.0], [3.0, 4.0]]]))
    assert base.contexts[0].tolist() == [
        [1.0, 0.0, 0.0],
        [0.0, 1.0, pytest.approx(0.1)],
        [3.0, 4.0, pytest.approx(0.2)],
    ]
    assert answer.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)]]


@pytest.mark.parametrize("name", architecture_names())
def test_any_network_comes_back_from_the_file(name: str, tmp_path: Path) -> None:
    plugin = architecture(name)
    sizes = {size: 8 for size in ("width", "hidden") if size in plugin.sizes}
    config = plugin.sized_config(dimension=13, context=4, sizes=sizes)
    torch.manual_seed(0)
    module = Positioned(plugin.build(config), evenly(4, 0.1)).eval()
    path = tmp_path / "model.pt"
    save_checkpoint(path, model_type=name, model_config=config, module=module, horizon=1, context=4, extra={})
    restored = restore(read_checkpoint(path.read_bytes(), "model.pt"), "model.pt")
    assert restored.places is not None
    assert restored.places.tolist() == evenly(4, 0.1).tolist()
    assert (restored.prefix, restored.alpha) == ("", None)
    contexts = torch.randn(3, 4, 12)
    assert torch.equal(restored.module(contexts), module(contexts))


@pytest.mark.parametrize("outer", ["", "module."])
def test_a_wrapper_around_it_is_passed_over(outer: str, content: Content) -> None:
    state = {f"{outer}base.{key}": tensor for key, tensor in content["model_state_dict"].items()}
    state[f"{outer}places"] = torch.zeros(5)
    found = load({**content, "model_state_dict": state})
    assert found.prefix == outer
    assert appended(state) == 1
    assert found.module(torch.randn(2, 5, 11)).shape == (2, 11)  # the network reads 12


@pytest.mark.parametrize(
    "more",
    [
        {"places": torch.zeros(5, 1)},
        {"places": torch.zeros(5, dtype=torch.int64)},
        {"places": torch.zeros(5), "other": torch.zeros(1)},
        {"places": torch.zeros(5), "base.places": torch.zeros(5)},
    ],
)
def test_what_is_no_such_wrapper(more: dict[str, torch.Tensor], content: Content) -> None:
    state = {f"base.{key}": tensor for key, tensor in content["model_state_dict"].items()} | more
    assert without_places(state) is None
    assert appended(state) == 0
    assert "do not fit architecture 'gru'" in refusal({**content, "model_state_dict": state})
