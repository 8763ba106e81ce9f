import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import PolicyError, ReportError
from schemas.reading.codec import decode, encode
from schemas.records.evidence import Metric
from schemas.records.inputs import Settings
from schemas.records.report import Report
from schemas.records.rules import LATER, SPARSE


@dataclass(frozen=True)
class Leaf:
    number: float
    kind: Literal["a", "b"]


@dataclass(frozen=True)
class Tree:
    name: str
    count: int
    sure: bool
    note: str | None
    pair: tuple[float, float]
    leaves: tuple[Leaf, ...]
    nested: Mapping[str, Mapping[str, Leaf]]


FINITE = st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.builds(Leaf, FINITE, st.sampled_from(["a", "b"]))
TREES = st.builds(
    Tree,
    st.text(),
    st.integers(),
    st.booleans(),
    st.none() | st.text(),
    st.tuples(FINITE, FINITE),
    st.lists(LEAVES, max_size=3).map(tuple),
    st.dictionaries(st.text(), st.dictionaries(st.text(), LEAVES, max_size=2), max_size=2),
)
TREE = Tree("t", 1, True, None, (0.5, 1.5), (Leaf(2.0, "a"),), {"x": {"y": Leaf(3.0, "b")}})


@given(TREES)
def test_decode_is_the_inverse_of_encode(tree: Tree) -> None:
    assert decode(Tree, encode(tree)) == tree


def test_encode_gives_plain_values_in_field_order() -> None:
    assert encode(TREE) == {
        "name": "t",
        "count": 1,
        "sure": True,
        "note": None,
        "pair": [0.5, 1.5],
        "leaves": [{"number": 2.0, "kind": "a"}],
        "nested": {"x": {"y": {"number": 3.0, "kind": "b"}}},
    }


def test_any_mapping_is_an_object() -> None:
    assert encode(MappingProxyType({"a": MappingProxyType({"b": ()})})) == {"a": {"b": []}}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_encode_names_the_place_of_an_undefined_number(value: float) -> None:
    with pytest.raises(ReportError, match=r"report\.nested\.x\.y\.number: expected a finite number"):
        encode(replace(TREE, nested={"x": {"y": Leaf(value, "a")}}))


@pytest.mark.parametrize(
    ("value", "message"), [({1, 2}, "set has no JSON form"), ({1: 2}, "key 1 is not text")]
)
def test_encode_refuses_what_has_no_json_form(value: object, message: str) -> None:
    with pytest.raises(ReportError, match=message):
        encode(value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": 1}, r"report\.name: expected str, found int '1'"),
        ({"count": 1.0}, r"report\.count: expected int, found float"),
        ({"count": True}, r"report\.count: expected int, found bool"),
        ({"sure": 1}, r"report\.sure: expected bool, found int"),
        ({"note": 1}, r"report\.note: expected str, found int"),
        ({"pair": [1.0]}, r"report\.pair: expected 2 entries, found 1"),
        ({"pair": [1.0, 2.0, 3.0]}, r"report\.pair: expected 2 entries, found 3"),
        ({"pair": {"0": 1}}, r"report\.pair: expected a list, found dict"),
        ({"pair": [1.0, False]}, r"report\.pair\[1\]: expected float, found bool"),
        ({"pair": [1.0, math.nan]}, r"report\.pair\[1\]: expected float"),
        ({"pair": [1.0, 10**400]}, r"report\.pair\[1\]: expected float"),
        ({"leaves": [{"number": 1.0}]}, r"report\.leaves\[0\]: missing or unknown key 'kind'"),
        ({"leaves": [{"number": 1.0, "kind": "c"}]}, r"kind: expected one of a, b, found str 'c'"),
        ({"leaves": [{"number": 1.0, "kind": ["a"]}]}, r"kind: expected one of a, b, found list"),
        ({"leaves": ["x"]}, r"report\.leaves\[0\]: expected an object, found str"),
        ({"nested": []}, r"report\.nested: expected an object, found list"),
        ({"nested": {"x": {1: 2}}}, r"report\.nested\.x: every key must be text"),
        ({"extra": 1}, "report: missing or unknown key 'extra'"),
    ],
)
def test_decode_names_the_place_of_a_mismatch(change: dict[str, Any], message: str) -> None:
    plain = encode(TREE)
    assert isinstance(plain, dict)
    with pytest.raises(ReportError, match=message):
        decode(Tree, {**plain, **change})


def test_an_int_may_stand_for_a_float() -> None:
    leaf = decode(Leaf, {"number": 3, "kind": "a"})
    assert leaf == Leaf(3.0, "a")
    assert type(leaf.number) is float


def test_a_float_of_another_kind_becomes_a_plain_one() -> None:
    class Float(float):
        pass

    assert type(decode(Leaf, {"number": Float(0.5), "kind": "a"}).number) is float


def test_decode_raises_the_class_it_is_told() -> None:
    with pytest.raises(PolicyError, match="policy: expected an object"):
        decode(Leaf, 1, where="policy", error=PolicyError)


@pytest.mark.parametrize("kind", [Metric, Settings, Report])
def test_the_record_types_are_understood(kind: type) -> None:
    with pytest.raises(ReportError, match="missing or unknown key"):
        decode(kind, {})


@dataclass(frozen=True)
class Grown:
    name: str
    size: float | None = field(default=None, metadata=LATER)
    kind: str = "plain"


def test_only_a_field_that_came_later_may_be_absent() -> None:
    assert decode(Grown, {"name": "a", "kind": "b"}) == Grown("a", None, "b")
    assert decode(Grown, {"name": "a", "size": 2, "kind": "b"}) == Grown("a", 2.0, "b")
    for value in ({"name": "a"}, {"kind": "b"}, {"name": "a", "kind": "b", "sizes": 1}):
        with pytest.raises(ReportError, match=r"missing or unknown key '(kind|name|sizes)'"):
            decode(Grown, value)


@dataclass(frozen=True)
class Sparse:
    name: str
    later: int | None = field(default=None, metadata=LATER)
    sparse: Leaf | None = field(default=None, metadata=SPARSE)


@pytest.mark.parametrize("sparse", [None, Leaf(0.5, "a")])
def test_a_sparse_field_stands_in_a_document_only_where_it_says_something(sparse: Leaf | None) -> None:
    record = Sparse("a", sparse=sparse)
    document = encode(record)
    told = {} if sparse is None else {"sparse": {"number": 0.5, "kind": "a"}}
    assert document == {"name": "a", "later": None, **told}
    assert decode(Sparse, document) == record
