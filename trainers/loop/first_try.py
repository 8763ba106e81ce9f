"""A class of the user's own is tried before a run begins: hours later is too late to say that it misfits."""

from collections.abc import Mapping

import torch

from gates.contracts import Dataset
from schemas.errors import ModelError
from trainers.checkpoints.fingerprint import CONTEXTS, probe
from trainers.contracts import Architecture
from trainers.loop.random_state import random_state_kept
from trainers.predictor import answer_with


def try_out(plugin: Architecture, config: Mapping[str, object], dataset: Dataset) -> None:
    """Build the module once and let it answer a few contexts of the data's shape.

    Random numbers stay as they were.

    Raises:
        ModelError: it has nothing to train, or does not make (B, D) of (B, L, D).
        PredictionError: it cannot read them, or answers with something else than an ordinary tensor.
    """
    width, length = dataset.bank.dimension, dataset.window.context
    with random_state_kept():
        module = plugin.build(config)
        if not any(each.requires_grad for each in module.parameters()):
            raise ModelError(f"{plugin.name} has no weights to train")
        with torch.inference_mode():
            found = answer_with(module.eval(), probe(length, width), plugin.name)
    if found.shape != (CONTEXTS, width):
        raise ModelError(
            f"{plugin.name} must make {(CONTEXTS, width)} of contexts {(CONTEXTS, length, width)}, a vector "
            f"for each; found {tuple(found.shape)}"
        )
    if not bool(torch.isfinite(found).all()):
        raise ModelError(f"{plugin.name} answers with NaN or infinity before it is trained")
