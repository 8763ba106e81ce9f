"""Models from files and from the user's own code."""

import hashlib
import importlib
import io
import re
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from schemas.errors import ModelError
from schemas.report import ModelInput, TrainedBy
from trainers.checkpoint import Checkpoint, read_checkpoint, restore
from trainers.predictor import ModulePredictor
from trainers.unpickling import archive_kind

_LINE = re.compile(r"[ -~]{1,400}")
"""Plain text that a report may repeat."""

_FACTORY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model ready to answer.

    Attributes:
        predictor: on its device, in evaluation mode.
        info: what a report says about it.
        horizon, context: what it was trained for, None where nothing says so.
    """

    predictor: ModulePredictor
    info: ModelInput
    horizon: int | None
    context: int | None


def load_model(spec: str, *, device: torch.device, dimension: int, allow_code: bool) -> LoadedModel:
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
        is_file, exists = path.is_file(), path.exists()
    except OSError as error:  # too long a name, or a folder that may not be entered
        raise ModelError(f"{path} cannot be read: {error.strerror}") from None
    if is_file:
        return _load_file(path, device=device, dimension=dimension, allow_code=allow_code)
    if exists:
        raise ModelError(f"{spec} is no file; name a checkpoint, e.g. {path / 'best_model.pt'}")
    if _FACTORY.fullmatch(spec):
        return _load_factory(spec, device=device)
    raise ModelError(
        f"no such model {spec!r}; expected a checkpoint file (.pt, .safetensors), control:NAME or "
        "package.module:factory"
    )


def _load_file(path: Path, *, device: torch.device, dimension: int, allow_code: bool) -> LoadedModel:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from None
    # The digest is of the very bytes that are loaded, whatever happens to the file meanwhile.
    digest = hashlib.sha256(data).hexdigest()
    kind = archive_kind(data)
    if kind in ("torchscript", "exported"):
        if not allow_code:
            what = "a torchscript program" if kind == "torchscript" else "an exported program"
            raise ModelError(
                f"{path} is {what}, which runs code when loaded; add --allow-code if you trust it"
            )
        module = _load_program(data, kind, path)
        return _loaded(module, path.name, "exported", kind, digest, device=device)
    checkpoint = read_checkpoint(data, path.name)
    width = checkpoint.model_config.get("input_dim")
    if type(width) is not int or width != dimension:
        raise ModelError(
            f"{path} reads vectors of width {width}, the bank has width {dimension}; "
            "evaluate it on the bank it was trained for"
        )
    module = restore(checkpoint, path.name)
    loaded = _loaded(
        module,
        path.name,
        "checkpoint",
        checkpoint.model_type,
        digest,
        device=device,
        mark="absent" if checkpoint.fingerprint is None else "verified",
        training=_training(checkpoint),
    )
    return LoadedModel(loaded.predictor, loaded.info, checkpoint.horizon, checkpoint.context)


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
        raise ModelError(f"{path} cannot be loaded as a {kind} program: {_first_line(error)}") from error


def _load_factory(spec: str, *, device: torch.device) -> LoadedModel:
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
            return _loaded(made, spec, "factory", spec, None, device=device)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an exit from user code would look like a pass
        raise ModelError(f"{spec} cannot be loaded: {type(error).__name__}: {_first_line(error)}") from error
    raise ModelError(f"{spec} must be or return a torch.nn.Module; found {type(made).__name__}")


def _loaded(
    module: nn.Module,
    name: str,
    kind: Literal["checkpoint", "factory", "exported"],
    architecture: str,
    digest: str | None,
    *,
    device: torch.device,
    mark: Literal["verified", "absent", "not applicable"] = "not applicable",
    training: TrainedBy | None = None,
) -> LoadedModel:
    module.to(device)  # in place; an own class may override it and return nothing
    info = ModelInput(
        spec=name,
        kind=kind,
        architecture=architecture,
        sha256=digest,
        parameters=sum(parameter.numel() for parameter in module.parameters()),
        fingerprint=mark,
        training=training,
    )
    return LoadedModel(ModulePredictor(module, name, device), info, None, None)


def _training(checkpoint: Checkpoint) -> TrainedBy | None:
    """What our trainers write into a checkpoint; anything else in its place is not repeated."""
    trainer, epoch, rule = (checkpoint.facts.get(key) for key in ("trainer", "epoch", "rule"))
    if not isinstance(trainer, str) or not _LINE.fullmatch(trainer):
        return None
    return TrainedBy(
        trainer=trainer,
        epoch=epoch if type(epoch) is int and epoch > 0 else None,
        rule=rule if isinstance(rule, str) and _LINE.fullmatch(rule) else None,
    )


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
