"""Plain tests for what certainly follows a schema, because most of a report is the same few numbers again.

A report holds two thousand metrics of eight fields, and a library that knows every schema asks a dozen
questions about each field. Here a part of a schema becomes one function that asks only those. It may err
to one side alone: where it holds, the value follows the schema. It refuses nothing: whatever it does not
hold for, and every keyword that it does not know, is a matter of the library.
"""

import math
import re
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any

Schema = Mapping[str, Any]
Test = Callable[[Any], bool]

CERTAIN = "certain"
"""The keyword of a part that is tested first: the test, and the part."""

_KNOWN = frozenset(
    {"description", "type", "minimum", "maximum", "maxLength", "pattern", "not"}
    | {"required", "properties", "patternProperties", "additionalProperties", "maxProperties"}
)

_NO_TEXT: Schema = {"type": "string", "pattern": "(?!)"}
"""The form in which texts are refused: those with a pattern; this one is in none."""


def guarded(schema: Schema) -> Schema:
    """The schema behind its test; as it is, where there can be none."""
    test = certainly(schema)
    return schema if test is None else {CERTAIN: (test, schema)}


def certainly(schema: Schema) -> Test | None:
    """A function that holds for no value that breaks ``schema``; None where that cannot be said of all of it.

    Example:
        >>> share = certainly({"type": ["number", "null"], "minimum": 0, "maximum": 1})
        >>> [share(value) for value in (0.5, 1, None, 2, True, "1")]
        [True, True, True, False, False, False]
        >>> certainly({"type": "array", "uniqueItems": True}) is None
        True
    """
    if CERTAIN in schema and schema.keys() <= {CERTAIN, "description"}:
        test: Test = schema[CERTAIN][0]
        return test
    refused = schema.get("not", _NO_TEXT)
    of_text = refused.keys() == _NO_TEXT.keys() and refused["type"] == "string"
    if not schema.keys() <= _KNOWN or "type" not in schema or not of_text:
        return None
    kinds = schema["type"]
    tests: dict[type, Test] = {}
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        types, made = _KINDS.get(kind, ((), _beyond))
        test_of_kind = made(schema)
        if test_of_kind is None:
            return None
        tests |= dict.fromkeys(types, test_of_kind)

    def holds(value: Any) -> bool:  # noqa: ANN401  (anything that JSON can say)
        test = tests.get(type(value))
        return test is not None and test(value)

    return holds


def _number(schema: Schema) -> Test:
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    return lambda value: low <= value <= high


def _text(schema: Schema) -> Test:
    most, wanted = schema.get("maxLength", math.inf), re.compile(schema.get("pattern", ""))
    unwanted = re.compile(schema.get("not", _NO_TEXT)["pattern"])
    return lambda text: (
        len(text) <= most and wanted.search(text) is not None and unwanted.search(text) is None
    )


def _object(schema: Schema) -> Test | None:
    """Objects with given keys, or with keys of one pattern."""
    patterns, names = schema.get("patternProperties", {}), schema.get("properties", {})
    if schema.get("additionalProperties") is not False or len(patterns) + bool(names) != 1:
        return None
    tests = {key: certainly(inner) for key, inner in (names or patterns).items()}
    known = {key: test for key, test in tests.items() if test is not None}
    if len(known) < len(tests):
        return None
    required, most = frozenset(schema.get("required", ())), schema.get("maxProperties", math.inf)

    def named(value: dict[str, Any]) -> bool:
        return all(key in known and known[key](item) for key, item in value.items())

    def patterned(value: dict[str, Any]) -> bool:
        ((pattern, test),) = known.items()
        return all(re.search(pattern, key) and test(item) for key, item in value.items())

    inner = named if names else patterned
    return lambda value: len(value) <= most and required <= value.keys() and inner(value)


def _always(_: Schema) -> Test:
    return lambda value: True


def _beyond(_: Schema) -> None:
    return None


_KINDS: Mapping[str, tuple[tuple[type, ...], Callable[[Schema], Test | None]]] = {
    "null": ((NoneType,), _always),
    "boolean": ((bool,), _always),
    "integer": ((int,), _number),
    "number": ((int, float), _number),
    "string": ((str,), _text),
    "object": ((dict,), _object),
}
