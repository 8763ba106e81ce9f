"""Small modules of every architecture, with weights that all differ, and contexts to feed them."""

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gatekeeper.data.synthetic.worlds import World, build_world
from gates.contracts import Dataset, Window
from gates.options import Options
from gates.windows import make_dataset, window_rows
from schemas.reading.policy import load_policy
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
        return module

    return build


@pytest.fixture
def contexts() -> torch.Tensor:
    """(6, 5, 12) unit rows."""
    generator = torch.Generator().manual_seed(1)
    return nn.functional.normalize(torch.randn(BATCH, CONTEXT, WIDTH, generator=generator), dim=-1)


ARTICLES, CHUNKS, WORLD_WIDTH = 18, 40, 16


@pytest.fixture(scope="session")
def world_data() -> Callable[[int], Dataset]:
    """Horizon -> articles whose chunks turn by 60 degrees in every plane, with a little noise."""
    world = World(angle=60.0, rho=0.95, dimension=WORLD_WIDTH, articles=ARTICLES, chunks=CHUNKS)
    bank = build_world(world, source="world")
    parts = {"train": range(6), "val": range(6, 12), "ood": range(12, 18)}

    def make(horizon: int) -> Dataset:
        rows = {
            name: window_rows(bank, np.array(articles), Window(CONTEXT, horizon))
            for name, articles in parts.items()
        }
        return make_dataset(bank, rows, Window(CONTEXT, horizon))

    return make


@pytest.fixture
def make_job(world_data: Callable[[int], Dataset], tmp_path: Path) -> Callable[..., TrainingJob]:
    """A job in a folder of its own, on the small world."""
    folders = itertools.count()

    def make(*, horizon: int = 2, **more: object) -> TrainingJob:
        folder = tmp_path / f"run{next(folders)}"
        folder.mkdir()
        fields: dict[str, object] = {
            "dataset": world_data(horizon),
            "seed": 0,
            "device": torch.device("cpu"),
            "folder": folder,
            "policy": load_policy("seed-5cat").policy,
            "options": Options(),
            "log": lambda line: None,
        }
        return TrainingJob(**{**fields, **more})  # type: ignore[arg-type]

    return make
