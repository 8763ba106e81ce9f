"""Histories survive a file unchanged, and what is no history is refused in one line."""

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import click.testing
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.cli.app import cli
from schemas.errors import OutputError, ReportError
from schemas.reading.codec import encode
from schemas.reading.history import history_to_json, parse_history, read_history, write_history
from schemas.reading.schema import schema_text
from schemas.reading.strict_json import dumps
from schemas.records.history import (
    FIGURES,
    HISTORY_VERSION,
    SPLIT_FIGURES,
    Epoch,
    History,
    MiniGates,
    SplitGates,
    Steps,
    Warned,
    WarningName,
)
from schemas.records.metrics import METRICS
from schemas.records.rules import is_later

STATUSES = ("pass", "fail", "inconclusive", "skipped", "error")
OUTCOMES = ("deployable", "blocked", "error")
WARNINGS: tuple[WarningName, ...] = get_args(WarningName)

LATER_FIGURES = [field.name for field in dataclasses.fields(SplitGates) if is_later(field)]

VAL = SplitGates(cos=0.5, margin=0.0625, margin_prev=0.125, margin_last=-0.25, recall=0.75, recall_unseen=1.0)
OOD = SplitGates(
    cos=-0.5, margin=None, margin_prev=None, margin_last=None, recall=None, recall_unseen=0.0, bits=0.25
)
HISTORY = History(
    schema_version=HISTORY_VERSION,
    trainer="p6b",
    architecture="transformer",
    negative="context[-2] (k = -3)",
    rule="the best val margin",
    epochs=(
        Epoch(
            epoch=1,
            samples=12_800,
            seconds=3.5,
            lr=5e-4,
            steps=(
                Steps(200, {name: 0.125 * place for place, name in enumerate(FIGURES)}),
                Steps(400, {name: -0.5 * place for place, name in enumerate(FIGURES)}),
            ),
            mini=MiniGates(
                splits={"val": VAL, "ood": OOD},
                gates={"offset_sweep": "pass", "retrieval": "inconclusive"},
                outcome="blocked",
                escaped=False,
                kept=True,
            ),
        ),
        Epoch(epoch=2, samples=0, seconds=0.0, lr=2.5e-4, steps=(), mini=None),
    ),
    warnings=(Warned("cosine_drop", "val cosine fell by 0.2 ☹", collapse=True, epoch=2, step=0),),
    best_epoch=1,
    ended="stopped",
)


def test_a_history_survives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "training_history.json"
    write_history(HISTORY, path)
    assert read_history(path) == HISTORY
    assert read_history(str(path)) == HISTORY
    assert [file.name for file in tmp_path.iterdir()] == ["training_history.json"]


def test_the_file_holds_plain_values_in_field_order(tmp_path: Path) -> None:
    path = tmp_path / "training_history.json"
    write_history(HISTORY, path)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert list(found) == [field.name for field in dataclasses.fields(History)]
    first, second = found["epochs"]
    assert first["steps"][1] == {
        "step": 400,
        "figures": {
            "loss": 0.0,
            "mse": -0.5,
            "push": -1.0,
            "pos": -1.5,
            "neg": -2.0,
            "gap": -2.5,
            "lambda_eff": -3.0,
            "clamped": -3.5,
        },
    }
    assert first["mini"]["splits"]["ood"] == {
        "cos": -0.5,
        "margin": None,
        "margin_prev": None,
        "margin_last": None,
        "recall": None,
        "recall_unseen": 0.0,
        "bits": 0.25,
        **dict.fromkeys(LATER_FIGURES[1:]),
    }
    assert second == {"epoch": 2, "samples": 0, "seconds": 0.0, "lr": 2.5e-4, "steps": [], "mini": None}
    assert found["warnings"] == [
        {
            "name": "cosine_drop",
            "sentence": "val cosine fell by 0.2 ☹",
            "collapse": True,
            "epoch": 2,
            "step": 0,
        }
    ]


def test_a_run_that_has_just_begun_is_a_history() -> None:
    fresh = dataclasses.replace(HISTORY, epochs=(), warnings=(), best_epoch=None, ended="")
    assert parse_history(dumps(history_to_json(fresh))) == fresh


