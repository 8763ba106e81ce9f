"""Checkpoints: the file says what it is; code of the user's own is run only where the user names it."""

import re
import reprlib
from dataclasses import replace
from pathlib import Path
from typing import get_args

import torch

from gatekeeper.config.window import WindowClaim
from gatekeeper.evaluation.loading.how import Factory
from gatekeeper.evaluation.loading.own_code import code_of
from gatekeeper.evaluation.model import Candidate, candidate_on, describe
from schemas.errors import ModelError
from schemas.reading.number import whole
from schemas.records.model import Chooser, ModelFormat, TrainedBy
from trainers.checkpoints.checkpoint import Checkpoint, Restored, read_checkpoint, restore
from trainers.checkpoints.encoder_fact import read_encoder_fact
from trainers.checkpoints.positioned import appended
from trainers.own_architecture import own_architecture
from trainers.own_code import is_spec

_LINE = re.compile(r"[ -~]{1,400}")
"""Plain text that a report may repeat."""


def checkpoint_candidate(
    path: Path,
    data: bytes,
    file: tuple[str, ModelFormat],
    device: torch.device,
    dimension: int,
    factory: Factory | None = None,
) -> Candidate:
    """A checkpoint as a model.

    Args:
        path: of the file, for messages.
        data: the whole file.
        file: its digest and its format.
        device: where the model shall answer.
        dimension: D of the bank.
        factory: the class of the user's own that it was trained with, which the user has named.

    Raises:
        ModelError: no checkpoint, of another width, or of an architecture that its weights do not fit.
    """
    checkpoint = read_checkpoint(data, path.name)
    _check_width(checkpoint, dimension, path)
    own = None if factory is None else own_architecture(factory)
    restored = restore(checkpoint, path.name, own)
    wrapper = "residual " if restored.alpha is not None else ""
    wrapper = "positioned " if restored.places is not None else wrapper
    architecture = f"{wrapper}{checkpoint.model_type if own is None else own.name}"
    info = replace(
        describe(path.name, "checkpoint", architecture, restored.module, file),
        prefix=restored.prefix or None,
        fingerprint="absent" if checkpoint.fingerprint is None else "verified",
        training=_training(checkpoint),
        code=None if factory is None else code_of(factory),
    )
    return replace(
        candidate_on(device, restored.module, info),
        trained=WindowClaim("checkpoint", checkpoint.context, checkpoint.horizon),
        notes=_notes(restored, checkpoint.model_type, path.name),
        trained_on=read_encoder_fact(checkpoint.facts),
    )


def own_checkpoint(data: bytes, name: str) -> bool:
    """Whether a file is a checkpoint that was trained with a class of somebody's own."""
    try:
        return is_spec(read_checkpoint(data, name).model_type)
    except ModelError:  # none at all, or of weights that whoever loads it refuses
        return False


def _check_width(checkpoint: Checkpoint, dimension: int, path: Path) -> None:
    value = checkpoint.model_config.get("input_dim")
    width = whole(value)
    if width is None:
        raise ModelError(
            f"{path}: input_dim in its model_config must be a whole number; found {reprlib.repr(value)}"
        )
    width -= appended(checkpoint.state)
    if width == dimension + 1 and whole(checkpoint.model_config.get("output_dim")) == dimension:
        raise ModelError(
            f"{path} reads {width} numbers for each chunk of {dimension}: the last is the chunk's place, "
            "times a scale that the file does not settle (the public code's --use-positional and "
            "--positional-scalar), so that its input cannot be made here. Evaluate a function that appends "
            "it: gatekeeper eval module:function (docs/own-model.md)"
        )
    if width != dimension:
        raise ModelError(
            f"{path} reads vectors of width {width}, the bank has width {dimension}; "
            "evaluate it on the bank it was trained for"
        )


def _notes(restored: Restored, model_type: str, name: str) -> tuple[str, ...]:
    """What was read otherwise than it stands in the file."""
    notes = []
    if restored.prefix:
        notes.append(
            f"all weights of {name} begin with {restored.prefix!r}, which a wrapper put there; "
            "they are read without it"
        )
    if restored.alpha is not None:
        notes.append(
            f"{name} is a {model_type} in a residual wrapper: its prediction is the last "
            f"chunk plus {float(restored.alpha):.3g} times the network's"
        )
    if restored.places is not None:
        notes.append(
            f"{name} is a {model_type} that is told the place of each chunk, from "
            f"{float(restored.places[0]):.3g} to {float(restored.places[-1]):.3g}"
        )
    return tuple(notes)


def _training(checkpoint: Checkpoint) -> TrainedBy | None:
    """What our trainers write into a checkpoint; anything else in its place is not repeated."""
    names = ("trainer", "epoch", "rule", "chosen_on")
    trainer, epoch, rule, chosen_on = (checkpoint.facts.get(name) for name in names)
    if not isinstance(trainer, str) or not _LINE.fullmatch(trainer):
        return None
    found = whole(epoch)
    return TrainedBy(
        trainer=trainer,
        epoch=found if found is not None and found > 0 else None,
        rule=rule if isinstance(rule, str) and _LINE.fullmatch(rule) else None,
        chosen_on=next((each for each in get_args(Chooser) if each == chosen_on), None),
    )
