"""The curves' values."""

import dataclasses
from dataclasses import replace

import pytest

from gatekeeper.training.curves import epoch_figures, epoch_means, final_figures
from schemas.records.evidence import Metric
from schemas.records.metrics import BITS_KNOWN, LIFT
from tests.gatekeeper.integrations.epochs import epoch, mini
from tests.gatekeeper.render.page.pages import report_of
from tests.gatekeeper.render.rulings import CHECKS, HEAD, make_evidence


def test_an_epochs_figures_are_named_by_split_and_leave_out_what_is_undefined() -> None:
    assert epoch_figures(epoch(2, gates=mini(margin=None))) == {
        "train/lr": 0.05,
        "train/samples_per_second": 30.0,
        "val/cos": 0.476,
        "val/margin_last": 0.5,
        "val/recall": 0.702,
        "val/recall_unseen": 0.25,
        "val/bits": 0.5,
        "val/recall_seed_pool": 0.875,
        "val/chance_seed_pool": 0.8125,
        "ood/cos": 0.1,
        "ood/margin": -1.0,
        "ood/margin_last": 0.5,
        "ood/recall": 0.0,
        "ood/recall_unseen": 0.25,
        "ood/bits": 0.5,
        "ood/recall_seed_pool": 0.875,
        "ood/chance_seed_pool": 0.8125,
        "gates/passed": 2.0,  # backward bias is none of the five
    }


def test_the_final_figures_are_what_was_checked_what_is_known_and_what_is_gained() -> None:
    policy = (
        HEAD
        + CHECKS
        + """
[[control]]
name = "copy_mix"
metric = "offset_sweep.lift"
splits = ["ood"]
above = 0.0
"""
    )
    evidence = make_evidence({(BITS_KNOWN, "val"): 1.5}, undefined={("offset_sweep.copying", "ood"): "alike"})
    gain = Metric(0.25, 0.2, 0.3, 300, 20)
    gains = {"ridge": {"val": {BITS_KNOWN: gain, LIFT: gain}}, "copy_mix": {"ood": {LIFT: gain}}}
    found = final_figures(report_of(replace(evidence, gains=gains), policy=policy))
    assert found["final/val/retrieval.article_unseen.bits"] == 1.5
    assert found["final/ood/retrieval.seed_pool.chance_at_5"] == 0.1
    assert "final/ood/offset_sweep.copying" not in found
    assert {name: value for name, value in found.items() if "gain" in name} == {
        "final/val/gain_over.ridge/retrieval.article_unseen.bits": 0.25,
        "final/ood/gain_over.copy_mix/offset_sweep.lift": 0.25,
    }


def test_an_epoch_without_gates_or_time_has_its_learning_rate() -> None:
    record = dataclasses.replace(epoch(1), seconds=0.0, samples=0)
    assert epoch_figures(record) == {"train/lr": 0.1}


def test_means_count_each_line_by_its_steps() -> None:
    # Lines after step 4 and step 6: (4 * 14 + 2 * 16) / 6 for the first figure, the loss.
    means = epoch_means(epoch(1))
    assert means["train/loss"] == pytest.approx((4 * 14.0 + 2 * 16.0) / 6)
    assert means["train/mse"] == pytest.approx((4 * 14.01 + 2 * 16.01) / 6)
    assert len(means) == 8
    assert epoch_means(epoch(1, ends=())) == {}