FINITE = st.floats(allow_nan=False, allow_infinity=False)
POSITIVE = st.floats(min_value=0.0, allow_nan=False, allow_infinity=False)
COUNTS = st.integers(min_value=1, max_value=10**18)
TEXTS = st.text(max_size=12)  # hypothesis draws no lone surrogates into text that must be UTF-8
SPLITS = st.builds(SplitGates, *[st.none() | FINITE] * 6)
MINIS = st.builds(
    MiniGates,
    splits=st.fixed_dictionaries({"val": SPLITS, "ood": SPLITS}),
    gates=st.dictionaries(TEXTS, st.sampled_from(STATUSES), max_size=3),
    outcome=st.sampled_from(OUTCOMES),
    escaped=st.booleans(),
    kept=st.booleans(),
)
EPOCHS = st.builds(
    Epoch,
    epoch=COUNTS,
    samples=st.integers(min_value=0, max_value=10**18),
    seconds=POSITIVE,
    lr=POSITIVE,
    steps=st.lists(
        st.builds(Steps, COUNTS, st.fixed_dictionaries(dict.fromkeys(FIGURES, FINITE))), max_size=2
    ).map(tuple),
    mini=st.none() | MINIS,
)
HISTORIES = st.builds(
    History,
    schema_version=st.integers(min_value=0, max_value=999).map(lambda minor: f"1.{minor}"),
    trainer=TEXTS,
    architecture=TEXTS,
    negative=TEXTS,
    rule=TEXTS,
    epochs=st.lists(EPOCHS, max_size=2).map(tuple),
    warnings=st.lists(
        st.builds(
            Warned,
            name=st.sampled_from(WARNINGS),
            sentence=TEXTS,
            collapse=st.booleans(),
            epoch=COUNTS,
            step=st.integers(min_value=0, max_value=10**18),
        ),
        max_size=2,
    ).map(tuple),
    best_epoch=st.none() | COUNTS,
    ended=TEXTS,
)


@given(HISTORIES)
def test_parsing_is_the_inverse_of_writing(history: History) -> None:
    text = dumps(encode(history))
    assert parse_history(text) == history
    assert parse_history(text.encode()) == history


Edit = Callable[[dict[str, Any]], object]


def first(value: dict[str, Any]) -> dict[str, Any]:
    epoch: dict[str, Any] = value["epochs"][0]
    return epoch


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            lambda value: value.update(epoch=3),
            "$: unknown key \"epoch\"; the nearest known one is 'epochs'",
        ),
        (
            lambda value: first(value).update(second=1),
            "$.epochs[0]: unknown key \"second\"; the nearest known one is 'seconds'",
        ),
        (
            lambda value: first(value)["steps"][1]["figures"].update(lambda_ef=1.0),
            "$.epochs[0].steps[1].figures: unknown key \"lambda_ef\"; the nearest known one is 'lambda_eff'",
        ),
        (
            lambda value: first(value)["mini"]["splits"].update(test=None),
            '$.epochs[0].mini.splits: unknown key "test"',
        ),
        (lambda value: value.pop("ended"), "$: 'ended' is a required property"),
        (lambda value: first(value)["steps"][0]["figures"].pop("gap"), "'gap' is a required property"),
        (lambda value: value.update(best_epoch=0), "$.best_epoch: 0 is less than the minimum of 1"),
        (lambda value: first(value).update(seconds=-1.0), "$.epochs[0].seconds: -1.0 is less than"),
        (lambda value: first(value).update(lr="0.1"), '$.epochs[0].lr: expected number, found "0.1"'),
        (lambda value: first(value).update(epoch=True), "$.epochs[0].epoch: expected integer, found true"),
        (
            lambda value: first(value)["mini"].update(outcome="pass"),
            "$.epochs[0].mini.outcome: expected one of",
        ),
        (
            lambda value: first(value)["mini"].update(kept=1),
            "$.epochs[0].mini.kept: expected boolean, found 1",
        ),
        (
            lambda value: value["warnings"][0].update(name="cosine_dropped"),
            "; the nearest known one is 'cosine_drop'",
        ),
    ],
)
def test_what_breaks_the_schema_is_refused_with_its_place(edit: Edit, message: str) -> None:
    value = history_to_json(HISTORY)
    edit(value)
    with pytest.raises(ReportError) as caught:
        parse_history(json.dumps(value))
    line = str(caught.value)
    assert line.startswith("does not follow the schema: $")
    assert message in line
    assert "\n" not in line
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    "version", ["2.0", "0.9", "1", "1.", "1.0.0", "1.0000", "v1.0", " 1.0", "1.0\n", "1.x", "", 1.0, None]
)
def test_another_version_is_refused(version: object) -> None:
    value = {**history_to_json(HISTORY), "schema_version": version}
    with pytest.raises(ReportError, match=r"^expected schema_version 1\.x, found [^\n]+$"):
        parse_history(json.dumps(value))


@pytest.mark.parametrize("version", ["1.0", "1.7", "1.999"])
def test_a_minor_version_is_read(version: str) -> None:
    value = {**history_to_json(HISTORY), "schema_version": version}
    assert parse_history(json.dumps(value)) == dataclasses.replace(HISTORY, schema_version=version)


