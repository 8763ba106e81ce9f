"""Weights of a file in a module that somebody's own code has made: every name, every shape, or a refusal."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from schemas.errors import ModelError
from trainers.checkpoints.prefixes import without_prefix
from trainers.checkpoints.state_dicts import StateDict
from trainers.checkpoints.weights import misfits, shortened

Weights = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Fitted:
    """How the weights of a file became those of a module.

    Attributes:
        prefix: what stood before their names in the file, "" where nothing.
        left_out: names in the file that do not begin with a prefix that was asked for.
    """

    prefix: str
    left_out: tuple[str, ...]


def load_into(module: nn.Module, state: StateDict, strip: str | None, *, name: str, maker: str) -> Fitted:
    """Load weights strictly: what the module has, no more and no less.

    Two names of one weight in the module (tied weights) may be one in the file.

    Args:
        module: on the CPU, as its maker made it; changed in place.
        state: of the file.
        strip: the prefix of the names that count; None takes away what stands before all of them where the
            rest then fits exactly, "" takes nothing away.
        name: of the file, for messages.
        maker: what made the module, for messages.

    Raises:
        ModelError: the weights do not fit, with what may lead on; the module cannot hold any.
    """
    expected = _expected(module, maker)
    tied = _tied(expected)
    prefix, weights, left_out = _named(state.weights, expected, tied, strip)
    if strip and not weights:
        raise ModelError(
            f"{name}: no weight begins with {prefix!r}, e.g. {next(iter(state.weights))[:80]!r} does not"
        )
    full = _with_twins(weights, tied)
    complaints = [*misfits(full, expected), *_torn(full, tied)]
    if complaints:
        advice = _advice(state, expected, tied, strip)
        raise ModelError(
            f"{name}: its weights do not fit {maker}: {shortened(complaints)}{advice and f'; {advice}'}"
        )
    module.load_state_dict(dict(full), strict=True)
    for key, tensor in expected.items():  # the module's own memory, which may be narrower than the file
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise ModelError(
                f"{name}: {key} holds numbers that {tensor.dtype}, in which {maker} keeps it, does not reach"
            )
    return Fitted(prefix, left_out)


def _expected(module: nn.Module, maker: str) -> Weights:
    """The module's own weights.

    Raises:
        ModelError: one has no shape or no memory yet, or is no tensor.
    """
    if any(map(is_lazy, module.parameters())) or any(map(is_lazy, module.buffers())):
        raise ModelError(
            f"{maker} has lazy layers whose weights have no shape yet; call the module on a batch before it "
            "is returned"
        )
    expected: dict[str, torch.Tensor] = {}
    for key, tensor in module.state_dict().items():
        if not isinstance(tensor, torch.Tensor):
            raise ModelError(
                f"{maker} keeps {key!r}, which is no tensor, with its weights; a file holds tensors alone"
            )
        if tensor.is_meta:
            raise ModelError(
                f"{maker} made {key!r} on the meta device, without memory; make the module on the CPU"
            )
        expected[key] = tensor
    if not expected:
        raise ModelError(
            f"{maker} has no weights, so that the file has nothing to say of it; evaluate it alone"
        )
    return expected


def _tied(expected: Weights) -> Mapping[str, tuple[str, ...]]:
    """Name -> all names of the same weight, for weights that have several."""
    groups: dict[object, list[str]] = {}
    for key, tensor in expected.items():
        place = tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride()
        groups.setdefault(place if tensor.numel() else key, []).append(key)
    return {key: tuple(names) for names in groups.values() if len(names) > 1 for key in names}


def _named(
    found: Weights, expected: Weights, tied: Mapping[str, tuple[str, ...]], strip: str | None
) -> tuple[str, Weights, tuple[str, ...]]:
    """The prefix, the weights by the names behind it, and the names without it."""
    if strip == "":
        return "", found, ()
    if strip is None:
        return *without_prefix(found, expected, tied), ()
    prefix = strip if strip.endswith(".") else f"{strip}."
    return prefix, _below(prefix, found), tuple(key for key in found if not key.startswith(prefix))


def _with_twins(found: Weights, tied: Mapping[str, tuple[str, ...]]) -> Weights:
    """The weights, and those that the file names once and the module twice."""
    twins = {
        key: found[twin] for key, names in tied.items() if key not in found for twin in names if twin in found
    }
    return {**found, **twins}


def _torn(found: Weights, tied: Mapping[str, tuple[str, ...]]) -> Iterable[str]:
    """Names of one weight in the module that the file has different numbers for: one would be lost."""
    for names in dict.fromkeys(tied.values()):
        first = found.get(names[0])
        for key in names[1:]:
            if first is not None and key in found and not torch.equal(first, found[key]):
                yield f"{names[0]} and {key} are one weight in the module and differ in the file"


def _advice(
    state: StateDict, expected: Weights, tied: Mapping[str, tuple[str, ...]], strip: str | None
) -> str:
    """What would fit instead, "" where nothing near does."""

    def fits(found: Weights) -> bool:
        return not misfits(_with_twins(found, tied), expected)

    def fits_somehow(found: Weights) -> bool:
        return fits(without_prefix(found, expected, tied)[1])

    if strip is not None and fits_somehow(state.weights):
        return "leave --strip-prefix out"
    for prefix in _prefixes(state.weights, expected):
        if fits(_below(prefix, state.weights)):
            return f"those below {prefix!r} fit: add --strip-prefix {prefix}"
    for key, other in state.others.items():
        if fits_somehow(other):
            return f"those under {key!r} fit: add --state-key {key}"
    for prefix in _prefixes(expected, state.weights):
        if not misfits(state.weights, _below(prefix, expected)):
            return f"they fit its part {prefix[:-1]!r}: let it return that part"
    return ""


def _below(prefix: str, weights: Weights) -> Weights:
    return {key.removeprefix(prefix): each for key, each in weights.items() if key.startswith(prefix)}


def _prefixes(names: Iterable[str], inner: Weights) -> Iterable[str]:
    """What stands before the first of the inner names wherever it ends another, at most 100 of them."""
    first = next(iter(inner), "")
    found = (each.removesuffix(first) for each in names if each.endswith(f".{first}"))
    return [each for each in dict.fromkeys(found) if re.fullmatch(r"[\w.-]{1,99}\.", each, re.ASCII)][:100]
