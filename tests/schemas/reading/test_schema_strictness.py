"""Every document is held to its schema at every place: nothing more, nothing less, nothing else."""

import copy
import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.reading.schema import SCHEMAS, violation
from schemas.records.history import SplitGates
from schemas.records.rules import LATER
from tests.schemas.documents import at, document, edited

# Keys that may be left out: of a policy all with a default, of mappings from names all of them.
_OPEN = {
    "policy": {"confidence", "required_gates", "champion", "waiver", "data", "val", "ood", "train", "bank"}
    | {
        "context",
        "horizon",
        "bin_edges",
        "max_samples",
        "max_per_article",
        "seed",
        "min",
        "max",
        "above",
        "required",
    }
    | {"severity", "decide", "max_regression", "min_gain", "max_gain"},
    "report": {"numpy", "offset_sweep.cos", "retrieval.article.median_rank", "bins_delta.delta"},
    "audit": {"val"},
    "dataset": {"vectors.npy", "embedded_by"},
    # Histories of before these were measured still read.
    "history": {each.name for each in dataclasses.fields(SplitGates) if each.metadata == LATER},
}

# Splits of an audit have any name.
_ANY_KEY = {("frontier",), ("leaks", "splits"), ("leaked",), ("power",)}


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:  # noqa: ANN401
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield (*path, step)
        yield from places(inner, (*path, step))


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_example_follows_its_schema(name: str) -> None:
    assert violation(name, document(name)) is None


@pytest.mark.parametrize("name", SCHEMAS)
def test_no_key_may_be_missing_and_none_may_be_added(name: str) -> None:
    plain = document(name)
    for path in places(plain):
        if not isinstance(path[-1], str):
            continue
        found = copy.deepcopy(plain)
        del at(found, path[:-1])[path[-1]]
        split = (
            name == "report" and path[-1] in ("val", "ood", "val-ood") and path[0] in ("evidence", "inputs")
        )
        if path[-1] not in _OPEN.get(name, ()) and not split:
            assert violation(name, found) is not None, path
        at(found, path[:-1])["No such key"] = at(plain, path)
        assert violation(name, found) is not None or path[:-1] in _ANY_KEY, path


@pytest.mark.parametrize("name", SCHEMAS)
def test_no_place_holds_another_type(name: str) -> None:
    plain = document(name)
    for path in places(plain):
        held = at(plain, path)
        others: tuple[object, ...] = ({"a": 1}, [[]], True, "\n")
        for other in others:
            an_id = (
                name == "audit"
                and ({"first", "second", "article"} & {path[-1]} or "articles" in path[:-1])
                and isinstance(other, str)
            )
            if type(other) is not type(held) and not an_id:
                assert violation(name, edited(plain, path, other)) is not None, (path, other)
