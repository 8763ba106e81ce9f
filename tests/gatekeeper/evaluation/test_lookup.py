"""Metrics by their full names."""

from typing import Any

import pytest

from gatekeeper.evaluation.lookup import find_metric
from schemas.errors import UsageError
from schemas.records.evidence import Metric

SOME = Metric(0.5, 0.4, 0.6, 100, 9)
METRICS = {
    "val": {"offset_sweep.margin": SOME},
    "ood": {},
    "val-ood": {"bins_delta.delta": SOME},
}


def test_a_metric_is_found() -> None:
    assert find_metric(METRICS, "offset_sweep.margin", "val") is SOME


@pytest.mark.parametrize(
    ("name", "split", "message"),
    [
        ("offset_sweep.margn", "val", "unknown metric 'offset_sweep.margn'; the nearest known one is"),
        ("offset_sweep.margin", "odd", "unknown split 'odd'; did you mean 'ood'\\?"),
        ("offset_sweep.margin", "x", "unknown split 'x'; known are val, ood, val-ood"),
        (3, "val", "a metric and a split are given by name; found 3 and 'val'"),
        (
            "bins_delta.delta",
            None,
            "a metric and a split are given by name; found 'bins_delta.delta' and None",
        ),
        ("bins_delta.delta", "val", "bins_delta.delta is not measured on val; found it on val-ood"),
    ],
)
def test_an_unknown_metric_is_told_with_the_nearest(name: Any, split: Any, message: str) -> None:  # noqa: ANN401
    with pytest.raises(UsageError, match=message):
        find_metric(METRICS, name, split)
