"""The raw figures of an audit, window by window."""

import numpy as np
import pytest

from gatekeeper.data.audit.figures import raw_rows
from gates.contracts import Bank, Window
from gates.windows import window_rows
from schemas.records.audit import AuditRow

CONTEXT, HORIZON = 4, 2


@pytest.fixture
def rows(forward: Bank) -> dict[str, AuditRow]:
    window = Window(CONTEXT, HORIZON)
    last = window_rows(forward, None, window)
    return {row.name: row for row in raw_rows(forward, last, window)}


def places(bank: Bank) -> dict[tuple[int, int], np.ndarray]:
    pairs = zip(bank.articles.tolist(), bank.chunks.tolist(), strict=True)
    return dict(zip(pairs, bank.vectors.astype(np.float64), strict=True))


def test_every_figure_is_the_mean_over_windows(forward: Bank, rows: dict[str, AuditRow]) -> None:
    chunks = places(forward)
    windows = [(a, c) for a, c in chunks if (a, c - CONTEXT + 1) in chunks and (a, c + HORIZON) in chunks]

    def cos(article: int, one: int, other: int) -> float:
        return float(chunks[article, one] @ chunks[article, other])

    def check(name: str, values: list[float]) -> None:
        assert rows[name].metric.value == pytest.approx(sum(values) / len(values), abs=1e-6)
        assert rows[name].metric.n == len(values)

    check("seed delta", [cos(a, c, c + HORIZON) - cos(a, c, c + HORIZON - 1) for a, c in windows])
    inside = [(a, c) for a, c in windows if (a, c - HORIZON) in chunks]
    check("matched delta", [cos(a, c, c + HORIZON) - cos(a, c, c - HORIZON) for a, c in inside])
    positions = [
        [cos(a, c - CONTEXT + 1 + place, c + HORIZON) for a, c in windows] for place in range(CONTEXT)
    ]
    for place, values in enumerate(positions, start=1):
        check(f"position {place} to target", values)
    check("monotonicity", [end - begin for begin, end in zip(positions[0], positions[-1], strict=True)])
    steps = range(CONTEXT - 1)
    adjacent = [sum(cos(a, c - i - 1, c - i) for i in steps) / len(steps) for a, c in windows]
    check("context coherence", adjacent)


def test_only_the_published_thresholds_hold_or_do_not(rows: dict[str, AuditRow]) -> None:
    judged = {name: row for name, row in rows.items() if row.holds is not None}
    assert set(judged) == {"context coherence", "monotonicity"}
    for name, least in (("context coherence", 0.40), ("monotonicity", 0.08)):
        value = judged[name].metric.value
        assert value is not None
        assert judged[name].holds == (value >= least)
        assert judged[name].threshold == f">= {least:.2f}"
