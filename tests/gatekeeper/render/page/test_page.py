"""A page says everything its report says, loads nothing, and shows the words of others as words."""

import base64
import hashlib
import html
import random
import re
from dataclasses import replace

import matplotlib
import pytest

from gatekeeper.render.page.page import render_page, shown_gates
from gatekeeper.render.rows import CONTROL_HEADS
from gatekeeper.render.table import render_table
from schemas.reading.report import content_sha256
from schemas.records.audit import LeakedTarget
from schemas.records.evidence import Evidence, Metrics
from schemas.records.metrics import GATES as FIVE
from tests.gatekeeper.render.page import pages
from tests.gatekeeper.render.page.pages import CASES, HOSTILE, NOTHING, OUTLINED, SPLITS, golden, outline
from tests.gatekeeper.render.rulings import MARGIN, POLICY, make_evidence

GATES = ("knowledge", "offset-sweep", "retrieval", "ablations", "rollout", "bins", "plane")
SHOWN = {
    "deployable": [*GATES, "training", "windows", "checks", "provenance"],
    "blocked": [*GATES, "checks", "absent", "provenance"],
    "one_article": [*GATES, "checks", "absent", "provenance"],
    "undecided": [*GATES, "checks", "absent", "provenance"],
    "skipped_gate": [*(key for key in GATES if key != "ablations"), "checks", "absent", "provenance"],
    "error": ["checks", "absent", "provenance"],
    "control": [*GATES, "checks", "absent", "provenance"],
    "hostile": [*GATES, "training", "windows", "checks", "provenance"],
}
"""The sections that have something to show."""
PLOTS = {
    *(
        f"{kind} on {split}"
        for kind in ("Offset sweep", "Rollout", "Margin against cosine")
        for split in SPLITS
    ),
    "Retrieval within the article",
    "Retrieval within the article, context left out",
    "Retrieval in the whole bank",
    "Retrieval in the whole bank, context left out",
    "Change of cosine by ablation",
    "Mean cosine by coherence bin",
    "Bits known",
    "Bits known once the mean row is subtracted",
}
TRAINED = {
    f"Training: {what} by epoch"
    for what in ("margin", "article R@5", "bits known", "mean cosine to the target", "λ_eff", "gap")
}


def words(page: str) -> str:
    """What a reader sees, in one line."""
    body = re.sub(r"</?span[^>]*>|<wbr>", "", page.partition("</style>")[2])
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", body).split()))


def drawn(page: str) -> set[str]:
    """Titles of the plots."""
    return set(re.findall(r'<svg [^>]*role="img" aria-label="([^"]+)"', page))


def section(page: str, key: str) -> str:
    """The words of a section."""
    found = re.search(rf'<section id="{key}".*?</section>', page, re.DOTALL)
    assert found is not None
    return words("</style>" + found[0])


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


# What cannot be shown is said: in its section where there is one, else in one list.


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("plane", "The linear frontier is not drawn."),
        ("absent", "The texts are not shown."),
        ("absent", "No training."),
    ],
)
def test_what_a_report_alone_does_not_hold_is_said(key: str, sentence: str) -> None:
    assert sentence in section(pages.blocked(), key)
    assert sentence not in words(pages.deployable())


def test_a_gate_that_was_not_measured_is_said() -> None:
    page = pages.skipped_gate()
    shown = section(page, "absent")
    for split in SPLITS:
        assert f"There is no ablation on {split}: the report holds no figures for it." in shown
    assert "There is no rollout on ood: no window fits." in section(page, "rollout")
    assert drawn(page) == PLOTS - {"Change of cosine by ablation", "Rollout on ood"}
    assert "C ablations – SKIPPED" in words(page)


def test_without_any_measurement_every_gate_says_so() -> None:
    found = re.findall(r"There is no ([a-z ]+): no split was measured\.", section(pages.error(), "absent"))
    assert found == [
        "figure in bits",
        "offset sweep",
        "retrieval",
        "ablation",
        "rollout",
        "figure by bin",
        "margin",
        "cosine",
    ]
    assert "! ERROR best_model.pt" in words(pages.error())


def test_one_article_has_no_intervals_and_everything_is_drawn() -> None:
    page = pages.one_article()
    assert drawn(page) == PLOTS
    assert "rests on 1 articles, fewer than the 5 the policy needs" in words(page)
    assert "0.600 [" not in section(page, "offset-sweep")


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


