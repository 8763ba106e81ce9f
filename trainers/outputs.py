"""The prediction among everything that a module returns."""

import reprlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import torch

from gates.asking import ordinary
from schemas.errors import PredictionError, UsageError
from schemas.names import did_you_mean

Output = str | int
"""Which part of an answer is the prediction: a key, an attribute, a place in a tuple, or :data:`LAST`."""

LAST = "last"
"""The last position of an answer that is one tensor (B, L, D)."""

_SHOWN = 8


def known_output(output: object) -> Output | None:
    """What can name a part of an answer.

    Raises:
        UsageError: it is neither a name nor a place.
    """
    if output is None or isinstance(output, (str, int)):
        return output
    raise UsageError(f"output= is a key, an attribute or a place in a tuple; found {reprlib.repr(output)}")


def prediction(answer: object, output: Output | None, *, shape: tuple[int, ...], name: str) -> torch.Tensor:
    """The tensor (B, D) of an answer.

    Args:
        answer: a tensor, or a mapping, dataclass or tuple of tensors.
        output: the part that is meant, of which the last position counts where it is (B, L, D); None where
            the answer is the prediction.
        shape: of the contexts (B, L, D).
        name: how messages call the module.

    Raises:
        PredictionError: there is no such part, it is no ordinary tensor, or one must be named; the message
            says what was found and what to pass.

    Example:
        >>> answer = {"states": torch.arange(12.0).view(1, 3, 4), "pooled": torch.zeros(1, 4)}
        >>> prediction(answer, "states", shape=(1, 3, 4), name="model")
        tensor([[ 8.,  9., 10., 11.]])
    """
    parts = _parts(answer)
    if output is None:
        if parts:
            likely = _likely(parts, shape)
            hint = "" if likely is None else f", or from Python pass output={likely!r}"
            raise PredictionError(
                f"{name} must return one tensor; found {_described(answer, parts)}; return the prediction "
                f"alone{hint}"
            )
        found = ordinary(answer, name)
        if found.ndim == 3 and (found.shape[0], found.shape[2]) == (shape[0], shape[-1]):
            raise PredictionError(
                f"{name} must return predictions of shape {(shape[0], shape[-1])}; found "
                f"{tuple(found.shape)}, one for each place; return the last, or from Python pass "
                f"output={LAST!r}"
            )
        return found
    found = ordinary(_part(answer, parts, output, name), name)
    return found[:, -1] if found.ndim == 3 else found


def _part(answer: object, parts: Mapping[Any, object], output: Output, name: str) -> object:
    if output in parts:
        return parts[output]
    if isinstance(answer, torch.Tensor):
        if output == LAST and answer.ndim == 3:
            return answer
        advice = f"pass output={LAST!r}" if answer.ndim == 3 else "leave output out"
        raise PredictionError(
            f"{name} returns one tensor of shape {tuple(answer.shape)}, without a part {output!r}; {advice}"
        )
    if isinstance(output, str) and hasattr(answer, output):
        return getattr(answer, output)
    hint = did_you_mean(str(output), [str(each) for each in parts if isinstance(each, Output)])
    raise PredictionError(
        f"{name} returns no {output!r}; found {_described(answer, parts)}{hint and f'; {hint}'}"
    )


def _parts(answer: object) -> Mapping[Any, object]:
    if isinstance(answer, Mapping):
        return answer
    if is_dataclass(answer) and not isinstance(answer, type):
        return {field.name: getattr(answer, field.name) for field in fields(answer)}
    if isinstance(answer, tuple) and hasattr(answer, "_fields"):
        return dict(zip(answer._fields, answer, strict=True))
    return dict(enumerate(answer)) if isinstance(answer, (tuple, list)) else {}


def _likely(parts: Mapping[Any, object], shape: tuple[int, ...]) -> Output | None:
    """The first part that can be named and is a prediction by its shape, else the first that can be named."""
    named = [key for key in parts if isinstance(key, Output)]
    for key in named:
        part = parts[key]
        if isinstance(part, torch.Tensor) and part.ndim in (2, 3) and part.shape[-1] == shape[-1]:
            return key
    return next(iter(named), None)


def _described(answer: object, parts: Mapping[Any, object]) -> str:
    """E.g. ``dict of 'states' (2, 5, 4), 'loss' ()``."""
    kind = type(answer).__name__
    shown = [f"{_key(key)} {_shape(part)}" for key, part in list(parts.items())[:_SHOWN]]
    more = ", ..." if len(parts) > _SHOWN else ""
    return f"{kind} of {', '.join(shown)}{more}" if shown else kind


def _key(key: object) -> str:
    return repr(key) if isinstance(key, Output) else f"a key of type {type(key).__name__}"


def _shape(part: object) -> str:
    return str(tuple(part.shape)) if isinstance(part, torch.Tensor) else type(part).__name__
