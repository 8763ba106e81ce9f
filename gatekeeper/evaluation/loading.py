"""Models from files and from the user's own code."""

import hashlib
import importlib
import io
import re
import reprlib
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import get_args

import torch
from torch import nn

from gatekeeper.config.window import WindowClaim
from gatekeeper.evaluation.model import Candidate, candidate_on, describe
from schemas.errors import ModelError
from schemas.reading.model_format import PROGRAMS, model_format
from schemas.reading.number import whole
from schemas.reasons import reason
from schemas.records.inputs import Chooser, TrainedBy
from trainers.checkpoints.checkpoint import Checkpoint, Restored, read_checkpoint, restore
from trainers.checkpoints.encoder_fact import read_encoder_fact
from trainers.checkpoints.positioned import appended

_LINE = re.compile(r"[ -~]{1,400}")
"""Plain text that a report may repeat."""

_FACTORY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


def load_model(spec: str, *, device: torch.device, dimension: int, allow_code: bool) -> Candidate:
    """Load a file, or call ``package.module:factory``. An existing path wins.

    Args:
        spec: what the user named.
        device: where the model shall answer.
        dimension: D of the bank.
        allow_code: whether TorchScript and torch.export programs may be loaded.

    Raises:
        ModelError: missing, unreadable, of another width, or refused.
    """
    path = Path(spec)
    try:
        is_file, exists = path.is_file(), spec != "" and path.exists()  # an empty path is the folder here
    except OSError as error:  # too long a name, or a folder that may not be entered
        raise ModelError(f"{path} cannot be read: {error.strerror}") from None
    if is_file:
        return _load_file(path, device=device, dimension=dimension, allow_code=allow_code)
    if exists and (path / "dataset.json").exists():
        raise ModelError(
            f"{spec} is a data set folder; the model comes first: gatekeeper eval MODEL --bank {spec}"
        )
    if exists:
        raise ModelError(f"{spec} is no file; name a checkpoint, e.g. {path / 'best_model.pt'}")
    if _FACTORY.fullmatch(spec):
        return _load_factory(spec, device=device)
    raise ModelError(
        f"no such model {spec!r}; expected a checkpoint file (.pt, .safetensors), control:NAME or "
        "package.module:factory"
    )


def _load_file(path: Path, *, device: torch.device, dimension: int, allow_code: bool) -> Candidate:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from None
    # The digest is of the very bytes that are loaded, whatever happens to the file meanwhile.
    digest = hashlib.sha256(data).hexdigest()
    form = model_format(io.BytesIO(data), str(path))
    if form in PROGRAMS:
        if not allow_code:
            raise ModelError(
                f"{path} is {PROGRAMS[form]}, which runs code when loaded; add --allow-code if you trust it"
            )
        module = _load_program(data, form, path)
        return candidate_on(device, module, describe(path.name, "exported", form, module, (digest, form)))
    checkpoint = read_checkpoint(data, path.name)
    _check_width(checkpoint, dimension, path)
    restored = restore(checkpoint, path.name)
    wrapper = "residual " if restored.alpha is not None else ""
    wrapper = "positioned " if restored.places is not None else wrapper
    architecture = f"{wrapper}{checkpoint.model_type}"
    info = replace(
        describe(path.name, "checkpoint", architecture, restored.module, (digest, form)),
        prefix=restored.prefix or None,
        fingerprint="absent" if checkpoint.fingerprint is None else "verified",
        training=_training(checkpoint),
    )
    return replace(
        candidate_on(device, restored.module, info),
        trained=WindowClaim("checkpoint", checkpoint.context, checkpoint.horizon),
        notes=_notes(restored, checkpoint.model_type, path.name),
        trained_on=read_encoder_fact(checkpoint.facts),
    )


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


def _load_program(data: bytes, kind: str, path: Path) -> nn.Module:
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


def _load_factory(spec: str, *, device: torch.device) -> Candidate:
    module_name, _, attribute = spec.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")  # the console script, unlike python -m, leaves the working directory out
    try:
        found: object = importlib.import_module(module_name)
        for part in attribute.split("."):
            found = getattr(found, part)
        made = found if isinstance(found, nn.Module) else found() if callable(found) else found
        if isinstance(made, nn.Module):
            made.eval()
            return candidate_on(device, made, describe(spec, "factory", spec, made))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an exit from user code would look like a pass
        raise ModelError(f"{spec} cannot be loaded: {type(error).__name__}: {reason(error)}") from error
    raise ModelError(f"{spec} must be or return a torch.nn.Module; found {type(made).__name__}")


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