@pytest.mark.parametrize(("share", "seed"), [(0.1, 1), (0.5, 2)])
def test_whatever_is_undefined_or_missing_there_is_a_page(share: float, seed: int) -> None:
    rng = random.Random(seed)

    def damaged(metrics: Metrics) -> Metrics:
        kept = {
            split: {name: metric for name, metric in rows.items() if rng.random() > share}
            for split, rows in metrics.items()
        }
        return {
            split: {
                name: replace(metric, value=None, low=None, high=None, reason="damaged")
                if rng.random() < share
                else metric
                for name, metric in rows.items()
            }
            for split, rows in kept.items()
        }

    good = make_evidence()
    evidence = Evidence(damaged(good.model), {name: damaged(each) for name, each in good.controls.items()})
    page = render_page(pages.report_of(evidence), NOTHING)
    found = re.findall(r"<section id=\"([a-z-]+)\"", page)
    assert found == [key for key in SHOWN["blocked"] if key in found]
    assert {"checks", "absent", "provenance"} < {*found}
    assert "undefined: damaged" in page
    assert not re.search(r"\bnan\b", page)
    outline(page)


def test_the_name_of_the_run_stands_before_that_of_its_model() -> None:
    page = render_page(pages.report_of(), replace(NOTHING, run="gru_p6b_20260102_030405"))
    assert words(page).count("DEPLOYABLE gru_p6b_20260102_030405/best_model.pt") == 1
    assert "<title>DEPLOYABLE: gru_p6b_20260102_030405/best_model.pt – gatekeeper</title>" in page


# Nothing is loaded, nothing runs.


@pytest.mark.parametrize("case", CASES)
def test_a_page_names_no_other_file_and_holds_no_script(case: str) -> None:
    page = CASES[case]()
    assert not re.search(r"<(script|iframe|object|embed|img|base|form|input|video|audio)\b", page)
    assert not re.search(r"\b(src|srcset|style|on[a-z]+|xlink:href)=\"", re.sub(r">[^<]*<", "><", page))
    assert {each for each in re.findall(r'\bhref="([^"]*)"', page) if not each.startswith("#")} == {"data:,"}
    style = re.search(r"<style>(.*)</style>", page, re.DOTALL)
    assert style is not None
    assert not re.search(r"@import|@font-face|url\(", style[1])
    assert set(re.findall(r"url\(([^)]*)\)", page)) <= {
        f"#{each}" for each in re.findall(r'\bid="([^"]+)"', page)
    }


def test_the_policy_of_the_page_allows_its_style_sheet_and_nothing_else() -> None:
    page = pages.deployable()
    style = re.search(r"<style>(.*)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert f'content="{policy}"' in page


@pytest.mark.parametrize("case", CASES)
def test_ids_are_unique_and_references_lead_to_one(case: str) -> None:
    page = CASES[case]()
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    named = re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', page)
    linked = re.findall(r'href="#([^"]+)"', page)
    assert {*named, *linked} <= set(ids)


@pytest.mark.parametrize("case", CASES)
def test_every_status_is_a_word_with_a_symbol(case: str) -> None:
    page = CASES[case]()
    found = re.findall(
        r'<span class="status ([a-z]+)"><span aria-hidden="true">(.)</span> ([A-Z]+)</span>', page
    )
    assert len(found) == page.count('class="status ')
    assert all(name.upper() == word for name, _, word in found)


# The words of others.


def test_the_words_of_others_are_shown_and_do_nothing() -> None:
    page = pages.hostile()
    assert "<script" not in page
    assert "onerror=alert(2)&gt;" in page
    assert "<img" not in page
    shown = words(page)
    assert shown.count(HOSTILE) >= 20
    assert "{{ 7 * 7 }}" in shown
    for key in ("windows", "training", "provenance"):
        assert HOSTILE in section(page, key)


def test_what_nobody_can_see_is_made_visible() -> None:
    page = render_page(pages.report_of(spec="a\x00b\u202ec\ud800d"), NOTHING)
    assert "a\ufffdb\ufffdc\ufffdd" in page
    assert not re.search(r"[\x00\u202e\ud800]", page)


# The same report, the same bytes.


def test_the_same_report_gives_the_same_bytes_whatever_the_users_matplotlib_looks_like() -> None:
    first = pages.deployable()
    before = dict(matplotlib.rcParams)
    with matplotlib.rc_context({"font.size": 30.0, "lines.linewidth": 9.0, "svg.hashsalt": "other"}):
        assert render_page(pages.report_of(), pages.full_extras()) == first
    assert dict(matplotlib.rcParams) == before


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
