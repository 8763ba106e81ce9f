"""The schema of histories says all that their records say."""

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import click.testing

from gatekeeper.cli.app import cli
from schemas.reading.schema import schema_text
from schemas.records.history import SPLIT_FIGURES, Epoch, History, MiniGates, SplitGates, Steps, Warned
from schemas.records.metrics import METRICS
from tests.schemas.histories import LATER_FIGURES


def test_the_figures_of_a_split_are_metrics_each() -> None:
    assert list(SPLIT_FIGURES) == [field.name for field in dataclasses.fields(SplitGates)]
    assert set(SPLIT_FIGURES.values()) <= set(METRICS)


def objects(schema: object, place: str = "$") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every part of the schema that lists properties."""
    if isinstance(schema, dict):
        if "properties" in schema and isinstance(schema["properties"], dict):
            yield place, schema
        for key, value in schema.items():
            yield from objects(value, f"{place}.{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from objects(value, f"{place}[{index}]")


def test_the_schema_describes_requires_and_closes_everything() -> None:
    schema = json.loads(schema_text("history"))
    parts = dict(objects(schema))
    # history, split, mini and its splits, steps and its figures, epoch, warned
    assert len(parts) == 8
    for place, part in parts.items():
        optional = LATER_FIGURES if place.endswith("split_gates") else ()
        names = [name for name in part["properties"] if name not in optional]
        # either val or select stands beside ood
        names = ["ood"] if set(names) == {"select", "val", "ood"} else names
        assert part["required"] == names, place
        assert part["additionalProperties"] is False, place
        assert part["description"], place
        for name, field in part["properties"].items():
            assert field["description"].endswith("."), f"{place}.{name}"


def test_the_schema_names_the_fields_of_the_records() -> None:
    schema = json.loads(schema_text("history"))
    definitions = schema["$defs"]
    parts: dict[type, Any] = {
        History: schema,
        Epoch: definitions["epoch"],
        Steps: definitions["steps"],
        MiniGates: definitions["epoch"]["properties"]["mini"],
        SplitGates: definitions["split_gates"],
        Warned: definitions["warned"],
    }
    for record, part in parts.items():
        assert list(part["properties"]) == [field.name for field in dataclasses.fields(record)], record
    assert schema["$id"].endswith("/history/v1.json")
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_command_prints_the_schema() -> None:
    result = click.testing.CliRunner().invoke(cli, ["schema", "history"])
    assert result.exit_code == 0
    assert result.stdout == schema_text("history")
    assert json.loads(result.stdout)["title"] == "gatekeeper training history, version 1"
