"""``gatekeeper compare``: literal tables, every format, and what it refuses."""

import json
from collections.abc import Callable
from dataclasses import replace

import click.testing
import pytest

from schemas.records.metrics import METRICS
from schemas.records.splits import PAIR
from tests.gatekeeper.forgery import Files, edit, forge

Run = Callable[..., click.testing.Result]

A, B = "weaker.report.json", "best.report.json"
SAMPLES = "val 180 windows in 12 articles, ood 180 windows in 12 articles"
EXPLAINED = [
    "interval: of the difference, paired by sample and clustered by article",
    "detectable: a true difference of this size would be shown with probability 0.8",
]


def cells(line: str) -> list[str]:
    """The cells of a row, which two blanks part."""
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def row(output: str, metric: str, split: str) -> list[str]:
    return next(found for line in output.splitlines() if (found := cells(line))[:2] == [metric, split])


def test_two_reports_are_compared_line_by_line(files: Files, run: Run) -> None:
    result = run("compare", A, B)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[:4] == ["A: weaker.pt (weaker.report.json)", "B: best.pt (best.report.json)", SAMPLES, ""]
    assert cells(lines[4]) == ["metric", "split", "A", "B", "B - A", "95% interval", "detectable"]
    assert lines[-3:] == ["", *EXPLAINED]
    # R^1 has the margin 0.95 (1 - cos 60), R^0.9 has 0.95 (cos 6 - cos 54); the interval is narrow.
    margin = row(result.stdout, "offset_sweep.margin", "val")
    assert margin[4] in ("0.093", "0.094", "0.095")
    assert margin[-1] == "better"
    assert row(result.stdout, "retrieval.article.r@5", "val")[2:5] == ["1.000", "1.000", "0.000"]
    assert row(result.stdout, "retrieval.article.r@5", "val")[-1] == "no difference shown"
    # Leaving a chunk out costs the better model less, and that is the worse direction.
    assert row(result.stdout, "ablations.leave_one_out", "ood")[-1] == "worse"
    assert row(result.stdout, "bins_delta.delta", PAIR)[0] == "bins_delta.delta"


def test_a_report_does_not_differ_from_itself(files: Files, run: Run) -> None:
    result = run("compare", B, B)
    assert result.exit_code == 0
    table = result.stdout.split("\n\n")[1].splitlines()[2:]
    assert len(table) > 30
    assert {cells(line)[4] for line in table} == {"0.000"}
    assert {cells(line)[-1] for line in table} == {"no difference shown"}


def test_json_holds_every_metric_with_both_figures(files: Files, run: Run) -> None:
    result = run("compare", A, B, "--format", "json")
    assert (result.exit_code, result.stderr) == (0, "")
    value = json.loads(result.stdout)
    assert list(value) == ["a", "b", "confidence", "power", "differences"]
    assert (value["a"], value["b"], value["confidence"], value["power"]) == (
        "weaker.pt",
        "best.pt",
        0.95,
        0.8,
    )
    found = {(each["metric"], each["split"]): each for each in value["differences"]}
    assert {split for _, split in found} == {"val", "ood", PAIR}
    assert all(METRICS[metric].pair == (split == PAIR) for metric, split in found)
    margin = found["offset_sweep.margin", "ood"]
    assert margin["difference"] == pytest.approx(margin["b"] - margin["a"], abs=1e-9)
    assert margin["low"] < margin["difference"] < margin["high"]
    reported = files.read().evidence.model["ood"]["offset_sweep.margin"]
    assert (margin["b"], margin["n"], margin["articles"]) == (reported.value, reported.n, reported.articles)
    assert (margin["reason"], margin["meaning"]) == ("", "better")


def test_the_other_way_round_every_difference_changes_its_sign(files: Files, run: Run) -> None:
    there, back = (
        json.loads(run("compare", *pair, "--format", "json").stdout)["differences"]
        for pair in ((A, B), (B, A))
    )
    assert len(there) == len(back) > 50
    for one, other in zip(there, back, strict=True):
        assert (one["metric"], one["split"], one["a"]) == (other["metric"], other["split"], other["b"])
        if one["difference"] is not None:
            assert one["difference"] == pytest.approx(-other["difference"], abs=1e-12)
        if one["low"] is not None:
            assert one["low"] == pytest.approx(-other["high"], abs=1e-12)


