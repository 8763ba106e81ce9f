"""The published JSON Schemas, and one clear line about what breaks them."""

import functools
import importlib.resources
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend
from referencing import Registry, Resource

from schemas.errors import UsageError
from schemas.names import nearest
from schemas.reading.certain import CERTAIN, Schema, Test, guarded

MAJOR_VERSIONS: Mapping[str, int] = MappingProxyType(
    {"audit": 1, "dataset": 1, "decision": 1, "history": 1, "policy": 1, "production": 1, "report": 2}
)
"""The published schemas: name -> major version, which is also in the name of the file."""

SCHEMAS: tuple[str, ...] = tuple(MAJOR_VERSIONS)
"""Names of the published schemas."""

_MOST_TEXT = 160
_MOST_ERRORS = 50
"""The most relevant of so many is told; a file may have a hundred thousand."""


def schema_text(name: str) -> str:
    """The text of a published schema, as ``gatekeeper schema NAME`` prints it.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in SCHEMAS:
        raise UsageError(f"unknown schema {name!r}; known schemas: {', '.join(SCHEMAS)}")
    file = importlib.resources.files("schemas") / f"{name}.v{MAJOR_VERSIONS[name]}.json"
    return file.read_text(encoding="utf-8")


def violation(name: str, value: object) -> str | None:
    """The most relevant way in which ``value`` breaks the schema, or None if it follows it.

    Returns:
        One line that begins with the place, e.g. ``$.check[0].min: expected number, found ...``.
    """
    errors: Iterable[ValidationError] = _validator(name).iter_errors(value)
    worst = best_match(_some(errors))
    return None if worst is None else f"{_one_line(worst.json_path)}: {_explain(worst)}"


def _some(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """The first errors; none after one that says there are too many entries to look at."""
    for error in itertools.islice(errors, _MOST_ERRORS):
        yield error
        if error.validator in ("maxItems", "maxProperties"):
            return


@functools.cache
def _validator(name: str) -> Draft202012Validator:
    # A decision holds the judgement of a report; other references stay within their schema.
    report = Resource.from_contents(json.loads(schema_text("report")))
    registry: Registry[Any] = report @ Registry()
    schema = json.loads(schema_text(name))
    validator: Draft202012Validator = _OURS(_in_place(schema, guarded), registry=registry)
    return validator


def _in_place(schema: Schema, made: Callable[[Schema], Schema]) -> Schema:
    """The schema with its definitions where they are used: to follow a reference costs as much as to check.

    A reference stays where a keyword beside it is in its definition too: there, both hold.

    Args:
        schema: a published one.
        made: what becomes of each definition.
    """

    @functools.cache
    def defined(reference: str) -> dict[str, Any]:
        return dict(made(placed(schema["$defs"][reference.removeprefix("#/$defs/")])))

    def within(node: object) -> object:
        if isinstance(node, list):
            return [within(each) for each in node]
        return placed(node) if isinstance(node, dict) else node

    def placed(node: Schema) -> dict[str, Any]:
        found = {key: within(value) for key, value in node.items()}
        reference = str(found.get("$ref", ""))
        if not reference.startswith("#") or (defined(reference).keys() & found.keys()) - {"description"}:
            return found
        return defined(reference) | {key: value for key, value in found.items() if key != "$ref"}

    return placed(schema)


def _unique(validator: object, wanted: bool, instance: object, schema: object) -> Iterator[ValidationError]:
    """``uniqueItems`` in one pass; the library compares every pair where items cannot be sorted."""
    if wanted and isinstance(instance, list):
        seen = {json.dumps(item, sort_keys=True) for item in instance}
        if len(seen) < len(instance):
            yield ValidationError(f"{_short(instance)} has non-unique elements")


def _unless_certain(
    validator: Draft202012Validator, tested: tuple[Test, Schema], instance: object, schema: object
) -> Iterator[ValidationError]:
    """What breaks a part of a schema, looked for where its test does not hold."""
    test, part = tested
    if not test(instance):
        yield from validator.descend(instance, part)


_OURS = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {"uniqueItems": _unique, CERTAIN: _unless_certain}
)


def _explain(error: ValidationError) -> str:
    keyword, wanted, found = str(error.validator), error.validator_value, error.instance
    if keyword == "additionalProperties" and isinstance(found, dict) and isinstance(error.schema, Mapping):
        return _unknown_key(found, error.schema)
    if keyword == "type":
        kinds = " or ".join(wanted) if isinstance(wanted, list) else str(wanted)
        return f"expected {kinds}, found {_short(found)}"
    if keyword == "enum" and isinstance(wanted, list):
        near = _nearest(found, [item for item in wanted if isinstance(item, str)])
        return f"expected one of {_short(wanted)}, found {_short(found)}{near}"
    if keyword == "maxLength" and isinstance(found, str):
        return f"expected at most {wanted} characters, found {len(found)}"
    if keyword == "not":
        return f"control characters are not allowed, found {_short(found)}"
    if keyword == "maxItems" and isinstance(found, list):
        return f"expected at most {wanted} items, found {len(found)}"
    if keyword == "maxProperties" and isinstance(found, dict):
        return f"expected at most {wanted} keys, found {len(found)}"
    return _one_line(error.message)


def _unknown_key(found: dict[str, Any], schema: Mapping[str, Any]) -> str:
    known, patterns = list(schema.get("properties", {})), schema.get("patternProperties", {})
    unknown = next(
        key for key in found if key not in known and not any(re.search(one, key) for one in patterns)
    )
    return f"unknown key {_short(unknown)}{_nearest(unknown, known)}"


def _nearest(found: object, known: list[str]) -> str:
    near = nearest(str(found)[:_MOST_TEXT], known, alike=0.0)
    return "" if near is None else f"; the nearest known one is {near!r}"


def _short(value: object) -> str:
    return _one_line(json.dumps(value, ensure_ascii=True, default=str))


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST_TEXT else f"{line[:_MOST_TEXT]}..."
