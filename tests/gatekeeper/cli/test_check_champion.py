"""``gatekeeper check --champion`` and ``--first``."""

import json
from dataclasses import replace

import click.testing
import pytest

from tests.gatekeeper.cli.checking import MODEL, REPORT, Run, rules, section
from tests.gatekeeper.forgery import Files, forge


def against_weaker(files: Files, run: Run, decide: str, *more: str) -> click.testing.Result:
    """``check`` of the best model with the weaker one as its champion."""
    policy = rules(files, decide)
    champion = "weaker.report.json"
    return run("check", REPORT, "--model", MODEL, "--policy", policy, "--champion", champion, *more)


@pytest.mark.parametrize("decide", ["point", "bound"])
def test_a_gain_over_the_champion_is_let_through(files: Files, run: Run, decide: str) -> None:
    result = against_weaker(files, run, decide, "--full")
    assert result.exit_code == 0, result.output
    champion = json.loads(against_weaker(files, run, decide, "--format", "json").stdout)["champion"]
    assert section(result.stdout, "Gates:")[-1].strip("- ").endswith("champion: PASS")
    assert f"  - compared with the champion's report {champion['report_sha256'][:12]}" in result.stdout


def test_the_champion_is_read_from_the_folder_it_is_served_from(files: Files, run: Run) -> None:
    # production/current/report.json is a link; signature and scores lie beside the file it leads to.
    for name in ("best", "weaker"):
        assert run("sign", f"{name}.report.json", "--key", files.key).exit_code == 0
    key = ["--trusted-key", str(files.public)]
    assert (
        run("deploy", "weaker.pt", "--report", "weaker.report.json", "--to", "production", *key).exit_code
        == 0
    )
    champion = ["--champion", "production/current/report.json", *key]
    result = run("check", "--full", REPORT, "--model", MODEL, "--policy", rules(files, "bound"), *champion)
    assert result.exit_code == 0, result.output
    assert "  - compared with the champion's report " in result.stdout
    assert run("compare", "production/current/report.json", REPORT).exit_code == 0


@pytest.mark.parametrize("decide", ["point", "bound"])
def test_a_loss_to_the_champion_is_blocked(files: Files, run: Run, decide: str) -> None:
    result = run(
        "check",
        "--full",
        "weaker.report.json",
        "--model",
        "weaker.pt",
        "--policy",
        rules(files, decide),
        "--champion",
        REPORT,
    )
    assert (result.exit_code, result.stderr) == (1, "")
    reasons = section(result.stdout, "BLOCKED: 5 of 5 gates passed, 3 needed")
    found, _, elsewhere = reasons[0].partition(", below the required 0.050; on ood -")
    assert found.startswith("  - the gain of offset_sweep.margin on val over the champion is -")
    assert float(elsewhere) > 0.0


def test_no_scores_are_needed_where_estimates_decide(files: Files, run: Run) -> None:
    for path in files.folder.glob("*.scores.npz"):
        path.unlink()
    champion = ["--champion", "weaker.report.json"]
    assert run("check", REPORT, "--model", MODEL, "--policy", rules(files), *champion).exit_code == 0
    result = run("check", REPORT, "--model", MODEL, "--policy", rules(files, "bound"), *champion)
    assert (result.exit_code, result.stdout) == (3, "")
    # The champion's are read first.
    assert result.stderr == (
        "Error: cannot read the scores weaker.report.scores.npz: No such file or directory; "
        "keep them beside the report\n"
    )


def test_champion_rules_without_a_champion_block(files: Files, run: Run) -> None:
    result = run("check", "--full", REPORT, "--model", MODEL, "--policy", rules(files))
    assert result.exit_code == 1
    assert section(result.stdout, "BLOCKED: 5 of 5 gates passed, 3 needed")[:2] == [
        f"  - the gain of offset_sweep.margin on {split} over the champion was not measured"
        for split in ("val", "ood")
    ]
    assert section(result.stdout, "Verified:")[-1] == (
        "  - not verified: the policy has champion rules: add --champion REPORT, "
        "or --first if there is none yet"
    )


def test_the_first_model_needs_no_champion(files: Files, run: Run) -> None:
    result = run("check", "--full", REPORT, "--model", MODEL, "--policy", rules(files), "--first")
    assert result.exit_code == 0
    assert section(result.stdout, "Verified:")[-1] == (
        "  - not verified: first deployment: the champion rules were left out"
    )


def test_a_champion_on_another_sample_is_refused(files: Files, run: Run) -> None:
    report = files.read()
    forge(replace(report, settings=replace(report.settings, seed=7)), files.weaker_report)
    for decide in ("point", "bound"):
        result = against_weaker(files, run, decide)
        assert (result.exit_code, result.stdout) == (3, "")
        assert result.stderr == (
            f"Error: {REPORT} and weaker.report.json cannot be compared: they differ in seed (0 and 7)\n"
        )
