"""The figures of an audit, against a plain calculation."""

import functools
import math
from collections.abc import Callable

import numpy as np
import pytest

from gatekeeper.data.audit import audit as auditing
from gatekeeper.data.audit import figures as audit_rows
from gates.bank import build_bank
from gates.contracts import Bank, Window
from gates.direction import learned_direction
from gates.frontier import linear_frontier
from gates.windows import window_rows
from schemas.reading.codec import decode, encode
from schemas.reading.schema import violation
from schemas.records.audit import (
    Audit,
)
from tests.gatekeeper.data.audit.audits import (
    GAPPED,
    audited,
    figures,
)
from tests.gates import naive_intervals

# Figures against a plain calculation.


class Reference:
    """Raw figures, one window at a time, keyed by (article, chunk)."""

    def __init__(self, bank: Bank, articles: list[int], context: int, horizon: int) -> None:
        self.chunks = {
            (int(a), int(c)): v.astype(np.float64)
            for a, c, v in zip(bank.articles, bank.chunks, bank.vectors, strict=True)
        }
        self.context, self.horizon = context, horizon
        self.windows = [p for p in self.chunks if p[0] in articles and self.has(p, 1 - context, horizon)]

    def has(self, last: tuple[int, int], first: int, end: int) -> bool:
        return all((last[0], last[1] + step) in self.chunks for step in range(first, end + 1))

    def cosine(self, last: tuple[int, int], one: int, two: int) -> float:
        a, b = (self.chunks[last[0], last[1] + step] for step in (one, two))
        return float(a @ b)

    def rows(self) -> dict[str, tuple[list[float], list[int]]]:
        h, context = self.horizon, self.context
        found: dict[str, Callable[[tuple[int, int]], float]] = {
            "seed delta": lambda p: self.cosine(p, 0, h) - self.cosine(p, 0, h - 1),
            "context coherence": lambda p: (
                math.fsum(self.cosine(p, step, step + 1) for step in range(1 - context, 0)) / (context - 1)
            ),
            "monotonicity": lambda p: self.cosine(p, 0, h) - self.cosine(p, 1 - context, h),
        }
        for place in range(1, context + 1):
            found[f"position {place} to target"] = functools.partial(self.cosine, one=place - context, two=h)
        owners = [article for article, _ in self.windows]
        values = {name: ([figure(p) for p in self.windows], owners) for name, figure in found.items()}
        both = [p for p in self.windows if self.has(p, -h, h)]
        values["matched delta"] = (
            [self.cosine(p, 0, h) - self.cosine(p, 0, -h) for p in both],
            [article for article, _ in both],
        )
        return values


def gapped_bank() -> Bank:
    """Twelve drifting articles of unequal length, one of them with a gap."""
    rng = np.random.default_rng(4)
    lengths = [20, 25, 18, 22, 19, 30, 21, 17, 24, 6, 23, 20]
    rows = np.concatenate([rng.standard_normal(9) + rng.standard_normal((n, 9)) for n in lengths])
    chunks = np.concatenate([np.arange(n) + (np.arange(n) > 8) * (i == 10) for i, n in enumerate(lengths)])
    return build_bank(rows, np.repeat(np.arange(12), lengths), chunks, source="gapped")


@pytest.mark.parametrize(("context", "horizon"), [(5, 1), (5, 2), (2, 4), (7, 2)])
def test_raw_figures_are_those_of_the_held_out_windows_one_by_one(context: int, horizon: int) -> None:
    bank = gapped_bank()
    rows = figures(audited(bank, GAPPED, context=context, horizon=horizon))
    reference = Reference(bank, list(range(6, 12)), context, horizon).rows()
    assert set(reference) == {name for name in rows if not name.startswith(("ridge", "order"))}
    for name, (values, owners) in reference.items():
        metric = rows[name].metric
        assert (metric.value, metric.low, metric.high) == pytest.approx(
            naive_intervals.of_mean(values, owners, 0.95), abs=1e-6
        )
        assert (metric.n, metric.articles) == (len(values), len(set(owners)))


def test_learned_figures_are_those_of_the_gates_on_held_out_articles() -> None:
    bank = gapped_bank()
    found = audited(bank, GAPPED, horizon=2, seed=3)
    fitted, measured = (
        window_rows(bank, articles, Window(5, 1)) for articles in (np.arange(6), np.arange(6, 12))
    )
    direction = learned_direction(bank, fitted, measured, context=5, confidence=0.95, seed=3)
    rows = figures(found)
    assert rows["ridge forward"].metric == direction.forward
    assert rows["ridge backward"].metric == direction.backward
    assert rows["ridge difference"].metric == direction.difference
    assert rows["order test"].metric == direction.order
    splits = {name: window_rows(bank, each, Window(5, 2)) for name, each in GAPPED.items()}
    expected = linear_frontier(bank, splits.pop("train"), splits, Window(5, 2), confidence=0.95, seed=3)
    assert list(found.frontier) == ["val", "ood"]
    assert found.frontier == expected


def test_a_threshold_is_met_where_it_is_reached(monkeypatch: pytest.MonkeyPatch, forward: Bank) -> None:
    value = figures(audited(forward))["context coherence"].metric.value
    assert value is not None
    for least, holds in ((value, True), (math.nextafter(value, 1.0), False)):
        monkeypatch.setattr(audit_rows, "COHERENCE", least)
        assert figures(audited(forward))["context coherence"].holds is holds


def test_large_data_is_measured_on_a_seeded_draw(monkeypatch: pytest.MonkeyPatch, forward: Bank) -> None:
    monkeypatch.setattr(auditing, "WINDOWS", 100)
    found = audited(forward)
    rows = figures(found)
    assert rows["ridge forward"].metric.n == 100
    assert rows["seed delta"].metric.n == 200  # a draw of each held-out split
    assert found.frontier["val"].points[0].margin.n <= 100
    assert found == audited(forward)
    assert figures(audited(forward, seed=1))["seed delta"] != rows["seed delta"]


def test_the_record_names_data_time_and_shape(forward: Bank) -> None:
    found = audited(forward, horizon=2, context=4)
    assert (found.schema_version, found.created) == ("1.0", "2026-05-04T03:02:01Z")
    assert (found.source, found.bank_sha256) == ("forward", forward.sha256)
    assert (found.context, found.horizon) == (4, 2)
    value = encode(found, where="audit")
    assert violation("audit", value) is None
    assert decode(Audit, value, where="audit") == found
