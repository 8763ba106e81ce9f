"""Checkpoints: weights with the name of their architecture, its configuration and a fingerprint.

A ``.pt`` file is a torch zip archive of plain values and tensors: ``model_type, model_config,
model_state_dict, horizon, context, fingerprint`` and whatever the trainer adds. A ``.safetensors``
file holds the tensors, and the rest as JSON in its header under ``gatekeeper``.
"""

import copy
import io
import reprlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from schemas.disk.atomic import write_bytes
from schemas.errors import ModelError
from schemas.reading.model_format import model_format
from schemas.reading.number import whole
from schemas.reasons import reason
from trainers.checkpoints import fingerprint, safetensors_file
from trainers.checkpoints.foreign_checkpoint import explain
from trainers.checkpoints.positioned import Positioned, appended, without_places
from trainers.checkpoints.prefixes import without_prefix
from trainers.checkpoints.residual import ALPHA, BASE, ResidualNext, without_wrapper
from trainers.checkpoints.unpickling import load_archive
from trainers.checkpoints.weights import check_dense, check_fit, checked_state
from trainers.contracts import Architecture
from trainers.own_code import is_spec
from trainers.registry import architecture

LONGEST = 4096
"""Longest context a checkpoint may name; the probe is made in that length before anything is compared."""

MOST_STEPS = 2**21
"""Context times tensors of a module that answers the probe: a recurrent network takes a step for each."""

