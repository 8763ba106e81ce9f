"""Frozen dataclasses to plain JSON values and back, driven by their type hints.

Understood hints: dataclasses, ``Mapping[str, X]``, ``tuple[X, ...]``, ``tuple[X, Y]``,
``X | None``, ``Literal`` and ``str``, ``int``, ``float``, ``bool``.
"""

import contextlib
import dataclasses
import functools
import math
import types
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from schemas.errors import GatekeeperError, ReportError
from schemas.records.rules import is_later, is_sparse

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")


class _MisfitError(Exception):
    """A value without a JSON form, or that does not fit its hint; its place is told on the way up."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.place, self.text = "", text

    def within(self, step: str) -> "_MisfitError":
        """The same, seen from one level higher."""
        self.place = step + self.place
        return self


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
    try:
        return _encode(value)
    except _MisfitError as misfit:
        raise ReportError(f"{where}{misfit.place}: {misfit.text}") from None


def encode_record(record: "DataclassInstance", *, where: str = "report") -> dict[str, object]:
    """:func:`encode` of a dataclass: keys in the order of its fields.

    Raises:
        ReportError: as there.
    """
    return cast(dict[str, object], encode(record, where=where))


def shallow(value: Any) -> dict[Any, Any]:  # noqa: ANN401  (as json hands it over)
    """One level of a record or mapping, its values as they are: what ``json.dumps`` wants of ``default``.

    Example:
        >>> from schemas.records.report import ScoresFile
        >>> shallow(ScoresFile("scores.npz", "0" * 4))
        {'name': 'scores.npz', 'sha256': '0000'}
    """
    kind: type = type(value)
    names = _field_names(kind)
    if names is None:
        return dict(value)
    found = {name: getattr(value, name) for name in names}
    for name, default in _sparse(kind).items():
        if found[name] == default:
            del found[name]
    return found


def _encode(value: object) -> object:
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _MisfitError(f"expected a finite number, found {value}; an undefined one is None")
        return value
    if isinstance(value, (tuple, list)):
        return _encode_list(value)
    kind: type = type(value)
    if _field_names(kind) is not None or isinstance(value, Mapping):
        return _encode_mapping(shallow(value))
    raise _MisfitError(f"{kind.__name__} has no JSON form")


def _encode_mapping(value: Mapping[object, object]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise _MisfitError(f"key {key!r} is not text")
        try:
            found[key] = _encode(item)
        except _MisfitError as misfit:
            raise misfit.within(f".{key}") from None
    return found


def _encode_list(value: Iterable[object]) -> list[object]:
    found: list[object] = []
    for item in value:
        try:
            found.append(_encode(item))
        except _MisfitError as misfit:
            raise misfit.within(f"[{len(found)}]") from None
    return found


@functools.cache
def _field_names(kind: type) -> tuple[str, ...] | None:
    """Of a dataclass; None for other types."""
    return tuple(field.name for field in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else None


@functools.cache
def _sparse(kind: "type[DataclassInstance]") -> dict[str, object]:
    """Of a dataclass: the fields that are left out, and what they hold then."""
    return {field.name: field.default for field in dataclasses.fields(kind) if is_sparse(field)}


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
        hint: object = kind
        return cast(T, _decoder(hint)(value))
    except _MisfitError as misfit:
        raise error(f"{where}{misfit.place}: {misfit.text}") from None


_Decoder = Callable[[Any], object]


@functools.cache
def _decoder(hint: object) -> _Decoder:
    """What reads values of one type: each hint is taken apart once, and a report has thousands of values."""
    if isinstance(hint, type):
        return _record_decoder(hint) if dataclasses.is_dataclass(hint) else _scalar_decoder(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return _literal_decoder(arguments)
    if origin in (Union, types.UnionType):
        inner = _decoder(next(argument for argument in arguments if argument is not types.NoneType))
        return lambda value: None if value is None else inner(value)
    return _tuple_decoder(arguments) if origin is tuple else _mapping_decoder(arguments[1])


def _record_decoder(kind: type) -> _Decoder:
    fields = {name: _decoder(hint) for name, hint in get_type_hints(kind).items()}
    later = {field.name for field in dataclasses.fields(kind) if is_later(field)}

    def decode_record(value: object) -> object:
        if not isinstance(value, dict):
            raise _mismatch("an object", value)
        wrong = (value.keys() ^ fields.keys()) - later
        if wrong:
            raise _MisfitError(f"missing or unknown key {min(map(str, wrong))!r}")
        found: dict[str, object] = {}
        for name, decoder in fields.items():
            if name in value:
                try:
                    found[name] = decoder(value[name])
                except _MisfitError as misfit:
                    raise misfit.within(f".{name}") from None
        return kind(**found)

    return decode_record


def _literal_decoder(choices: tuple[object, ...]) -> _Decoder:
    def decode_literal(value: object) -> object:
        if value not in choices or not isinstance(value, str):
            raise _mismatch(f"one of {', '.join(map(str, choices))}", value)
        return value

    return decode_literal


def _decode_float(value: object) -> float:
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, int) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):
            return float(value)
    raise _mismatch("float", value)


def _scalar_decoder(kind: type) -> _Decoder:
    def decode_scalar(value: object) -> object:
        if type(value) is not kind:
            raise _mismatch(kind.__name__, value)
        return value

    return _decode_float if kind is float else decode_scalar


def _tuple_decoder(arguments: tuple[object, ...]) -> _Decoder:
    of_any_length = arguments[-1] is Ellipsis
    decoders = [_decoder(argument) for argument in arguments if argument is not Ellipsis]

    def decode_tuple(value: object) -> tuple[object, ...]:
        if not isinstance(value, list):
            raise _mismatch("a list", value)
        each = decoders * len(value) if of_any_length else decoders
        if len(each) != len(value):
            raise _MisfitError(f"expected {len(each)} entries, found {len(value)}")
        found: list[object] = []
        for decoder, item in zip(each, value, strict=True):
            try:
                found.append(decoder(item))
            except _MisfitError as misfit:
                raise misfit.within(f"[{len(found)}]") from None
        return tuple(found)

    return decode_tuple


def _mapping_decoder(hint: object) -> _Decoder:
    decoder = _decoder(hint)

    def decode_mapping(value: object) -> dict[str, object]:
        if not isinstance(value, dict):
            raise _mismatch("an object", value)
        if not all(isinstance(key, str) for key in value):
            raise _MisfitError("every key must be text")
        found: dict[str, object] = {}
        for key, item in value.items():
            try:
                found[key] = decoder(item)
            except _MisfitError as misfit:
                raise misfit.within(f".{key}") from None
        return found

    return decode_mapping


def _mismatch(expected: str, value: object) -> _MisfitError:
    return _MisfitError(f"expected {expected}, found {type(value).__name__} {str(value)[:60]!r}")