@pytest.mark.parametrize("text", ["[]", "null", "3", '"history"'])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(
        ReportError, match=r"^expected an object with schema_version 1\.x, found none; is this a history\?$"
    ):
        parse_history(text)


def test_a_whole_float_is_no_count() -> None:
    value = history_to_json(HISTORY)
    first(value).update(epoch=1.0)  # an integer to JSON Schema, none to the reader
    with pytest.raises(ReportError, match=r"^history\.epochs\[0\]\.epoch: expected int, found float '1\.0'$"):
        parse_history(json.dumps(value))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON: "),
        (b'{"schema_version": "1.0",', "not JSON: "),
        (b'{"ended": "", "ended": ""}', "key 'ended' appears twice in one object"),
        (b'{"lr": NaN}', "NaN is not JSON; an undefined number is written as null"),
        (b'{"lr": -Infinity}', "-Infinity is not JSON"),
        (b'{"lr": 1e999}', "number 1e999 is too large for a double"),
        (b'{"ended": "\xff"}', "expected UTF-8, found byte 0xff at 11"),
        (b'{"ended": "\\ud800"}', "a string holds the lone surrogate U+D800"),
        (b"[" * 40 + b"]" * 40, "objects and lists are nested more than 32 deep"),
        (b"{}", "expected an object with schema_version 1.x, found none; is this a history?"),
    ],
)
def test_a_file_that_is_no_history_is_refused_with_its_path(
    tmp_path: Path, data: bytes, message: str
) -> None:
    path = tmp_path / "training_history.json"
    path.write_bytes(data)
    with pytest.raises(ReportError) as caught:
        read_history(path)
    assert str(caught.value).startswith(f"history {path}: {message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "why"), [("missing", "No such file"), (".", "no regular file"), ("nul\0", "null byte")]
)
def test_what_cannot_be_read_is_refused_with_its_path(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(ReportError, match=f"^cannot read history .*{why}"):
        read_history(tmp_path / name)


def test_a_truncated_history_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "training_history.json"
    write_history(HISTORY, path)
    whole = path.read_bytes()
    for length in (1, 100, len(whole) // 2, len(whole) - 2):
        path.write_bytes(whole[:length])
        with pytest.raises(ReportError, match="not JSON"):
            read_history(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_an_undefined_number_is_not_written(tmp_path: Path, value: float) -> None:
    steps = Steps(1, {**dict.fromkeys(FIGURES, 0.0), "gap": value})
    epoch = dataclasses.replace(HISTORY.epochs[0], steps=(steps,))
    with pytest.raises(
        ReportError, match=rf"^history\.epochs\[0\]\.steps\[0\]\.figures\.gap: .* found {value};"
    ):
        write_history(dataclasses.replace(HISTORY, epochs=(epoch,)), tmp_path / "training_history.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schema_version": "1.x"}, r"expected schema_version 1\.x, found '1\.x'; "),
        ({"best_epoch": 0}, r"does not follow the schema: \$\.best_epoch: "),
        (
            {"epochs": (dataclasses.replace(HISTORY.epochs[1], epoch=0),)},
            r"does not follow the schema: \$\.epochs\[0\]\.epoch: ",
        ),
        (
            {"epochs": (dataclasses.replace(HISTORY.epochs[1], steps=(Steps(1, {"gap": 0.1}),)),)},
            r"does not follow the schema: \$\.epochs\[0\]\.steps\[0\]\.figures: "
            "'loss' is a required property",
        ),
    ],
)
def test_what_could_not_be_read_is_not_written(
    tmp_path: Path, fields: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(ReportError, match=f"^{message}"):
        write_history(dataclasses.replace(HISTORY, **fields), tmp_path / "training_history.json")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        write_history(HISTORY, tmp_path / "nowhere" / "training_history.json")


def test_a_history_of_version_1_0_is_read_without_what_came_later() -> None:
    value: Any = json.loads(json.dumps(history_to_json(HISTORY)))
    value["schema_version"] = "1.0"
    for figures in value["epochs"][0]["mini"]["splits"].values():
        for name in LATER_FIGURES:
            del figures[name]
    found = parse_history(json.dumps(value))
    mini = found.epochs[0].mini
    assert mini is not None
    assert mini.splits == {"val": VAL, "ood": replace(OOD, bits=None)}


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


def test_the_name_of_the_file_is_ours_and_that_of_its_folder_is_not(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "link").symlink_to("run")
    write_history(HISTORY, tmp_path / "link" / "history.json")
    assert read_history(tmp_path / "run" / "history.json") == HISTORY
    (tmp_path / "history.json").symlink_to("run/history.json")
    with pytest.raises(OutputError, match="it is a symbolic link, and under a name that gatekeeper"):
        write_history(HISTORY, tmp_path / "history.json")
