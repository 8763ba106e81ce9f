"""Files that are programs: TorchScript and torch.export. Loading one runs its code."""

import io
import warnings
from pathlib import Path

import torch
from torch import nn

from schemas.errors import ModelError
from schemas.reasons import reason


def load_program(data: bytes, kind: str, path: Path) -> nn.Module:
    """The module of a program, in evaluation mode.

    Args:
        data: the whole file.
        kind: its format, one of :data:`schemas.reading.model_format.PROGRAMS`.
        path: of the file, for messages.

    Raises:
        ModelError: it cannot be loaded.
    """
    try:
        if kind == "torchscript":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # says what to save, not what to load
                program: nn.Module = torch.jit.load(  # type: ignore[no-untyped-call]
                    io.BytesIO(data), map_location="cpu"
                )
            # The mode it was saved in travels with it; an exported program has no dropout left.
            return program.eval()
        return torch.export.load(io.BytesIO(data)).module()
    except Exception as error:
        raise ModelError(f"{path} cannot be loaded as a {kind} program: {reason(error)}") from error
