"""A page says everything its report says."""

import re
from dataclasses import replace

import pytest

from gatekeeper.render.page.page import render_page, shown_gates
from gatekeeper.render.rows import CONTROL_HEADS
from gatekeeper.render.table import render_table
from schemas.reading.report import content_sha256
from schemas.records.audit import LeakedTarget
from schemas.records.metrics import GATES as FIVE
from tests.gatekeeper.render.page import pages
from tests.gatekeeper.render.page.pages import CASES, NOTHING, OUTLINED, golden, outline
from tests.gatekeeper.render.page.seen import PLOTS, SHOWN, TRAINED, drawn, section, words
from tests.gatekeeper.render.rulings import MARGIN, POLICY, make_evidence


@pytest.mark.parametrize("case", OUTLINED)
def test_a_fixed_report_has_a_fixed_outline(case: str) -> None:
    assert outline(CASES[case]()) == golden(case)


@pytest.mark.parametrize("case", CASES)
def test_the_verdict_comes_first_and_what_there_is_to_show_follows_in_order(case: str) -> None:
    page = CASES[case]()
    found = re.findall(r"<section (?:class=\"verdict|id=\"([a-z-]+)\")", page)
    assert found == ["", *SHOWN[case]]
    assert re.findall(r'<li><a href="#([a-z-]+)">', page) == ["content", *SHOWN[case]]


@pytest.mark.parametrize("case", CASES)
def test_nothing_that_is_shown_is_empty(case: str) -> None:
    page = CASES[case]()
    assert not re.search(r"<(ul|ol|dl|tbody|section|p|h[1-6]|div|figure)\b[^>]*>\s*</\1>", page)
    for each in ("plots", "figures"):
        assert not re.search(rf'<[a-z]+ class="{each}">\s*</', page)


def test_everything_that_can_be_drawn_is_drawn() -> None:
    assert drawn(pages.deployable()) == PLOTS | TRAINED
    assert drawn(pages.blocked()) == PLOTS
    assert drawn(pages.error()) == set()


def test_the_diagnosis_and_every_reason_warning_waiver_and_remark_is_told_before_the_first_plot() -> None:
    evidence = make_evidence(
        {(MARGIN, "val"): 0.03, ("ablations.reverse", "val"): -0.05, ("rollout.avg_cos", "ood"): 0.4}
    )
    report = pages.report_of(evidence, policy=POLICY)
    verdict = report.judgement.verdict
    top = words(render_page(report, NOTHING).partition('<section id="knowledge"')[0])
    told = (
        report.judgement.diagnosis.sentence,
        *verdict.reasons,
        *verdict.warnings,
        *verdict.waivers,
        *verdict.remarks,
    )
    assert verdict.reasons
    assert verdict.warnings
    assert verdict.waivers
    assert verdict.remarks
    for sentence in told:
        assert sentence in top
    assert "✕ BLOCKED best_model.pt" in top


def test_the_table_of_checks_holds_what_the_terminal_shows() -> None:
    report = pages.report_of()
    shown = section(pages.deployable(), "checks")
    rows = [
        line.split()
        for line in render_table(report).split("\n")
        if re.match(r"([A-E]|bias|data|shape)  ", line)
    ]
    assert len(rows) == 59
    for row in rows:
        # gate, metric, split, value, interval (two words), threshold and status, controls
        controls = len(CONTROL_HEADS)
        gate, beside = row[:4] + row[6:-controls], row[4:6] + row[-controls:]
        row = [f"✓ {cell}" if cell == "PASS" else cell for cell in gate + beside]
        assert " ".join(row) in shown


def test_the_provenance_holds_every_digest() -> None:
    report = pages.report_of()
    shown = section(pages.deployable(), "provenance")
    for digest in ("a" * 64, "b" * 64, "d" * 64, "e" * 64, "1" * 64, "2" * 64, report.inputs.policy_sha256,
                   content_sha256(report)):  # fmt: skip
        assert digest in shown


