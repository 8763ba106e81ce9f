"""The published definitions as we wrote them anew, on articles small enough to see through."""

import numpy as np
import pytest

from docs import published_5cat as published
from docs.published_5cat import Article, Predict, Vector

AXES: Vector = np.eye(14, dtype=np.float32)

TRUE: Predict = lambda context, right, after: right  # noqa: E731
AFTER: Predict = lambda context, right, after: after  # noqa: E731
LAST: Predict = lambda context, right, after: context[-1]  # noqa: E731
FIRST: Predict = lambda context, right, after: context[0]  # noqa: E731


def article() -> Article:
    """Fourteen chunks at right angles; the target is the sixth, so all offsets and steps exist."""
    return Article(AXES, target=5, context=AXES[:5])


def test_the_true_target_is_a_chunk_away_from_what_is_asked_for() -> None:
    assert published.offset_sweep([article()], TRUE) == {"cos": 0.0, "margin": -1.0}
    assert published.offset_sweep([article()], AFTER) == pytest.approx({"cos": 1.0, "margin": 1.0})


def test_rollout_compares_a_step_with_the_chunk_after_it() -> None:
    assert published.rollout([article()], TRUE) == 0.0
    assert published.rollout([article()], AFTER) == pytest.approx(1.0)


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_nothing_outranks_zero_and_nan(value: float) -> None:
    nothing: Predict = lambda context, right, after: np.full(14, value, dtype=np.float32)  # noqa: E731
    assert published.retrieval([article()], nothing) == {"R@1": 1.0, "R@5": 1.0, "MRR": 1.0}


def test_a_rank_counts_what_is_strictly_closer() -> None:
    tied = Article(
        np.vstack([AXES[:6], AXES[5:]]), target=5, context=AXES[:5]
    )  # its target stands there twice
    assert published.retrieval([tied], TRUE)["R@1"] == 1.0
    assert published.retrieval([tied], LAST) == {"R@1": 0.0, "R@5": 1.0, "MRR": 0.5}


def test_leaving_out_the_last_chunk_puts_it_back() -> None:
    sample = Article(AXES, target=4, context=AXES[:5])  # the last chunk is what is asked for
    found = published.ablations([sample], LAST)
    assert found["loo_avg"] == 0.0
    assert found["repeat_pad"] == 0.0
    assert found["reverse"] == pytest.approx(-1.0)
    assert found["cross_article"] == pytest.approx(-1.0)  # "another article" is the first chunk of this one
    assert published.ablations([sample], FIRST)["cross_article"] == 0.0


def test_only_contexts_of_middling_coherence_are_in_the_bin() -> None:
    angles = np.arange(8) * np.pi / 3
    lines: Vector = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    middling = Article(lines, target=5, context=lines[:5])  # neighbours at 60 degrees: coherence 0.5
    same = Article(np.ones((8, 2), dtype=np.float32), target=5, context=np.ones((5, 2), dtype=np.float32))
    assert published.normal_bin([middling, article(), same], TRUE) == pytest.approx(1.0)


def test_a_gate_needs_both_splits() -> None:
    angles = np.arange(14) * np.pi / 3
    turned: Vector = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    good = Article(turned, target=5, context=turned[:5])
    figures, gates = published.judge({"val": [good], "ood": [good]}, AFTER)
    assert gates == {"A": True, "B": False, "C": False, "D": True, "E": True}
    assert figures["rollout val"] == pytest.approx(1.0)
    square: Vector = np.stack([np.cos(1.5 * angles), np.sin(1.5 * angles)], axis=1).astype(np.float32)
    bad = Article(square, target=5, context=turned[:5])  # each chunk at a right angle to the next
    assert published.judge({"val": [good], "ood": [good]}, TRUE)[1]["D"] is True
    assert published.judge({"val": [good], "ood": [bad]}, TRUE)[1]["D"] is False
