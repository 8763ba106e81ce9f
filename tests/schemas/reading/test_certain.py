"""What is tested first may only be certain where the library agrees, and changes nothing that is said."""

import contextlib
import copy
import functools
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from schemas.reading import schema as schema_module
from schemas.reading.certain import CERTAIN, certainly, guarded
from schemas.reading.report import report_to_json
from schemas.reading.schema import SCHEMAS, schema_text
from schemas.records.report import Report
from tests.schemas.documents import at, document

ReportFactory = Callable[..., Report]
Said = list[tuple[str, str, str]]

CONTROL = r"[\u0000-\u001f\u007f-\u009f]"
LINE = {"type": "string", "maxLength": 3, "not": {"type": "string", "pattern": CONTROL}}
RECORD = {
    "type": "object",
    "additionalProperties": False,
    "required": ["n"],
    "properties": {"n": {"type": "integer", "minimum": 1}, "reason": LINE},
}
KEYED = {
    "type": "object",
    "additionalProperties": False,
    "maxProperties": 2,
    "patternProperties": {"^a": RECORD},
}
NOTHING = {"type": "object", "additionalProperties": False, "properties": {}}

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 5)
    | st.floats()
    | st.sampled_from([0.0, 1.0, 10**20, -math.inf])
    | st.text("aå\n\x9f ", max_size=4)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abn"), inner, max_size=3),
    max_leaves=6,
)


