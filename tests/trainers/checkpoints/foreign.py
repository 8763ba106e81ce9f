"""Checkpoints as other programs leave them."""

import io
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from schemas.errors import ModelError
from trainers.checkpoints.checkpoint import Restored, read_checkpoint, restore

Make = Callable[[str], nn.Module]


Config = Callable[[str], dict[str, object]]


Content = dict[str, Any]


def saved(content: object, **more: Any) -> bytes:  # noqa: ANN401
    buffer = io.BytesIO()
    torch.save(content, buffer, **more)
    return buffer.getvalue()


def load(content: object) -> Restored:
    return restore(read_checkpoint(saved(content), "m.pt"), "m.pt")


def refusal(content: object) -> str:
    with pytest.raises(ModelError) as caught:
        load(content)
    assert "\n" not in str(caught.value)
    return str(caught.value)
