"""Small modules of every architecture, with weights that all differ, and contexts to feed them."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from gates.contracts import Dataset
from tests.trainers.small_world import small_job, small_world
from trainers.architectures.logit_residual import LogitResidual
from trainers.contracts import TrainingJob
from trainers.registry import architecture

BATCH, CONTEXT, WIDTH = 6, 5, 12

SMALL: dict[str, dict[str, object]] = {
    "transformer": {"d_model": 16, "nhead": 4, "num_layers": 2},
    "gru": {"d_model": 10, "num_layers": 2},
    "lstm": {"hidden_dim": 10, "num_layers": 2},
    "amn": {"d_model": 8, "hidden_dim": 14},
    "linear": {},
    "logit_residual": {},
}


@pytest.fixture
def config() -> Callable[[str], dict[str, object]]:
    """Architecture name -> a small configuration for vectors of width 12 and contexts of 5."""

    def sizes(name: str) -> dict[str, object]:
        made = architecture(name).default_config(dimension=WIDTH, context=CONTEXT) | SMALL[name]
        return made | ({"network_config": sizes("transformer")} if "network" in made else {})

    return sizes


@pytest.fixture
def make(config: Callable[[str], dict[str, object]]) -> Callable[[str], nn.Module]:
    """Architecture name -> a small module in evaluation mode; biases and norms are random too."""

    def build(name: str) -> nn.Module:
        torch.manual_seed(0)
        module = architecture(name).build(config(name)).eval()
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
            if isinstance(module, LogitResidual):  # fitted, so that there is a direction that rows share
                module.centre.add_(0.1 * torch.randn_like(module.centre))
        return module

    return build


@pytest.fixture
def contexts() -> torch.Tensor:
    """(6, 5, 12) unit rows."""
    generator = torch.Generator().manual_seed(1)
    return nn.functional.normalize(torch.randn(BATCH, CONTEXT, WIDTH, generator=generator), dim=-1)


@pytest.fixture(scope="session")
def world_data() -> Callable[[int], Dataset]:
    """Horizon -> the small world's windows."""
    return small_world


@pytest.fixture
def make_job(tmp_path: Path) -> Callable[..., TrainingJob]:
    """A job in a folder of its own, on the small world."""
    folders = itertools.count()

    def make(
        *, horizon: int = 2, dataset: Dataset | None = None, folder: Path | None = None, **more: object
    ) -> TrainingJob:
        place = folder or tmp_path / f"run{next(folders)}"
        return small_job(dataset or small_world(horizon), place, **more)

    return make
