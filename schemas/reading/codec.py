"""Frozen dataclasses to plain JSON values and back, driven by their type hints.

Understood hints: dataclasses, ``Mapping[str, X]``, ``tuple[X, ...]``, ``tuple[X, Y]``,
``X | None``, ``Literal`` and ``str``, ``int``, ``float``, ``bool``.
"""

import contextlib
import dataclasses
import functools
import math
import types
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from schemas.errors import GatekeeperError, ReportError
from schemas.records.rules import is_later

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")


def encode(value: object, *, where: str = "report") -> object:
    """Turn a record into dicts, lists and scalars.

    Args:
        value: a dataclass, or anything a field of one may hold.
        where: name of the value in messages.

    Raises:
        ReportError: a float is not finite, or a value has no JSON form.

    Example:
        >>> from schemas.records.report import ScoresFile
        >>> encode(ScoresFile("scores.npz", "0" * 4))
        {'name': 'scores.npz', 'sha256': '0000'}
    """
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ReportError(f"{where}: expected a finite number, found {value}; an undefined one is None")
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return encode_record(value, where=where)
    if isinstance(value, Mapping):
        return {_key(key, where): encode(item, where=f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [encode(item, where=f"{where}[{i}]") for i, item in enumerate(value)]
    raise ReportError(f"{where}: {type(value).__name__} has no JSON form")


def encode_record(record: "DataclassInstance", *, where: str = "report") -> dict[str, object]:
    """:func:`encode` of a dataclass: keys in the order of its fields.

    Raises:
        ReportError: as there.
    """
    return {
        field.name: encode(getattr(record, field.name), where=f"{where}.{field.name}")
        for field in dataclasses.fields(record)
    }


def decode(
    kind: type[T], value: object, *, where: str = "report", error: type[GatekeeperError] = ReportError
) -> T:
    """Build a record of type ``kind`` from plain values; the inverse of :func:`encode`.

    Args:
        kind: a dataclass.
        value: what :func:`encode` gave, or a parsed file.
        where: name of the value in messages.
        error: class to raise.

    A field marked :data:`schemas.records.rules.LATER` may be absent and then has its default.

    Raises:
        GatekeeperError: of class ``error``; a key is missing or unknown, or a value has another
            type than its field. A whole float is no int and an int is no bool, but an int may
            stand for a float.
    """
    try:
        return cast(T, _decode(kind, value, where))
    except _MismatchError as mismatch:
        raise error(str(mismatch)) from None


class _MismatchError(Exception):
    """A value does not fit its hint."""


def _decode(hint: object, value: object, where: str) -> object:
    if isinstance(hint, type):
        read = _decode_record if dataclasses.is_dataclass(hint) else _decode_scalar
        return read(hint, value, where)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        if value not in arguments or not isinstance(value, str):
            raise _mismatch(f"one of {', '.join(map(str, arguments))}", value, where)
        return value
    if origin in (Union, types.UnionType):
        inner = next(argument for argument in arguments if argument is not type(None))
        return None if value is None else _decode(inner, value, where)
    if origin is tuple:
        return _decode_tuple(arguments, value, where)
    return _decode_mapping(arguments[1], value, where)


def _decode_record(kind: type, value: object, where: str) -> object:
    hints = _hints(kind)
    if not isinstance(value, dict):
        raise _mismatch("an object", value, where)
    wrong = sorted(map(str, (value.keys() ^ hints.keys()) - (_later(kind) - value.keys())))
    if wrong:
        raise _MismatchError(f"{where}: missing or unknown key {wrong[0]!r}")
    return kind(
        **{
            name: _decode(hint, value[name], f"{where}.{name}")
            for name, hint in hints.items()
            if name in value
        }
    )


def _decode_scalar(kind: type, value: object, where: str) -> object:
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):
            converted = float(value)
            if math.isfinite(converted):
                return converted
    elif kind in (str, int, bool) and type(value) is kind:
        return value
    raise _mismatch(kind.__name__, value, where)


def _decode_tuple(arguments: tuple[object, ...], value: object, where: str) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise _mismatch("a list", value, where)
    hints = (arguments[0],) * len(value) if arguments[-1] is Ellipsis else arguments
    if len(hints) != len(value):
        raise _MismatchError(f"{where}: expected {len(hints)} entries, found {len(value)}")
    return tuple(_decode(hint, value[i], f"{where}[{i}]") for i, hint in enumerate(hints))


def _decode_mapping(hint: object, value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _mismatch("an object", value, where)
    if not all(isinstance(key, str) for key in value):
        raise _MismatchError(f"{where}: every key must be text")
    return {key: _decode(hint, item, f"{where}.{key}") for key, item in value.items()}


@functools.cache
def _hints(kind: type) -> dict[str, object]:
    return get_type_hints(kind)


@functools.cache
def _later(kind: type) -> frozenset[str]:
    """Fields that an older document of the same major version may lack."""
    return frozenset(field.name for field in dataclasses.fields(kind) if is_later(field))


def _key(key: object, where: str) -> str:
    if not isinstance(key, str):
        raise ReportError(f"{where}: key {key!r} is not text")
    return key


def _mismatch(expected: str, value: object, where: str) -> _MismatchError:
    return _MismatchError(f"{where}: expected {expected}, found {type(value).__name__} {str(value)[:60]!r}")