def test_the_seeds_own_recall_stands_beside_its_chance() -> None:
    report = pages.report_of()
    shown = words(render_page(report, NOTHING))
    row = "among target and context, as the seed counts, ood"
    assert f"{row} 0.100 [0.090, 0.110] 0.100 [0.090, 0.110]" in shown


def test_ten_thousand_checks_are_ten_thousand_rows() -> None:
    page = pages.many_checks()
    assert section(page, "checks").count("✓ PASS") == 10_000


def test_the_collapse_the_ramp_and_the_kept_epoch_are_told() -> None:
    shown = section(pages.deployable(), "training")
    for told in (
        "Kept: epoch 2.",
        "It ended: collapsed.",
        "epoch 1: margin 0.02, share 0.4; epoch 3: margin 0.05, share 1",
        "Collapse in epoch 3: the cosine on val fell from 0.500 to -0.050",
        "The collapse watch warned of lambda_at_clamp (1).",
    ):
        assert told in shown


def test_windows_are_shown_with_context_truth_nearest_and_ranks() -> None:
    shown = section(pages.deployable(), "windows")
    for told in (
        "Best on val 1 cosine 0.750 · rank 1 of 40 in its article, 3 of 9302 in the bank",
        "in the bank · Title of some words, chunk 6",
        "Worst on ood 1 cosine -0.250",
        "Context, chunk 0 some words 0 Context, chunk 1 some words 1",
        "Skipped, not shown to the model, chunk 5 some words 5",
        "True chunk, chunk 6 some words 6",
        "Nearest to the prediction (cosine 0.812), chunk 4, part of the context some words 4",
    ):
        assert told in shown


def test_the_name_of_the_run_stands_before_that_of_its_model() -> None:
    page = render_page(pages.report_of(), replace(NOTHING, run="gru_p6b_20260102_030405"))
    assert words(page).count("DEPLOYABLE gru_p6b_20260102_030405/best_model.pt") == 1
    assert "<title>DEPLOYABLE: gru_p6b_20260102_030405/best_model.pt – gatekeeper</title>" in page


def test_intervals_of_any_width_are_drawn() -> None:
    wide = {"low": -1.7e308, "high": 1.7e308}
    evidence = pages.change_all(make_evidence(), **wide)
    page = render_page(pages.report_of(evidence=evidence), pages.full_extras())
    assert page.count("<svg") == pages.deployable().count("<svg")


def test_leaked_targets_are_shown_and_escaped() -> None:
    pair = LeakedTarget(
        8, 2, 0.98765, 0.98125, (3, "b"), ("", pages.HOSTILE), (4, 0), "", ("a target", pages.HOSTILE)
    )
    page = render_page(pages.report_of(), replace(pages.NOTHING, leaks={"val": (pair,)}))
    assert "<script" not in page
    shown = page[page.index('id="leaks"') : page.index('id="checks"')]
    assert "cosine 0.988 (0.981 without the mean row)" in shown
    assert "Targets of val" in shown
    assert "a target" in shown
    assert "article 3</span>, chunk 4" in shown
    assert "(no split), chunk 0" in shown
    assert 'href="#leaks"' in page


def test_without_leaks_the_page_has_no_such_section() -> None:
    assert "leaks" not in render_page(pages.report_of(), pages.NOTHING)


def test_gates_that_decide_nothing_come_last_and_are_called_so() -> None:
    single = POLICY.replace("min_gates_passed = 2", 'min_gates_passed = 0\nrequired_gates = ["bins_delta"]')
    evidence = make_evidence()
    first = shown_gates(pages.report_of(evidence, policy=POLICY))
    assert [gate.name for gate in first][:5] == [*FIVE]
    assert not any("not required" in gate.note for gate in first)
    shown = shown_gates(pages.report_of(evidence, policy=single))
    needed = [gate.name for gate in shown if "not required" not in gate.note]
    assert [gate.name for gate in shown] == [*needed, *(name for name in FIVE if name not in needed)]
    assert "bins_delta" in needed
    assert "retrieval" not in needed
    assert [gate.letter for gate in shown_gates(pages.report_of()) if gate.name == "data"] == [""]
