"""Models of one small shape, and how the tests load them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from gatekeeper.evaluation.loading.how import Loading
from gatekeeper.evaluation.loading.load import load_model
from gatekeeper.evaluation.model import Candidate
from gates.contracts import Queries
from trainers.checkpoints.checkpoint import save_checkpoint

WIDTH, CONTEXT = 6, 4
CPU = torch.device("cpu")

Module = Callable[[str], str]


def load(spec: str | Path, *, dimension: int = WIDTH, **words: Any) -> Candidate:  # noqa: ANN401  (Loading's)
    return load_model(str(spec), device=CPU, dimension=dimension, loading=Loading(**words))


def queries(count: int = 3) -> Queries:
    generator = torch.Generator().manual_seed(0)
    return Queries(torch.randn(count, CONTEXT, WIDTH, generator=generator), np.arange(count))


def write(path: Path, module: nn.Module) -> None:
    save_checkpoint(
        path,
        model_type="linear",
        model_config={"input_dim": WIDTH, "context": CONTEXT},
        module=module,
        horizon=2,
        context=CONTEXT,
        extra={},
    )