def bounded(kinds: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Schemas of numbers and texts with any of the keywords that are tested."""
    ends = st.integers(-2, 4) | st.sampled_from([0.5, 1.001])
    pattern = st.sampled_from(["^a", "a(?![\\s\\S])", CONTROL])
    return st.fixed_dictionaries(
        {"type": kinds | st.lists(kinds, min_size=1, max_size=2)},
        optional={
            "minimum": ends,
            "maximum": ends,
            "maxLength": st.integers(0, 4),
            "pattern": pattern,
            "not": st.fixed_dictionaries({}, optional={"type": kinds, "pattern": pattern}),
            "description": st.just("words"),
        },
    )


KINDS = st.sampled_from(["null", "boolean", "integer", "number", "string"])
PARTS = st.recursive(
    bounded(KINDS),
    lambda inner: st.fixed_dictionaries(
        {"type": st.sampled_from(["object", ["object", "null"]])},
        optional={
            "properties": st.dictionaries(st.sampled_from("abn"), inner, max_size=2),
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "b"]), inner, max_size=2),
            "additionalProperties": st.just(False) | st.just(True) | inner,
            "required": st.lists(st.sampled_from("abn"), max_size=2),
            "maxProperties": st.integers(0, 2),
        },
    ),
    max_leaves=4,
)


@given(PARTS, VALUES)
@example({"type": "integer"}, 1.0)
@example({"type": ["number", "null"], "minimum": 0}, True)
def test_what_is_certain_is_valid(schema: dict[str, Any], value: object) -> None:
    test = certainly(schema)
    if test is not None and test(value):
        assert Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize(
    ("schema", "value", "holds"),
    [
        ({"type": "null"}, None, True),
        ({"type": "null"}, 0, False),
        ({"type": "boolean"}, False, True),
        ({"type": "boolean"}, 0, False),
        ({"type": "integer", "minimum": 0}, 0, True),
        ({"type": "integer", "minimum": 0}, -1, False),
        ({"type": "integer"}, True, False),
        ({"type": "number", "maximum": 1}, 1, True),
        ({"type": "number", "maximum": 1}, 1.5, False),
        ({"type": "number", "maximum": 1}, math.nan, False),
        ({"type": ["number", "null"]}, None, True),
        ({"type": ["number", "null"]}, "1", False),
        (LINE, "", True),
        (LINE, "abc", True),
        (LINE, "abcd", False),
        (LINE, "a\n", False),
        ({"type": "string", "pattern": "^a"}, "ab", True),
        ({"type": "string", "pattern": "^a"}, "ba", False),
        ({"type": "string", "pattern": "a"}, "ba", True),
        (RECORD, {"n": 1}, True),
        (RECORD, {"n": 1, "reason": "no"}, True),
        (RECORD, {"n": 0}, False),
        (RECORD, {"reason": ""}, False),
        (RECORD, {"n": 1, "m": 1}, False),
        (RECORD, [], False),
        (KEYED, {}, True),
        ({**KEYED, "patternProperties": {"b": {"type": "null"}}}, {"ab": None}, True),
        (KEYED, {"a": {"n": 1}, "ab": {"n": 2}}, True),
        (KEYED, {"a": {"n": 1}, "b": {"n": 2}}, False),
        (KEYED, {"a": {"n": 0}}, False),
        (KEYED, {"a": {"n": 1}, "ab": {"n": 2}, "ac": {"n": 3}}, False),
    ],
)
def test_what_a_test_holds_for(schema: dict[str, Any], value: object, holds: bool) -> None:
    test = certainly(schema)
    assert test is not None
    assert test(value) is holds


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"enum": ["a"]},
        {"type": "array"},
        {"type": "integer", "multipleOf": 2},
        {"type": "string", "not": {"pattern": "a"}},
        {"type": "integer", "not": {"type": "integer", "pattern": "a"}},
        {"type": "string", "not": {"type": "string", "maxLength": 1}},
        {"type": "object"},
        {"type": "object", "additionalProperties": {"type": "null"}},
        {"type": "object", "properties": {"a": {"type": "null"}}},
        {**NOTHING, "properties": {"a": {"type": "null"}}, "patternProperties": {"a": {"type": "string"}}},
        {**NOTHING, "properties": {"a": {"type": "array"}}},
        {**NOTHING, "patternProperties": {"a": {"type": "null"}, "b": {"type": "null"}}},
    ],
)
def test_of_other_schemas_nothing_is_certain(schema: dict[str, Any]) -> None:
    assert certainly(schema) is None
    assert guarded(schema) == schema


def test_a_part_that_has_a_test_lends_it_to_what_holds_it() -> None:
    part = guarded(LINE)
    assert part[CERTAIN][1] == LINE
    assert certainly({**part, "description": "words"}) is part[CERTAIN][0]
    assert certainly({**part, "maxLength": 2}) is None


@pytest.mark.parametrize(("holds", "errors"), [(True, 0), (False, 1)])
def test_the_library_is_asked_where_a_test_does_not_hold(holds: bool, errors: int) -> None:
    validator: Any = schema_module._OURS({CERTAIN: (lambda value: holds, {"type": "null"})})
    assert len(list(validator.iter_errors(3))) == errors


@functools.cache
def validators(name: str) -> tuple[Any, Any]:
    """The validator of a published schema, and the same without tests."""
    report = Resource.from_contents(json.loads(schema_text("report")))
    registry: Registry[Any] = Registry().with_resource(report.id() or "", report)
    untested = schema_module._in_place(json.loads(schema_text(name)), dict)
    return schema_module._validator(name), schema_module._OURS(untested, registry=registry)


def said(validator: Any, value: object) -> Said:  # noqa: ANN401  (made by the library)
    return [(each.json_path, str(each.validator), each.message) for each in validator.iter_errors(value)]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for step, inner in steps for found in ((*path, step), *places(inner, (*path, step)))]


@functools.cache
def original(name: str) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
    return document(name), places(document(name))


def holding(value: Any, path: tuple[Any, ...]) -> Any:  # noqa: ANN401
    """The object or list that holds the place ``path``; None where an earlier change took it away."""
    with contextlib.suppress(LookupError, TypeError):
        holder = at(value, path[:-1])
        if isinstance(holder, (dict, list)):
            at(holder, path[-1:])
            return holder
    return None


@st.composite
def changed(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A document of a schema with up to three places changed."""
    plain, everywhere = original(name)
    found = copy.deepcopy(plain)
    for path in draw(st.lists(st.sampled_from(everywhere), min_size=1, max_size=3, unique=True)):
        holder, last = holding(found, path), path[-1]
        change = draw(st.sampled_from(["put", "move", "remove", "add"]))
        if holder is None:
            continue
        if change == "put":
            holder[last] = draw(VALUES)
        elif change == "move":
            holder[last] = copy.deepcopy(at(plain, draw(st.sampled_from(everywhere))))
        elif change == "remove":
            del holder[last]
        elif isinstance(holder[last], dict):
            holder[last][draw(st.text(max_size=3))] = draw(VALUES)
    return found


@pytest.mark.parametrize("name", SCHEMAS)
@given(data=st.data())
def test_of_a_changed_document_the_same_is_said(name: str, data: st.DataObject) -> None:
    found = data.draw(changed(name))
    ours, untested = validators(name)
    assert said(ours, found) == said(untested, found)


def test_metrics_are_tested_and_not_looked_at_one_by_one(make_report: ReportFactory) -> None:
    """Else reading a report takes twice as long; that it is no slower, no test of time can say."""
    evidence = report_to_json(make_report())["evidence"]
    placed = schema_module._in_place(json.loads(schema_text("report")), guarded)
    parts = placed["properties"]["evidence"]["properties"]
    assert isinstance(evidence, dict)
    assert parts["model"][CERTAIN][0](evidence["model"])
    for name, controls in parts["controls"]["properties"].items():
        assert controls[CERTAIN][0](evidence["controls"][name])
    for gains in ("gains", "oracle_gains"):
        assert parts[gains][CERTAIN][0](evidence[gains])
