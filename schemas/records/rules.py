r"""What a field must be beyond its type, said where the field is declared.

A field of a record is written once: its name and type, one line under ``Attributes`` that says what it
is, and here what no type can say, in the words of JSON Schema. ``python -m scripts.schemas`` makes the
published schemas from that; whoever adds a field adds these two lines and runs it.

    >>> from typing import Annotated
    >>> Share = Annotated[float, rule(minimum=0, maximum=1)]

Patterns end in ``(?![\s\S])``, because ``$`` would let a line break through.
"""

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, get_type_hints

from schemas.records.splits import CHECKED, PAIR

END = r"(?![\s\S])"
"""The end of a text in a pattern."""


@dataclass(frozen=True, eq=False)
class Rule:
    """Keywords of JSON Schema that hold besides the type.

    Attributes:
        keywords: name -> value.
        name: what the whole is called under ``$defs``; "" where it stands in place.
    """

    keywords: Mapping[str, object]
    name: str = ""


def rule(name: str = "", /, **keywords: object) -> Rule:
    """A rule from its keywords; those that are words of Python too are given as ``**{"not": ...}``."""
    return Rule(keywords, name)


@dataclass(frozen=True, eq=False)
class Names:
    """All keys that a mapping may have.

    Attributes:
        meanings: key -> what it is, for people.
        kinds: key -> type of its value, where that is not the same for all.
        required: whether each must be there.
    """

    meanings: Mapping[str, str]
    kinds: Mapping[str, object] = field(default_factory=dict)
    required: bool = True


@dataclass(frozen=True, eq=False)
class InFile:
    """The key of a field in a file that people write, where it is not the field's own name."""

    key: str


@functools.cache
def file_keys(kind: type) -> dict[str, str]:
    """Field of a record -> its key in a file that people write."""
    hints = get_type_hints(kind, include_extras=True)
    return {name: _in_file(name, getattr(hint, "__metadata__", ())) for name, hint in hints.items()}


def _in_file(name: str, metadata: tuple[object, ...]) -> str:
    return next((each.key for each in metadata if isinstance(each, InFile)), name)


LATER: Mapping[str, bool] = MappingProxyType({"later": True})
"""Metadata of a field that a later minor version brought: where a document lacks it, its default holds."""


SPARSE: Mapping[str, bool] = MappingProxyType({**LATER, "sparse": True})
"""Metadata of a later field that stands in a document only where it differs from its default, so that the
digest of a document that says nothing by it is what it always was."""


def is_later(each: "dataclasses.Field[Any]") -> bool:
    """Whether older documents of the same major version lack a field."""
    return bool(each.metadata.get("later"))


def is_sparse(each: "dataclasses.Field[Any]") -> bool:
    """Whether a document lacks a field that holds its default."""
    return bool(each.metadata.get("sparse"))


def version_rule(version: str) -> Rule:
    """Versions that a reader of ``version`` reads: of the same major one."""
    return rule(pattern=rf"^{version.partition('.')[0]}\.[0-9]{{1,3}}{END}")


Line = Annotated[
    str,
    rule(
        "line",
        maxLength=2000,
        description="Text on a single line: no control characters.",
        **{"not": {"type": "string", "pattern": r"[\u0000-\u001f\u007f-\u009f]"}},
    ),
]
"""Text on one line, as terminals, pages and CI systems show it."""

Sha256 = Annotated[
    str,
    rule(
        "sha256", pattern=f"^[0-9a-f]{{64}}{END}", description="SHA-256 as 64 lower-case hexadecimal digits."
    ),
]

Moment = Annotated[
    str,
    rule(
        pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
        rf"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{{1,6}})?Z{END}"
    ),
]
"""UTC, ISO 8601 with a trailing Z."""

Count = Annotated[int, rule(minimum=0)]
Positive = Annotated[int, rule(minimum=1)]

Lines = Annotated[tuple[Line, ...], rule(maxItems=10_000)]

SplitName = Annotated[str, rule(pattern=f"^[a-z][a-z0-9_]{{0,39}}{END}")]
"""A split, as a key; an evaluation may be of others than those of a data set."""

CheckedSplit = Annotated[str, rule(enum=[*CHECKED, PAIR])]
"""Where a policy may check."""
