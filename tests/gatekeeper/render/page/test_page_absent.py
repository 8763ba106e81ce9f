"""What cannot be shown is said: in its section where there is one, else in one list."""

import random
import re
from dataclasses import replace

import pytest

from gatekeeper.render.page.page import render_page
from schemas.records.evidence import Evidence, Metrics
from tests.gatekeeper.render.page import pages
from tests.gatekeeper.render.page.pages import NOTHING, SPLITS, outline
from tests.gatekeeper.render.page.seen import PLOTS, SHOWN, drawn, section, words
from tests.gatekeeper.render.rulings import make_evidence


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
