"""What is no history is refused in one line, and what could not be read is not written."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import OutputError, ReportError
from schemas.reading.history import history_to_json, parse_history, read_history, write_history
from schemas.records.history import FIGURES, Steps
from tests.schemas.histories import HISTORY

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
