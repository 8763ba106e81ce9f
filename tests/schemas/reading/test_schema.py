"""The published schemas: sound themselves, closed, and in step with the records."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from schemas.errors import UsageError
from schemas.reading import schema as schema_module
from schemas.reading.report import SCHEMAS, schema_text
from schemas.records.answers import Answers
from schemas.records.evidence import CONTROLS, RIVALS, TRIVIAL, Evidence, Metric
from schemas.records.inputs import BankInput, Environment, Inputs, Settings, SplitInput
from schemas.records.judgement import Check, Diagnosis, GateResult, Judgement, Outcome, Status, Verdict
from schemas.records.metrics import GATES, METRICS
from schemas.records.model import ModelInput, OwnCode, TrainedBy
from schemas.records.policy import BACKWARD_BIAS, CHAMPION, ChampionRule, DataPin, Policy, PolicyCheck, Waiver
from schemas.records.report import CHECKSUM, Report, ScoresFile
from schemas.records.rules import is_later

REPORT: dict[str, Any] = json.loads(schema_text("report"))
POLICY: dict[str, Any] = json.loads(schema_text("policy"))
DEFS = REPORT["$defs"]
CHECKED = DEFS["check"]["properties"]
GATED = DEFS["gate_result"]["properties"]
METRIC_ROWS = next(iter(DEFS["metrics"]["patternProperties"].values()))
RANGES = ("cosine", "difference", "gap", "share", "rank", "place")


def nodes(schema: object) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from nodes(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from nodes(value)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_valid_versioned_and_closed(name: str) -> None:
    schema = json.loads(schema_text(name))
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"].endswith(f"/{name}/v{2 if name == 'report' else 1}.json")
    for node in nodes(schema):
        kind = node.get("type")
        if kind == "object" or (isinstance(kind, list) and "object" in kind):
            assert "additionalProperties" in node
            if "properties" in node:
                assert node["additionalProperties"] is False
        if "properties" in node and "additionalProperties" in node:
            for key, value in node["properties"].items():
                assert value.get("description"), f"{key} is not described"


@pytest.mark.parametrize(
    ("record", "schema"),
    [
        (Inputs, DEFS["inputs"]),
        (ModelInput, DEFS["model_input"]),
        (TrainedBy, DEFS["model_input"]["properties"]["training"]),
        (OwnCode, DEFS["model_input"]["properties"]["code"]),
        (BankInput, DEFS["bank_input"]),
        (SplitInput, DEFS["split_input"]),
        (Settings, DEFS["settings"]),
        (Environment, DEFS["environment"]),
        (Policy, DEFS["policy"]),
        (PolicyCheck, DEFS["policy_check"]),
        (ChampionRule, DEFS["champion_rule"]),
        (Waiver, DEFS["waiver"]),
        (DataPin, DEFS["policy"]["properties"]["data"]),
        (Evidence, DEFS["evidence"]),
        (Answers, DEFS["answers"]),
        (Judgement, DEFS["judgement"]),
        (Check, DEFS["check"]),
        (GateResult, DEFS["gate_result"]),
        (Verdict, DEFS["verdict"]),
        (Diagnosis, DEFS["diagnosis"]),
        (ScoresFile, REPORT["properties"]["scores"]),
        *((Metric, DEFS[name]) for name in RANGES),
    ],
)
def test_every_field_of_a_record_is_required_by_its_schema(record: type, schema: dict[str, Any]) -> None:
    names = [field.name for field in fields(record)]
    assert list(schema["properties"]) == names
    assert schema["required"] == [field.name for field in fields(record) if not is_later(field)]


def test_a_report_file_holds_the_record_and_the_digest_of_its_content() -> None:
    names = [*(field.name for field in fields(Report)), CHECKSUM]
    assert list(REPORT["properties"]) == REPORT["required"] == names


def test_metric_names_are_exactly_the_known_ones_each_with_its_range() -> None:
    assert METRIC_ROWS["additionalProperties"] is False
    assert "required" not in METRIC_ROWS
    assert METRIC_ROWS["properties"] == {
        name: {
            "$ref": f"#/$defs/{info.range.name}",
            "description": f"{info.meaning[0].upper()}{info.meaning[1:]}.",
        }
        for name, info in METRICS.items()
    }


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("cosine", -1.001, 1.001),
        ("difference", -2.002, 2.002),
        ("gap", 0, 2.002),
        ("share", 0, 1),
        ("rank", 1, None),
        ("place", -3, 3),
    ],
)
def test_the_values_of_a_range(name: str, least: float, most: float | None) -> None:
    value = DEFS[name]["properties"]["value"]
    assert (value["type"], value["minimum"], value.get("maximum")) == (["number", "null"], least, most)


def test_controls_gates_and_statuses_are_those_of_the_records() -> None:
    controls = DEFS["evidence"]["properties"]["controls"]
    gates, over = [*GATES, BACKWARD_BIAS, "geometry", "data"], [f"control:{name}" for name in RIVALS]
    assert tuple(controls["properties"]) == tuple(controls["required"]) == tuple(CONTROLS)
    assert GATED["vacuous_for"]["items"]["enum"] == list(TRIVIAL)
    assert GATED["name"]["enum"] == [*gates, *over, CHAMPION]
    assert CHECKED["gate"]["enum"] == [*gates, *over, CHAMPION]
    assert GATED["status"]["enum"] == CHECKED["status"]["enum"] == list(get_args(Status))
    assert POLICY["$defs"]["policy_check"]["properties"]["gate"]["enum"] == gates
    assert POLICY["$defs"]["waiver"]["properties"]["gate"]["enum"] == [*gates, *over, CHAMPION]
    assert POLICY["properties"]["required_gates"]["items"]["enum"] == list(GATES)
    assert POLICY["properties"]["confidence"]["default"] == 0.95
    assert DEFS["verdict"]["properties"]["outcome"]["enum"] == list(get_args(Outcome))


def test_a_decision_holds_the_judgement_that_reports_define() -> None:
    decision = json.loads(schema_text("decision"))
    found = decision["properties"]["judgement"]
    assert found["$ref"] == f"{REPORT['$id']}#/$defs/judgement"
    assert "judgement" not in decision["$defs"]


def test_what_may_be_left_out_of_a_policy_file_is_null_in_a_report() -> None:
    written, repeated = POLICY["$defs"]["policy_check"], DEFS["policy_check"]
    assert written["required"] == ["gate", "metric", "splits"]
    assert list(written["properties"])[3:6] == ["min", "max", "above"]
    assert list(repeated["properties"])[3:6] == ["minimum", "maximum", "above"]
    assert written["properties"]["min"]["type"] == "number"
    assert repeated["properties"]["minimum"]["type"] == ["number", "null"]
    assert repeated["properties"]["decide"]["enum"] == ["point", "bound", None]


def test_an_unknown_schema_lists_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        schema_text("rapport")
    assert str(caught.value) == f"unknown schema 'rapport'; known schemas: {', '.join(SCHEMAS)}"
    assert list(SCHEMAS) == sorted(SCHEMAS)


def test_the_package_imports_neither_torch_nor_numpy() -> None:
    code = "import sys, schemas.reading.report; print({'torch', 'numpy'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_validator_follows_no_reference_within_its_schema(name: str) -> None:
    placed = schema_module._in_place(json.loads(schema_text(name)), dict)
    assert [node for node in nodes(placed) if str(node.get("$ref", "")).startswith("#")] == []


def test_a_reference_stays_where_both_it_and_what_stands_beside_it_must_hold() -> None:
    line = {"type": "string", "maxLength": 9, "description": "a line"}
    schema = {"$defs": {"line": line}, "properties": {"a": {"$ref": "#/$defs/line", "maxLength": 5}}}
    assert schema_module._in_place(schema, dict) == schema
    schema = {"$defs": {"line": line}, "properties": {"a": {"$ref": "#/$defs/line", "description": "mine"}}}
    assert schema_module._in_place(schema, dict)["properties"]["a"] == line | {"description": "mine"}


@pytest.mark.parametrize("keyword", ["maxItems", "maxProperties"])
def test_what_is_too_long_is_looked_at_no_further(keyword: str) -> None:
    errors = iter(
        [ValidationError("one"), ValidationError("two", validator=keyword), ValidationError("three")]
    )
    assert [each.message for each in schema_module._some(errors)] == ["one", "two"]
    assert next(errors).message == "three"
