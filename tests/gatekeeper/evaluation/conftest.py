"""A small checkpoint, and modules of the user's own."""

import itertools
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.gatekeeper.evaluation.loaded import CONTEXT, WIDTH, Module, write
from trainers.registry import architecture

_names = itertools.count()


@pytest.fixture
def linear() -> nn.Module:
    torch.manual_seed(0)
    return architecture("linear").build({"input_dim": WIDTH, "context": CONTEXT}).eval()


@pytest.fixture
def checkpoint(linear: nn.Module, tmp_path: Path) -> Path:
    path = tmp_path / "m.pt"
    write(path, linear)
    return path


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Module:
    """Write a module into the working directory and give back its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place])

    def put(text: str) -> str:
        name = f"own_module_{next(_names)}"
        (tmp_path / f"{name}.py").write_text("import sys\nimport torch\n" + text)
        return name

    return put
