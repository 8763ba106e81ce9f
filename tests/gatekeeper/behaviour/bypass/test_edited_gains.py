"""Edits of the gains over controls, each refused by check and by deploy under a policy that asks for them."""

from dataclasses import replace

import pytest

from schemas.records.evidence import Gains, Metric
from schemas.records.metrics import BITS_KNOWN
from tests.gatekeeper.behaviour.bypass.gate import Gate
from tests.gatekeeper.forgery import Files, forge, write_derived


def edited(gains: Gains, control: str, split: str, gain: Metric) -> Gains:
    rows = {**gains[control][split], BITS_KNOWN: gain}
    return {**gains, control: {**gains[control], split: rows}}


RULE = """
[[control]]
name = "constant"
metric = "retrieval.article_unseen.bits"
splits = ["val", "ood"]
above = 0.0
required = true
"""


def test_gains_that_are_there_are_passed(files: Files, gate: Gate) -> None:
    assert gate.ask(files, "--policy", files.policy(RULE)).exit_code == 0


@pytest.mark.parametrize("gone", ["all", "constant", "bits"])
def test_gains_that_were_removed_are_not_passed(files: Files, gate: Gate, gone: str) -> None:
    report = files.read()
    kept: Gains = {name: splits for name, splits in report.evidence.gains.items() if name != "constant"}
    if gone == "all":
        kept = {}
    if gone == "bits":
        kept = {
            name: {
                split: {metric: gain for metric, gain in rows.items() if metric != BITS_KNOWN}
                for split, rows in splits.items()
            }
            for name, splits in report.evidence.gains.items()
        }
    # Without what hangs on them: what could have been shown.
    forge(replace(report, evidence=replace(report.evidence, gains=kept, power={})), files.report)
    message = gate.refuse(files, "--policy", files.policy(RULE))
    assert "SKIP more than constant" in message or "was not measured" in message


@pytest.mark.parametrize("field", ["value", "n"])
def test_a_gain_that_is_no_difference_is_refused(files: Files, gate: Gate, field: str) -> None:
    report = files.read()
    gain = report.evidence.gains["copy_mix"]["ood"][BITS_KNOWN]
    assert gain.value is not None
    assert gain.high is not None
    changed = (
        replace(gain, value=(gain.value + gain.high) / 2) if field == "value" else replace(gain, n=gain.n + 1)
    )
    gains = edited(report.evidence.gains, "copy_mix", "ood", changed)
    write_derived(replace(report, evidence=replace(report.evidence, gains=gains)), files.report)
    message = gate.refuse(files, "--policy", "skill")
    assert "gains of model over copy_mix, retrieval.article_unseen.bits on ood: expected the " in message


def test_gains_forged_with_the_metrics_of_the_controls_need_a_signature(files: Files, gate: Gate) -> None:
    """Our own code cannot tell it from an honest report; a demanded signature does."""
    report = files.read()
    evidence = report.evidence
    copied = evidence.controls["copy_mix"]
    mine = copied["ood"][BITS_KNOWN]
    gain = evidence.gains["copy_mix"]["ood"][BITS_KNOWN]
    assert mine.value is not None
    assert mine.low is not None
    assert gain.value is not None
    assert gain.high is not None
    lower = replace(mine, value=mine.value - 0.01, low=mine.low - 0.01)
    larger = replace(gain, value=gain.value + 0.01, high=gain.high + 0.01)
    controls = {**evidence.controls, "copy_mix": {**copied, "ood": {**copied["ood"], BITS_KNOWN: lower}}}
    best = evidence.oracle_gains["copy_mix"]["ood"][BITS_KNOWN]
    assert best.value is not None
    assert best.high is not None
    more = replace(best, value=best.value + 0.01, high=best.high + 0.01)
    oracle = edited(evidence.oracle_gains, "copy_mix", "ood", more)
    gains = edited(evidence.gains, "copy_mix", "ood", larger)
    forged = replace(evidence, controls=controls, gains=gains, oracle_gains=oracle)
    forge(replace(report, evidence=forged), files.report)
    message = gate.refuse(files, "--policy", "skill", "--trusted-key", files.public)
    assert f"{files.report} is not signed" in message


def test_more_than_the_articles_can_show_is_not_believed(files: Files, gate: Gate) -> None:
    report = files.read()
    power = {split: replace(each, gain=1e-9, articles=2) for split, each in report.evidence.power.items()}
    assert power.keys() == {"val", "ood"}
    write_derived(replace(report, evidence=replace(report.evidence, power=power)), files.report)
    message = gate.refuse(files, "--policy", files.policy(RULE))
    assert "evidence.power of val: a gain of 1e-09 is detectable, but its interval begins " in message
