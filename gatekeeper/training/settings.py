"""A recipe's settings from flags and from ``[train.NAME]``; both are described by its dataclass."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any

from schemas.errors import UsageError
from schemas.names import did_you_mean, refuse_unknown
from trainers.contracts import Trainer


def build_settings(
    recipe: Trainer, table: Mapping[str, object], flags: Mapping[str, object], *, where: str
) -> Any:  # noqa: ANN401  (the recipe's own dataclass)
    """The settings: a flag wins over the file, the file over the default.

    Args:
        recipe: whose.
        table: plain values of a file.
        flags: given on the command line.
        where: what messages about the table begin with.

    Raises:
        UsageError: an unknown key or a value of another type or range.
    """
    hints = typing.get_type_hints(recipe.settings)
    known = [setting.name for setting in dataclasses.fields(recipe.settings)]
    refuse_unknown(table, known, where)
    values = {key: _fitted(hints[key], value, f"{where}{key}") for key, value in table.items()}
    return recipe.settings(**{**values, **flags})


def without_none(hint: Any) -> Any:  # noqa: ANN401
    """``int`` of ``int | None``; a union of several kinds stays one."""
    kinds = [kind for kind in typing.get_args(hint) if kind is not type(None)]
    return kinds[0] if isinstance(hint, types.UnionType) and len(kinds) == 1 else hint


def _fitted(hint: Any, value: object, where: str) -> object:  # noqa: ANN401
    """A plain value as the field's type holds it."""
    if value is None and isinstance(hint, types.UnionType):
        return None
    kind, arguments = without_none(hint), typing.get_args(without_none(hint))
    if typing.get_origin(kind) is typing.Literal:
        if value in arguments:
            return value
        hint = did_you_mean(value, arguments) if isinstance(value, str) else ""
        expected = f"expected one of {', '.join(arguments)}"
        raise UsageError(f"{where}: {expected}, found {value!r}{hint and '; ' + hint}")
    if typing.get_origin(kind) is tuple:
        fixed = None if arguments[-1] is Ellipsis else len(arguments)
        if isinstance(value, (list, tuple)) and fixed in (None, len(value)):
            return tuple(_fitted(arguments[0], item, where) for item in value)
        many = "" if fixed is None else f"{fixed} "
        raise UsageError(f"{where}: expected a list of {many}numbers, found {value!r}")
    if kind is float and type(value) is int and abs(value) < 2**63:
        return float(value)
    if type(value) is not kind:
        names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
        raise UsageError(f"{where}: expected {names[kind]}, found {value!r}")
    return value
