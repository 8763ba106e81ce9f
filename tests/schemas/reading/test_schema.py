"""The published schemas: sound themselves, closed, and in step with the records."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from schemas.errors import UsageError
from schemas.reading.policy import DEFAULT_CONFIDENCE
from schemas.reading.report import CHECKSUM, SCHEMAS, schema_text
from schemas.records.evidence import Evidence, Metric
from schemas.records.inputs import BankInput, Environment, Inputs, ModelInput, Settings, SplitInput
from schemas.records.judgement import Check, GateResult, Judgement, Outcome, Status, Verdict
from schemas.records.metrics import GATES, METRICS
from schemas.records.policy import CHAMPION, ChampionRule, DataPin, Policy, PolicyCheck, Waiver
from schemas.records.report import Report, ScoresFile
from schemas.verdict.judge import BACKWARD_BIAS
from schemas.verdict.soundness import CONTROLS, TRIVIAL

REPORT: dict[str, Any] = json.loads(schema_text("report"))
POLICY: dict[str, Any] = json.loads(schema_text("policy"))
DEFS = REPORT["$defs"]
INPUTS = DEFS["inputs"]["properties"]
JUDGED = DEFS["judgement"]["properties"]
EVIDENCE = REPORT["properties"]["evidence"]
METRIC_ROWS = next(iter(DEFS["metrics"]["patternProperties"].values()))


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
        (ModelInput, INPUTS["model"]),
        (BankInput, INPUTS["bank"]),
        (SplitInput, next(iter(INPUTS["splits"]["patternProperties"].values()))),
        (Settings, DEFS["settings"]),
        (Environment, DEFS["environment"]),
        (Policy, DEFS["policy"]),
        (PolicyCheck, DEFS["policy"]["properties"]["checks"]["items"]),
        (ChampionRule, DEFS["policy"]["properties"]["champion"]["items"]),
        (Waiver, DEFS["policy"]["properties"]["waivers"]["items"]),
        (DataPin, DEFS["policy"]["properties"]["data"]),
        (Evidence, EVIDENCE),
        (Judgement, DEFS["judgement"]),
        (Check, JUDGED["checks"]["items"]),
        (GateResult, JUDGED["gates"]["items"]),
        (Verdict, JUDGED["verdict"]),
        (ScoresFile, REPORT["properties"]["scores"]),
        *((Metric, schema) for schema in METRIC_ROWS["patternProperties"].values()),
    ],
)
def test_every_field_of_a_record_is_required_by_its_schema(record: type, schema: dict[str, Any]) -> None:
    names = [field.name for field in fields(record)]
    assert list(schema["properties"]) == names
    assert schema["required"] == names


def test_a_report_file_holds_the_record_and_the_digest_of_its_content() -> None:
    names = [*(field.name for field in fields(Report)), CHECKSUM]
    assert list(REPORT["properties"]) == REPORT["required"] == names


def test_metric_names_are_exactly_the_known_ones() -> None:
    assert DEFS["metric_name"]["enum"] == list(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_has_exactly_one_range(name: str) -> None:
    matching = [pattern for pattern in METRIC_ROWS["patternProperties"] if re.search(pattern, name)]
    assert len(matching) == 1


def test_controls_gates_and_statuses_are_those_of_the_records() -> None:
    controls = EVIDENCE["properties"]["controls"]
    gates = [*GATES, BACKWARD_BIAS]
    assert tuple(controls["properties"]) == tuple(controls["required"]) == tuple(CONTROLS)
    assert JUDGED["gates"]["items"]["properties"]["vacuous_for"]["items"]["enum"] == list(TRIVIAL)
    assert JUDGED["gates"]["items"]["properties"]["name"]["enum"] == [*gates, CHAMPION]
    assert JUDGED["checks"]["items"]["properties"]["gate"]["enum"] == [*gates, CHAMPION]
    assert JUDGED["gates"]["items"]["properties"]["status"]["enum"] == list(get_args(Status))
    assert POLICY["properties"]["check"]["items"]["properties"]["gate"]["enum"] == gates
    assert POLICY["properties"]["waiver"]["items"]["properties"]["gate"]["enum"] == [*gates, CHAMPION]
    assert POLICY["properties"]["required_gates"]["items"]["enum"] == list(GATES)
    assert POLICY["properties"]["confidence"]["default"] == DEFAULT_CONFIDENCE
    assert JUDGED["checks"]["items"]["properties"]["status"]["enum"] == list(get_args(Status))
    assert JUDGED["verdict"]["properties"]["outcome"]["enum"] == list(get_args(Outcome))


def test_an_unknown_schema_lists_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        schema_text("rapport")
    assert str(caught.value) == f"unknown schema 'rapport'; known schemas: {', '.join(SCHEMAS)}"
    assert list(SCHEMAS) == sorted(SCHEMAS)


def test_the_package_imports_neither_torch_nor_numpy() -> None:
    code = "import sys, schemas.reading.report; print({'torch', 'numpy'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
