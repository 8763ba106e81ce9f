"""Weights from a file: plain, finite, and of the shapes a module expects."""

import reprlib
from collections.abc import Mapping, Sequence

import torch

from schemas.errors import ModelError

MOST_TENSORS = 20_000

SHARED = 8
"""How often weights may be named in memory that they share, counted in float32 for each stored byte."""

_SPARE = 32 * 2**20


def checked_state(state: object, name: str, what: str = "model_state_dict") -> dict[str, torch.Tensor]:
    """The tensors of a state dict, floating ones as float32.

    Args:
        state: what the file holds.
        name: of the file, for messages.
        what: the key it lies under, for messages.

    Raises:
        ModelError: as :func:`sound_state`, or a number is too large for float32.
    """
    found = sound_state(state, name, what)
    checked = {key: each.float() if each.is_floating_point() else each for key, each in found.items()}
    _check_finite(checked, name)
    return checked


def sound_state(state: object, name: str, what: str) -> dict[str, torch.Tensor]:
    """The tensors of a state dict as they are.

    Tensors that share memory may get memory of their own each, so what they come to is bounded first.

    Args:
        state: what the file holds.
        name: of the file, for messages.
        what: the key it lies under, for messages.

    Raises:
        ModelError: not a mapping of names to tensors, or a tensor is not dense, real and finite; far
            more weights than the file has data.
    """
    if not isinstance(state, Mapping) or not state:
        raise ModelError(f"{name}: {what} must map names to tensors; found {type(state).__name__}")
    check_count(len(state), name)
    for key, tensor in state.items():
        if not isinstance(key, str) or not isinstance(tensor, torch.Tensor):
            raise ModelError(
                f"{name}: {what}[{reprlib.repr(key)}] must be a tensor; found {type(tensor).__name__}"
            )
        check_dense(tensor, f"{name}: {key}")
    _check_shared(state, name)
    _check_finite(state, name)
    return dict(state)


def _check_finite(state: Mapping[str, torch.Tensor], name: str) -> None:
    for key, tensor in state.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            bad = int((~torch.isfinite(tensor)).sum())
            raise ModelError(f"{name}: {bad} weight(s) of {key} are NaN or infinite; the training diverged")


def check_count(tensors: int, name: str) -> None:
    """Refuse more tensors than any model has, as soon as their number is known.

    Raises:
        ModelError: there are more than :data:`MOST_TENSORS`.
    """
    if tensors > MOST_TENSORS:
        raise ModelError(f"{name} names {tensors:,} tensors, at most {MOST_TENSORS:,} are read")


def _check_shared(state: Mapping[str, torch.Tensor], name: str) -> None:
    # Tied weights are named twice, shared layers once a layer; thousands of names are an attack.
    held = {
        tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in state.values()
    }
    most = SHARED * sum(held.values()) + _SPARE
    named = sum(4 * tensor.numel() for tensor in state.values())
    if named > most:
        raise ModelError(
            f"{name}: its weights come to {named:,} bytes as float32, at most {most:,} are made of the "
            f"{sum(held.values()):,} in the file; tensors that share memory must be saved apart, e.g. "
            "{key: tensor.clone() for key, tensor in state.items()}"
        )


def check_dense(tensor: torch.Tensor, what: str) -> None:
    """Refuse tensors that are no plain block of real numbers in memory.

    Raises:
        ModelError: sparse, nested, quantised, complex, without data, or larger than its data.
    """
    if (
        tensor.layout is not torch.strided
        or tensor.is_nested
        or tensor.is_meta
        or tensor.is_quantized
        or tensor.is_complex()
    ):
        kind = "nested" if tensor.is_nested else str(tensor.layout)
        raise ModelError(
            f"{what} must be a dense real tensor; found {kind}, {tensor.dtype} on {tensor.device}"
        )
    # A view that repeats its storage can claim any size, and checking it would allocate that much.
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise ModelError(
            f"{what} of shape {tuple(tensor.shape)} is larger than its data in the file; "
            "save contiguous tensors"
        )


def check_fit(
    found: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor], *, model_type: str, name: str
) -> None:
    """Compare names, shapes and kinds of number; values are not looked at.

    Args:
        found: the file's weights.
        expected: the state dict of the module that shall take them, which may be on ``meta``.
        model_type: its architecture, for the message.
        name: of the file, for the message.

    Raises:
        ModelError: names the first three differences and counts the rest.
    """
    complaints = misfits(found, expected)
    if complaints:
        raise ModelError(
            f"{name}: its weights do not fit architecture {model_type!r}: {shortened(complaints)}"
        )


def misfits(found: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]) -> list[str]:
    """Where weights differ from those that a module expects in name, shape or kind of number.

    Args:
        found: the file's weights.
        expected: the state dict of the module that shall take them, which may be on ``meta``.
    """
    lacks = [f"lacks {key}" for key in expected if key not in found]
    unknown = [f"has unexpected {key[:80]}" for key in found if key not in expected]
    # Both sides are shown: a prefix, or the names of another architecture, are seen at once.
    complaints = [*lacks[:2], *unknown[:1], *lacks[2:], *unknown[1:]] if unknown else lacks
    both = [(key, found[key], tensor) for key, tensor in expected.items() if key in found]
    complaints += [
        f"{key} is {tuple(ours.shape)}, expected {tuple(theirs.shape)}"
        for key, ours, theirs in both
        if ours.shape != theirs.shape
    ]
    # Loading would convert whole numbers into weights without a word.
    complaints += [
        f"{key} holds {ours.dtype}, expected {theirs.dtype}"
        for key, ours, theirs in both
        if ours.is_floating_point() != theirs.is_floating_point()
    ]
    return complaints


def shortened(complaints: Sequence[str]) -> str:
    """The first three of them, and how many more there are."""
    more = f" and {len(complaints) - 3} more" if len(complaints) > 3 else ""
    return f"{'; '.join(complaints[:3])}{more}"
