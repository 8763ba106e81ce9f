"""Which article outweighs the others, counted one window at a time."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.bank import build_bank
from gates.contracts import Bank
from gates.dominating import dominating_article
from schemas.records.inputs import Dominating


def bank_of(sizes: list[int], titles: dict[int, str] | None = None) -> Bank:
    rng = np.random.default_rng(0)
    return build_bank(
        rng.standard_normal((sum(sizes), 4)),
        np.repeat(np.arange(len(sizes)), sizes),
        np.concatenate([np.arange(size) for size in sizes]),
        source="bank",
        titles=titles,
    )


@given(st.lists(st.integers(1, 40), min_size=1, max_size=12))
def test_it_holds_a_quarter_of_the_windows_and_twice_its_share(sizes: list[int]) -> None:
    bank = bank_of(sizes)
    rows = np.arange(bank.rows)
    counts = Counter(bank.articles[row] for row in rows.tolist())
    article, most = max(counts.items(), key=lambda each: (each[1], -each[0]))
    heavy = 4 * most > len(rows) and most > 2 * len(rows) / len(sizes)
    assert dominating_article(bank, rows) == (Dominating(int(article), "", most) if heavy else None)


@pytest.mark.parametrize(
    ("title", "told"), [("A\n long  one", "A long one"), ("x" * 300, "x" * 200), ("so it\x1b", "so it\ufffd")]
)
def test_its_title_is_on_one_line(title: str, told: str) -> None:
    bank = bank_of([60, 10, 10, 10, 10], {0: title})
    assert dominating_article(bank, np.arange(100)) == Dominating(0, told, 60)


def test_only_the_evaluated_windows_count() -> None:
    bank = bank_of([60, 10, 10, 10, 10])
    assert dominating_article(bank, np.arange(52, 100)) is None
