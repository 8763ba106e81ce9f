"""What the figures depend on, each under its name."""

from dataclasses import replace

import pytest

from gatekeeper.render.page.figures import Table
from gatekeeper.render.page.provenance import provenance
from schemas.records.model import OwnCode
from schemas.records.report import Report
from tests.gatekeeper.render.page.pages import report_of


def tables(report: Report) -> dict[str, dict[str, str]]:
    """Caption -> label -> value."""
    return {table.caption: {row[0]: row[1] for row in table.rows} for table in provenance(report)}


def labels(table: Table) -> list[str]:
    return [row[0] for row in table.rows]


def test_five_groups_in_which_no_label_occurs_twice() -> None:
    found = provenance(report_of())
    assert [table.caption for table in found] == ["Model", "Data", "Measurement", "Environment", "Report"]
    for table in found:
        assert len(labels(table)) == len({*labels(table)})
        assert all(value for _, value in table.rows)


def test_a_checkpoint_says_who_trained_it() -> None:
    model = tables(report_of())["Model"]
    assert (model["trained by"], model["kept epoch"], model["chosen by"]) == ("p6b", "7", "a rule")
    assert model["SHA-256"] == "a" * 64
    assert model["parameters"] == "1,234"


def test_a_recipe_without_epochs_has_none_to_keep() -> None:
    report = report_of()
    trained = report.inputs.model.training
    assert trained is not None
    model = replace(report.inputs.model, training=replace(trained, epoch=None, rule=None))
    told = tables(replace(report, inputs=replace(report.inputs, model=model)))["Model"]
    assert told["kept epoch"] == "the recipe has no epochs"
    assert told["chosen by"] == "nothing to choose from"


def test_what_does_not_exist_has_no_line() -> None:
    report = report_of()
    model = replace(report.inputs.model, kind="control", sha256=None, parameters=0, training=None)
    report = replace(
        report,
        inputs=replace(report.inputs, model=model, train_sha256=None),
        environment=replace(report.environment, git_revision=None),
        scores=None,
    )
    found = tables(report)
    assert found["Model"]["SHA-256"] == "none: it is no file"
    assert not {"parameters", "trained by", "kept epoch", "chosen by"} & found["Model"].keys()
    assert "train windows SHA-256" not in found["Data"]
    assert "git revision" not in found["Environment"]
    assert [*found["Report"]] == ["made", "format", "content SHA-256"]


@pytest.mark.parametrize(
    ("code", "file", "digest"),
    [
        (OwnCode("my:make", "my.py", "a" * 64), "my:make, from my.py", "a" * 64),
        (OwnCode("my:make", None, None), "my:make, from no file", "it is in no file that could be read"),
    ],
)
def test_code_that_was_run_is_told_with_its_digest(code: OwnCode, file: str, digest: str) -> None:
    report = report_of()
    model = replace(report.inputs.model, kind="weights", code=code, state_key="ema")
    found = tables(replace(report, inputs=replace(report.inputs, model=model)))["Model"]
    assert (found["code that was run"], found["SHA-256 of that file"]) == (file, digest)
    assert found["weights under"] == "ema"


def test_each_split_has_its_windows_and_digests() -> None:
    data = tables(report_of())["Data"]
    for split in ("val", "ood"):
        assert data[split] == "400 of 900 windows in 40 articles"
        assert len(data[f"{split} windows SHA-256"]) == len(data[f"{split} sample SHA-256"]) == 64


def test_how_the_model_answered_is_a_line_for_each_split() -> None:
    measurement = tables(report_of())["Measurement"]
    for split in ("val", "ood"):
        assert measurement[f"answers on {split}"].startswith("as precise as float32; they differ by ")
