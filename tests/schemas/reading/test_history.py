"""Histories survive a file unchanged, of every minor version."""

import dataclasses
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import OutputError
from schemas.reading.codec import encode
from schemas.reading.history import history_to_json, parse_history, read_history, write_history
from schemas.reading.strict_json import dumps
from schemas.records.history import FIGURES, Epoch, History, MiniGates, SplitGates, Steps, Warned, WarningName
from tests.schemas.histories import HISTORY, LATER_FIGURES, OOD, VAL

STATUSES = ("pass", "fail", "inconclusive", "skipped", "error")
OUTCOMES = ("deployable", "blocked", "error")
WARNINGS: tuple[WarningName, ...] = get_args(WarningName)


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


@pytest.mark.parametrize("version", ["1.0", "1.7", "1.999"])
def test_a_minor_version_is_read(version: str) -> None:
    value = {**history_to_json(HISTORY), "schema_version": version}
    assert parse_history(json.dumps(value)) == dataclasses.replace(HISTORY, schema_version=version)


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


def test_the_name_of_the_file_is_ours_and_that_of_its_folder_is_not(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "link").symlink_to("run")
    write_history(HISTORY, tmp_path / "link" / "history.json")
    assert read_history(tmp_path / "run" / "history.json") == HISTORY
    (tmp_path / "history.json").symlink_to("run/history.json")
    with pytest.raises(OutputError, match="it is a symbolic link, and under a name that gatekeeper"):
        write_history(HISTORY, tmp_path / "history.json")