def test_markdown_is_a_table_of_github(files: Files, run: Run) -> None:
    result = run("compare", A, B, "--format", "markdown")
    assert result.exit_code == 0
    head = result.stdout.split("\n\n")[1].splitlines()
    titles = ["metric", "split", "A", "B", "B - A", "95% interval", "detectable", ""]
    assert [cell.strip() for cell in head[0].strip("|").split("|")] == titles
    assert set(head[1]) <= set("|-:")


def test_all_adds_the_metrics_that_no_policy_checks(files: Files, run: Run) -> None:
    checked, every = run("compare", A, B).stdout, run("compare", A, B, "--all").stdout
    assert "rollout.cos@5" not in checked
    assert row(every, "rollout.cos@5", "val")[0] == "rollout.cos@5"
    assert set(checked.splitlines()[:4]) <= set(every.splitlines())
    assert len(every.splitlines()) > len(checked.splitlines()) + 50


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_three_reports_make_a_leaderboard_against_the_first(files: Files, run: Run, form: str) -> None:
    result = run("compare", A, B, A, "--format", form)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[:3] == ["A: weaker.pt (weaker.report.json)", SAMPLES, ""]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] if form == "markdown" else cells(line)
        for line in lines[3:]
    ]
    figures = ("margin ood", "bits ood", "cos ood", "article R@5 ood")
    assert rows[0] == ["model", "verdict", "gates", *(head for each in figures for head in (each, "minus A"))]
    assert [each[0] for each in rows[2:]] == ["best.pt", "weaker.pt", "weaker.pt"]
    assert {each[1] for each in rows[2:]} == {"DEPLOYABLE"}
    assert {each[2] for each in rows[2:]} == {"5/5"}
    # The first report is the one that the others are compared with.
    assert sorted(each[4] == "A" for each in rows[2:]) == [False, False, True]
    assert rows[2][4].startswith(("0.093 [", "0.094 [", "0.095 ["))


def test_three_reports_in_json_are_two_comparisons(files: Files, run: Run) -> None:
    value = json.loads(run("compare", A, B, A, "--format", "json").stdout)
    assert [(each["a"], each["b"]) for each in value] == [
        ("weaker.pt", "best.pt"),
        ("weaker.pt", "weaker.pt"),
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        ([B], 2, "compare needs two reports or more, found 1"),
        (
            [A, B, A, "--all"],
            2,
            "--all needs exactly two reports; a leaderboard has no room for every metric",
        ),
        ([A, "missing.json"], 3, "cannot read report missing.json: No such file or directory"),
        ([A, "."], 3, "cannot read report .: it is no regular file"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused(
    files: Files, run: Run, arguments: list[str], code: int, line: str
) -> None:
    result = run("compare", *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", f"Error: {line}\n")


@pytest.mark.parametrize("form", ["json", "table"])
@pytest.mark.parametrize("more", [[], [A]])
def test_reports_of_different_samples_are_refused(files: Files, run: Run, form: str, more: list[str]) -> None:
    report = files.read()
    other = replace(report.settings, seed=7, horizon=2)
    forge(replace(report, settings=other), files.report)
    result = run("compare", A, *more, B, "--format", form)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        f"Error: {A} and {B} cannot be compared: they differ in horizon (1 and 2); seed (0 and 7)\n"
    )


def test_missing_scores_are_refused(files: Files, run: Run) -> None:
    files.scores.unlink()
    result = run("compare", A, B)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        "Error: cannot read the scores best.report.scores.npz: No such file or directory; "
        "keep them beside the report\n"
    )


def test_scores_of_another_model_are_refused(files: Files, run: Run) -> None:
    (files.folder / "weaker.report.scores.npz").replace(files.scores)
    result = run("compare", B, B)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        f"Error: best.report.scores.npz is not the file that {B} names: its digest differs\n"
    )


def test_a_report_that_contradicts_itself_is_refused(files: Files, run: Run) -> None:
    edit(files.report, "judgement", "verdict", "outcome", value="blocked")
    result = run("compare", A, B)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        f"Error: report {B}: the claimed judgement does not follow from the evidence: "
        "verdict.outcome is 'blocked' where 'deployable' follows\n"
    )
