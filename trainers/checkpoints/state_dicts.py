"""State dicts in the files of other programs: bare ones, Lightning's, those of any training of one's own.

A file of ``torch.save`` holds one at its top or under a key: ``state_dict`` in a ``.ckpt`` of Lightning,
``model``, ``ema``, ... elsewhere. A ``.safetensors`` file is one, whatever else its header says, and an index
of shards names several. Nothing in any of them is run.
"""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from schemas.errors import ModelError
from schemas.reading.model_format import PROGRAMS, model_format
from schemas.reading.shards import open_weights, read_index, shards_digest, shards_of
from schemas.records.model import ModelFormat
from schemas.text import printable
from trainers.checkpoints.safetensors_file import unpack_tensors
from trainers.checkpoints.unpickling import load_archive
from trainers.checkpoints.weights import sound_state

_SHOWN = 60

States = Mapping[str | None, Mapping[str, torch.Tensor]]
"""Key -> the state dict under it; under None that of the top."""


@dataclass(frozen=True, eq=False)
class StateDict:
    """The weights of a file.

    Attributes:
        weights: name -> dense finite tensor, as precise as it was stored.
        key: the key they lie under; None at the top.
        others: the state dicts under other keys, unchecked.
        sha256: digest of the very bytes that were read.
        format: of the file.
    """

    weights: Mapping[str, torch.Tensor]
    key: str | None
    others: States
    sha256: str
    format: ModelFormat


def read_state(data: bytes, name: str, key: str | None = None) -> StateDict:
    """The state dict of a file.

    Args:
        data: the whole file.
        name: of the file, for messages.
        key: where the weights lie; None looks for the one place.

    Raises:
        ModelError: none there, several and no key, or weights that are no dense finite numbers; a file that
            is damaged, or holds more than tensors and plain values.
    """
    form, digest = model_format(io.BytesIO(data), name), hashlib.sha256(data).hexdigest()
    if form in PROGRAMS:
        raise ModelError(
            f"{name} is {PROGRAMS[form]}, which is a model by itself; evaluate it without a factory"
        )
    if form == "safetensors":
        _refuse_key(name, key)
        weights = sound_state(unpack_tensors(data, name), name, "the file")
        return StateDict(weights, None, {}, digest, form)
    content = load_archive(data, name)
    found = find_states(content)
    chosen = _chosen(content, found, name, key)
    held = content if chosen is None else content[chosen]
    weights = sound_state(held, name, "the file" if chosen is None else repr(chosen))
    others = {each: state for each, state in found.items() if each != chosen}
    return StateDict(weights, chosen, others, digest, form)


def read_shards(index: Path, key: str | None = None) -> StateDict:
    """The state dict of an index and the shards beside it; each shard is read once.

    Args:
        index: where the index lies.
        key: as for :func:`read_state`; shards have none.

    Raises:
        ModelError: as there; a shard is missing, a link, or holds other tensors than the index says.
    """
    _refuse_key(index.name, key)
    data = read_index(index)
    shards = shards_of(data, index)
    weights: dict[str, torch.Tensor] = {}
    digests = {index.name: hashlib.sha256(data).hexdigest()}
    for name in sorted(set(shards.values())):
        with open_weights(index.parent / name) as file:
            data = file.read()
        digests[name] = hashlib.sha256(data).hexdigest()
        form = model_format(io.BytesIO(data), name)
        if form != "safetensors":
            raise ModelError(f"{name} must be a safetensors file, as {index.name} says; found {form}")
        found = sound_state(unpack_tensors(data, name), name, "the file")
        told = {tensor for tensor, place in shards.items() if place == name}
        if found.keys() != told:
            odd = min(found.keys() ^ told)
            what = "lacks" if odd in told else "has"
            raise ModelError(
                f"{index.name} and {name} contradict each other: the shard {what} {printable(odd)[:80]}; "
                "copy the folder again, or save the model again"
            )
        weights |= found
    return StateDict(weights, None, {}, shards_digest(digests), "sharded")


def find_states(content: Mapping[str, object]) -> States:
    """All state dicts at the top of a file, or one level below it.

    Example:
        >>> list(find_states({"epoch": 3, "ema": {"weight": torch.zeros(1)}}))
        ['ema']
    """
    if _is_state(content):
        return {None: content}  # type: ignore[dict-item]  # as _is_state has found
    return {key: held for key, held in content.items() if _is_state(held)}  # type: ignore[misc]  # as above


def _is_state(held: object) -> bool:
    return (
        isinstance(held, Mapping)
        and bool(held)
        and all(isinstance(key, str) for key in held)
        and all(isinstance(value, torch.Tensor) for value in held.values())
    )


def _chosen(content: Mapping[str, object], found: States, name: str, key: str | None) -> str | None:
    keys = [each for each in found if each is not None]
    known = f"state dicts lie under {_list(keys)}" if keys else f"found {_list(list(content))}"
    if None in found:
        _refuse_key(name, key)
        return None
    if key is not None:
        if key not in content:
            raise ModelError(f"{name} has no key {key!r}; {known}")
        if key not in found:
            raise ModelError(f"{name} has no state dict under {key!r}: it maps no names to tensors; {known}")
        return key
    if not keys:
        raise ModelError(
            f"{name} holds no state dict, which maps names to tensors, at its top or under a key; {known}"
        )
    if len(keys) > 1:
        raise ModelError(f"{name} holds several state dicts: {known}; name one: --state-key {keys[0]}")
    return keys[0]


def _refuse_key(name: str, key: str | None) -> None:
    if key is not None:
        raise ModelError(
            f"{name} has one state dict, at its top, and nothing under {key!r}; leave --state-key out"
        )


def _list(keys: list[str]) -> str:
    more = ", ..." if len(keys) > 8 else ""
    return ", ".join(repr(printable(each)[:_SHOWN]) for each in keys[:8]) + more if keys else "nothing"
