"""The curves' values."""

import dataclasses

import pytest

from gatekeeper.training.curves import epoch_figures, epoch_means
from tests.gatekeeper.integrations.epochs import epoch, mini


def test_an_epochs_figures_are_named_by_split_and_leave_out_what_is_undefined() -> None:
    assert epoch_figures(epoch(2, gates=mini(margin=None))) == {
        "train/lr": 0.05,
        "train/samples_per_second": 30.0,
        "val/cos": 0.476,
        "val/margin_last": 0.5,
        "val/recall": 0.702,
        "val/recall_unseen": 0.25,
        "ood/cos": 0.1,
        "ood/margin": -1.0,
        "ood/margin_last": 0.5,
        "ood/recall": 0.0,
        "ood/recall_unseen": 0.25,
        "gates/passed": 2.0,  # backward bias is none of the five
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
