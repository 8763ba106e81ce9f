"""Directed data, its reversal, and articles that run backwards."""

import functools

import numpy as np
import pytest

from gatekeeper.data.audit import findings as audit_verdict
from gatekeeper.data.synthetic.worlds import reversed_bank, shuffled_bank
from gates.bank import build_bank
from gates.contracts import Bank
from schemas.reading.codec import encode
from schemas.reading.schema import violation
from tests.gatekeeper.data.audit.audits import (
    CHUNKS,
    NO_DIRECTION,
    audited,
    bank_of,
    figures,
)


@functools.cache
def directed() -> Bank:
    """x[t] = unit([u[t], 3 u[t-1]]) in a random rotation: the future follows better than the past."""
    rng = np.random.default_rng(0)
    turn, _ = np.linalg.qr(rng.standard_normal((8, 8)))
    fresh = rng.standard_normal((60, CHUNKS + 1, 4))
    rows = np.concatenate([fresh[:, 1:], 3.0 * fresh[:, :-1]], axis=2) @ turn
    return bank_of(rows.reshape(-1, 8))


# Direction.


def test_a_directed_world_is_found_its_reversal_the_opposite_and_a_shuffled_one_neither() -> None:
    bank = directed()
    found, back, mixed = (
        audited(each)
        for each in (
            bank,
            reversed_bank(bank, source="reversed"),
            shuffled_bank(bank, seed=0, source="shuffled"),
        )
    )
    assert (found.direction, back.direction, mixed.direction) == ("forward", "backward", "none")
    difference = figures(found)["ridge difference"].metric.value or 0.0
    by = f"by {difference:.3f} of cosine"
    assert found.findings[0] == f"the data is directed forward: a linear map predicts the future better, {by}"
    assert back.findings[0] == f"the data is directed backward: a linear map predicts the past better, {by}"
    assert mixed.findings[0] == NO_DIRECTION
    order = figures(mixed)["order test"].metric
    assert order.low is not None
    assert order.high is not None
    assert order.low < 0.5 < order.high


def test_articles_that_run_backwards_are_named_and_more_than_a_few_are_a_problem() -> None:
    bank, turned = directed(), (2, 40)
    chunks = bank.chunks.copy()
    for article in turned:
        chunks[bank.articles == article] = chunks[bank.articles == article][::-1]
    planted = build_bank(bank.vectors, bank.articles, chunks, source="bank.npz")
    found = audited(planted)
    assert {(each.article, each.what) for each in found.misplaced} == {(2, "order"), (40, "order")}
    assert "2 of 60 articles run backwards; turn them round or leave them out" in found.problems
    assert "2 article(s) run backwards: 2, 40" in found.findings
    assert violation("audit", encode(found, where="audit")) is None
    whole = audited(bank)
    assert whole.misplaced == ()
    assert "no article runs backwards, as far as the direction of vectors can tell" in whole.findings


def test_a_world_and_its_reversal_swap_what_is_learned_and_share_what_is_raw() -> None:
    bank = directed()
    rows = figures(audited(bank, horizon=2))
    back = figures(audited(reversed_bank(bank, source="reversed"), horizon=2))
    for one, two in (("ridge forward", "ridge backward"), ("ridge backward", "ridge forward")):
        assert rows[one].metric.value == pytest.approx(back[two].metric.value, abs=1e-4)
    assert rows["order test"].metric == back["order test"].metric
    # The windows at the ends of the articles differ, no more.
    assert rows["seed delta"].metric.value == pytest.approx(back["seed delta"].metric.value, abs=0.02)
    matched = rows["matched delta"].metric.value, back["matched delta"].metric.value
    assert matched[0] == pytest.approx(-(matched[1] or 0.0), abs=0.02)


def test_a_difference_whose_interval_reaches_the_limit_is_no_direction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    difference = figures(audited(directed()))["ridge difference"].metric
    assert difference.low is not None
    for limit, direction in ((difference.low - 1e-6, "forward"), (difference.low, "none")):
        monkeypatch.setattr(audit_verdict, "SAME", limit)
        assert audited(directed()).direction == direction
