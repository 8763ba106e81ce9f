"""Checkpoints as ``.safetensors`` files: tensors, and all else as JSON in the header under ``gatekeeper``."""

import json
from collections.abc import Mapping

import safetensors.torch
import torch

from schemas.errors import ModelError, ReportError
from schemas.reading.strict_json import loads
from trainers.checkpoints.weights import check_count

HEADER = "gatekeeper"

LONGEST_HEADER = 16 * 2**20
"""Bytes; a tensor takes about a hundred of them."""

MOST_DIMENSIONS = 16

_SAVE = (
    "Evaluate it with --factory module:function, which makes the module that the weights are of; or, of a "
    'registered architecture, save it with safetensors.torch.save_file(state, "new.safetensors", '
    '{"gatekeeper": json.dumps({"model_type": "NAME", "model_config": {...}})})'
)

_DAMAGED = "copy the file again, or save the model again"


def pack(tensors: Mapping[str, torch.Tensor], facts: Mapping[str, object], name: str) -> bytes:
    """The bytes of a file.

    Raises:
        ModelError: the facts are no plain values.
    """
    try:
        header = json.dumps(facts, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ModelError(
            f"{name}: its header takes finite numbers, strings, lists and mappings: {error}"
        ) from None
    return safetensors.torch.save(dict(tensors), {HEADER: header})


def unpack(data: bytes, name: str) -> dict[str, object]:
    """What :func:`pack` was given, the tensors under ``model_state_dict``.

    Raises:
        ModelError: no readable safetensors file, or none with an entry of ours.
    """
    metadata = _metadata(data, name)
    if not isinstance(metadata, dict) or not isinstance(metadata.get(HEADER), str):
        raise ModelError(
            f"{name} has no {HEADER!r} entry in its header; it must name model_type and model_config. {_SAVE}"
        )
    facts = _object(metadata[HEADER], f"{name}: the {HEADER!r} entry of its header")
    for key in ("model_type", "model_config"):
        if key not in facts:
            raise ModelError(
                f"{name} is no checkpoint: it lacks {key!r} in the {HEADER!r} entry of its header. {_SAVE}"
            )
    return {**facts, "model_state_dict": _tensors(data, name)}


def unpack_tensors(data: bytes, name: str) -> dict[str, torch.Tensor]:
    """The tensors of any file, whatever else its header says.

    Raises:
        ModelError: no readable safetensors file.
    """
    _metadata(data, name)
    return _tensors(data, name)


def _metadata(data: bytes, name: str) -> object:
    """What the header holds beside the tensors; it is looked at before anything is made of it."""
    size = int.from_bytes(data[:8], "little")
    if size > LONGEST_HEADER:
        raise ModelError(
            f"{name} has a header of {size:,} bytes, at most {LONGEST_HEADER:,} are read; {_DAMAGED}"
        )
    header = _object(data[8 : 8 + size], f"{name} is no readable safetensors file: its header")
    metadata = header.pop("__metadata__", None)
    _check_entries(header, name)
    return metadata


def _tensors(data: bytes, name: str) -> dict[str, torch.Tensor]:
    try:
        return safetensors.torch.load(data)
    except Exception:  # noqa: BLE001  (it raises what its Rust part, torch and a damaged file make it)
        raise ModelError(
            f"{name} is no readable safetensors file: its header and its data differ; {_DAMAGED}"
        ) from None


def _check_entries(header: Mapping[str, object], name: str) -> None:
    check_count(len(header), name)
    for key, entry in header.items():
        shape = entry.get("shape") if isinstance(entry, dict) else None
        kind = entry.get("dtype") if isinstance(entry, dict) else None
        if not isinstance(shape, list) or len(shape) > MOST_DIMENSIONS or not isinstance(kind, str):
            raise ModelError(
                f"{name} is no readable safetensors file: {key[:80]!r} needs a dtype and a shape of at most "
                f"{MOST_DIMENSIONS} sizes; {_DAMAGED}"
            )
        if not kind.startswith(("F", "BF", "I", "U", "BOOL")) or kind == "F4" or kind.startswith("F6_"):
            raise ModelError(
                f"{name} is no readable safetensors file: torch has no numbers of type {kind[:20]!r}, which "
                f"{key[:80]!r} holds; save float32"
            )


def _object(text: bytes | str, what: str) -> dict[str, object]:
    try:
        found = loads(text)
    except ReportError as error:
        raise ModelError(f"{what} is broken: {error}") from None
    if not isinstance(found, dict):
        raise ModelError(f"{what} must be an object; found {type(found).__name__}")
    return found