_CORE = ("model_type", "model_config", "model_state_dict", "horizon", "context", "fingerprint")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The checked contents of a checkpoint file.

    Attributes:
        model_type, model_config: architecture and what to build it from.
        state: tensor name -> dense finite float32 (or integer) tensor.
        horizon, context: what it was trained for; None where an old file is silent.
        fingerprint: (4, D) stored answer to the probe, or None.
        facts: everything else in the file.
    """

    model_type: str
    model_config: Mapping[str, object]
    state: Mapping[str, torch.Tensor]
    horizon: int | None
    context: int | None
    fingerprint: torch.Tensor | None
    facts: Mapping[str, object]


@dataclass(frozen=True, eq=False)
class Restored:
    """A model made of a checkpoint.

    Attributes:
        module: on the CPU, in evaluation mode.
        prefix: what a wrapper had put before all names of its weights, "" where nothing.
        alpha: () of a residual wrapper around the network, None where there is none.
        places: (L,) of a wrapper that tells the network the places of chunks, None where there is none.
    """

    module: nn.Module
    prefix: str
    alpha: torch.Tensor | None
    places: torch.Tensor | None = None


def save_checkpoint(
    path: Path,
    *,
    model_type: str,
    model_config: Mapping[str, object],
    module: nn.Module,
    horizon: int,
    context: int,
    extra: Mapping[str, object],
) -> None:
    """Write a checkpoint atomically; the suffix of ``path`` chooses the format. No link is followed.

    Args:
        path: ``*.pt`` or ``*.safetensors``.
        model_type: registered architecture.
        model_config: what it was built from; ``input_dim`` is D, or one more where the module is told places
            (:mod:`trainers.checkpoints.positioned`).
        module: the trained module.
        horizon: what it was trained for.
        context: L.
        extra: further plain values, e.g. ``epoch`` or ``val_cosine``.

    Raises:
        ModelError: another suffix, or contents that could not be read again: weights or answers that
            are not finite, or facts that are no plain values.
        OutputError: the file cannot be written.
    """
    cpu = {name: tensor.detach().to("cpu").contiguous() for name, tensor in module.state_dict().items()}
    dimension = _whole(model_config, "input_dim", str(path)) - appended(cpu)
    # A copy, because moving a module moves it for its optimiser and its training loop as well.
    stored = fingerprint.answer(copy.deepcopy(module).to("cpu"), context, dimension)
    facts = {
        "model_type": model_type,
        "model_config": dict(model_config),
        "horizon": horizon,
        "context": context,
    }
    if path.suffix == ".pt":
        data = _archive({**extra, **facts, "model_state_dict": cpu, "fingerprint": stored})
    elif path.suffix == ".safetensors":
        data = safetensors_file.pack(cpu, {**extra, **facts, "fingerprint": stored.tolist()}, path.name)
    else:
        raise ModelError(f"a checkpoint must end in .pt or .safetensors; found {path.name!r}")
    # A file that cannot be read would be noticed only when the run is over and its weights are needed.
    read_checkpoint(data, path.name)
    write_bytes(path, data, own=1)


def read_checkpoint(data: bytes, name: str) -> Checkpoint:
    """Read the bytes of a checkpoint without running any code in them.

    Args:
        data: the whole file.
        name: of the file, for messages; its content decides how it is read.

    Raises:
        ModelError: not a checkpoint, damaged, or weights that are not finite dense floats.
    """
    if model_format(io.BytesIO(data), name) == "safetensors":
        content = safetensors_file.unpack(data, name)
    else:
        content = load_archive(data, name)
    for key in ("model_type", "model_config", "model_state_dict"):
        if key not in content:
            raise ModelError(explain(content, key, name))
    model_type, config, state = (content[key] for key in ("model_type", "model_config", "model_state_dict"))
    if not isinstance(model_type, str) or not isinstance(config, Mapping):
        raise ModelError(f"{name}: model_type must be a name and model_config a mapping")
    stored = content.get("fingerprint")
    return Checkpoint(
        model_type=model_type,
        model_config={str(key): value for key, value in config.items()},
        state=checked_state(state, name),
        horizon=_optional(content, "horizon", name),
        context=_optional(content, "context", name, most=LONGEST),
        fingerprint=None if stored is None else _checked_fingerprint(stored, name),
        facts={str(key): value for key, value in content.items() if key not in _CORE},
    )


def restore(checkpoint: Checkpoint, name: str, plugin: Architecture | None = None) -> Restored:
    """Build the module, load the weights strictly and check the fingerprint.

    DistributedDataParallel, torch.compile and modules that hold the network put a prefix before the names of
    all weights; the public code's residual wrapper does too, and adds a weight of its own. So does the one
    that tells a network the places of chunks (:mod:`trainers.checkpoints.positioned`).

    Args:
        checkpoint: of the file.
        name: of the file, for messages.
        plugin: what builds the module, where somebody has named a class of their own; a file that names one
            has nothing imported.

    Raises:
        ModelError: unknown architecture, or one that must be named; weights that do not fit it, or another
            answer to the probe.
    """
    if plugin is None:
        plugin = _registered(checkpoint.model_type, name)
    placed = without_places(checkpoint.state)
    # Without storage first: a wrong configuration must not allocate what it claims to need.
    with torch.device("meta"):
        expected = plugin.build(checkpoint.model_config).state_dict()
    if placed is None:
        places, (prefix, alpha, state) = None, _unwrapped(checkpoint.state, expected)
    else:
        alpha, (prefix, places, state) = None, placed
    check_fit(state, expected, model_type=plugin.name, name=name)
    module = plugin.build(checkpoint.model_config)
    module.load_state_dict(dict(state), strict=True)
    if alpha is not None:
        module = ResidualNext(module, alpha)
    if places is not None:
        module = Positioned(module, places)
    module.eval()
    if checkpoint.fingerprint is not None:
        _check_fingerprint(checkpoint, checkpoint.fingerprint, module, name)
    return Restored(module, prefix, alpha, places)


def _registered(model_type: str, name: str) -> Architecture:
    if is_spec(model_type):
        raise ModelError(
            f"{name} was trained with {model_type}, code of somebody's own, which no file may have run; name "
            f"it if you trust it: --factory {model_type}"
        )
    return architecture(model_type)


def _unwrapped(
    found: Mapping[str, torch.Tensor], expected: Collection[str]
) -> tuple[str, torch.Tensor | None, Mapping[str, torch.Tensor]]:
    """The prefix, the ``alpha`` of a residual wrapper, and the weights by the names without either."""
    prefix, state = without_prefix(found, [ALPHA, *(BASE + each for each in expected)])
    residual = without_wrapper(state, expected)
    if residual is not None:
        return prefix, *residual
    prefix, state = without_prefix(found, expected)
    return prefix, None, state


def _check_fingerprint(checkpoint: Checkpoint, stored: torch.Tensor, module: nn.Module, name: str) -> None:
    if checkpoint.context is None:
        raise ModelError(f"{name} has a fingerprint but no context length; save it again")
    dimension = _whole(checkpoint.model_config, "input_dim", name) - appended(checkpoint.state)
    if checkpoint.context * len(checkpoint.state) > MOST_STEPS:
        raise ModelError(
            f"{name} names a context of {checkpoint.context} for {len(checkpoint.state)} tensors; it would "
            "take minutes to compare with its fingerprint; save it with the context it is used with"
        )
    try:
        found = fingerprint.answer(module, checkpoint.context, dimension)
    except (RuntimeError, ValueError, IndexError) as error:
        raise ModelError(
            f"{name}: {checkpoint.model_type!r} cannot read contexts of the length it names, "
            f"{checkpoint.context}: {reason(error)}"
        ) from error
    if not fingerprint.agrees(stored, found):
        raise ModelError(
            f"{name}: its weights fit {checkpoint.model_type!r}, but the module answers the stored probe "
            "differently; it was trained as another class, or the file is damaged"
        )


def _archive(content: Mapping[str, object]) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def _checked_fingerprint(stored: object, name: str) -> torch.Tensor:
    if isinstance(stored, torch.Tensor):
        check_dense(stored, f"{name}: its fingerprint")
    try:
        tensor = torch.as_tensor(stored, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise ModelError(f"{name}: its fingerprint is no matrix of numbers") from None
    if tensor.ndim != 2 or not bool(torch.isfinite(tensor).all()):
        raise ModelError(
            f"{name}: its fingerprint must be a finite matrix; found shape {tuple(tensor.shape)}"
        )
    return tensor


def _optional(content: Mapping[str, object], key: str, name: str, most: int | None = None) -> int | None:
    if content.get(key) is None:
        return None
    value = _whole(content, key, name)
    if most is not None and value > most:
        raise ModelError(f"{name}: {key} must be at most {most}; found {value}")
    return value


def _whole(content: Mapping[str, object], key: str, name: str) -> int:
    value = whole(content.get(key))
    if value is None or value < 1:
        found = reprlib.repr(content.get(key))
        raise ModelError(f"{name}: {key} must be a whole number of at least 1; found {found}")
    return value
