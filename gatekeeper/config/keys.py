"""What a key of a configuration may hold, and how a section's keys are declared.

A section is a dataclass whose fields are made by :func:`key`. The flags of the commands, the checks of files
and flags, and the table in the documentation are all made from them.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from gatekeeper.config.articles import ArticleList, list_articles, parse_articles
from gatekeeper.config.bundled import Bundled, parse_bundled
from gatekeeper.config.given import abridged
from schemas.addresses import refuse_address
from schemas.errors import UsageError
from schemas.names import refuse_unknown

SplitSpec = Path | ArticleList
"""A sequence file, or the articles of a split."""

_MOST = 10**9


class Unfit(Exception):  # noqa: N818  (never leaves this module)
    """A value does not fit its key; the message says what was expected, where that is not all of its kind."""


@dataclass(frozen=True)
class Kind:
    """What a key may hold.

    Attributes:
        expected: it, in words.
        read: (value, folder that relative paths start at) -> checked value, or :class:`Unfit`.
    """

    expected: str
    read: Callable[[object, Path], object]


def key(default: Any, kind: Kind, text: str, **more: str) -> Any:  # noqa: ANN401  (a field of any type)
    """Declare a key.

    Args:
        default: its value where nobody names one.
        kind: what it may hold.
        text: its line in ``--help``.
        more: ``otherwise``, what the help says of a default of None; ``training``, its line in the help of a
            command whose model is yet to be trained; ``listed``, a kind of names that the shell completes;
            ``prefix``, what is written before such a name; ``metavar``, what the help calls its value.
    """
    return dataclasses.field(default=default, metadata={"help": text, "kind": kind, **more})


def key_names(section: type) -> tuple[str, ...]:
    """The keys of a section."""
    return tuple(each.name for each in dataclasses.fields(section))


def convert(section: type, table: Mapping[str, object], folder: Path, where: str) -> dict[str, Any]:
    """The values of a section, checked.

    Args:
        section: whose keys they are.
        table: key -> value as a file holds it.
        folder: where relative paths start.
        where: what messages begin with; ``--`` for flags.

    Raises:
        UsageError: a key is unknown, or a value is none of its kind.
    """
    kinds: dict[str, Kind] = {each.name: each.metadata["kind"] for each in dataclasses.fields(section)}
    refuse_unknown(table, tuple(kinds), where)
    converted: dict[str, Any] = {}
    for name, value in table.items():
        label = where + (name.replace("_", "-") if where == "--" else name)
        try:
            converted[name] = kinds[name].read(value, folder)
        except Unfit as unfit:
            expected = str(unfit) or kinds[name].expected
            raise UsageError(f"{label}: expected {expected}, found {abridged(value)}") from None
        except UsageError as error:
            raise UsageError(f"{label}: {error}") from None
    return converted


def _path(value: object, folder: Path) -> Path:
    if not isinstance(value, (str, Path)) or not str(value) or "\0" in str(value):
        raise Unfit
    refuse_address(str(value))
    try:
        return folder / Path(value).expanduser()
    except RuntimeError:
        raise Unfit("a path whose ~ names a known user") from None


def _written(value: object, folder: Path) -> Path:
    refuse_address(str(value), output=True)
    return _path(value, folder)


def _bank(value: object, folder: Path) -> Path | Bundled:
    named = parse_bundled(str(value)) if isinstance(value, (str, Path)) else None
    return _path(value, folder) if named is None else named


def _policy(value: object, folder: Path) -> str:
    refuse_address(str(value))
    return str(_path(value, folder)) if str(value).endswith(".toml") else _text(value, folder)


def _split(value: object, folder: Path) -> SplitSpec:
    if isinstance(value, (str, Path)):
        text = str(value)
        return _path(value, folder) if text.endswith(".npz") else parse_articles(text)
    if isinstance(value, (list, tuple)) and value and all(_is_id(item) for item in value):
        return list_articles(value)
    raise Unfit


def _is_id(value: object) -> bool:
    return type(value) is int or (isinstance(value, str) and bool(value))


def _text(value: object, folder: Path) -> str:
    if not isinstance(value, str) or not value:
        raise Unfit
    return value


def _number(value: object, folder: Path) -> float:
    if type(value) not in (int, float) or abs(cast(float, value)) >= 2**63:
        raise Unfit("a number")
    return float(cast(float, value))


def _edges(value: object, folder: Path) -> tuple[float, float]:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise Unfit
    low, high = (_number(item, folder) for item in value)
    return low, high


def whole(least: int, most: int | None = None) -> Kind:
    """Whole numbers from ``least`` to ``most``."""

    def read(value: object, folder: Path) -> int:
        if type(value) is not int or value < least:
            raise Unfit
        if most is not None and value > most:
            raise Unfit(f"a whole number of at most {most}")
        return value

    return Kind(f"a whole number of at least {least}", read)


def one_of(choices: tuple[str, ...]) -> Kind:
    """One of some words."""

    def read(value: object, folder: Path) -> str:
        if not isinstance(value, str) or value not in choices:
            raise Unfit
        return value

    return Kind(f"one of {', '.join(choices)}", read)


WRITTEN = Kind("a path", _written)
BANK = Kind("a path, or bundled:NAME", _bank)
POLICY = Kind("a name, or a path that ends in .toml", _policy)
SPLIT = Kind("article ranges, a list of articles, or a sequence file that ends in .npz", _split)
NAME = Kind("a name", _text)
COUNT = whole(1, _MOST)
NUMBER = Kind("a number", _number)
EDGES = Kind("two ascending numbers", _edges)
