"""What an interval rests on, counted by hand."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.clusters import Clusters, Grouped
from gates.intervals import estimate_mean


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 10**4), min_size=1, max_size=40))
def test_effective_articles_compare_as_whole_numbers(sizes: list[int]) -> None:
    found = Clusters.of(np.array(sizes)).effective
    total, squares = sum(sizes), sum(size**2 for size in sizes)
    assert found == float(Fraction(total**2, squares))
    for k in range(1, 13):
        assert (found >= k) == (total**2 >= k * squares)


def test_grouped_samples_give_the_figures_of_their_articles() -> None:
    articles = np.array([7, 3, 7, 7, 9])
    grouped = Grouped.of(articles)
    assert grouped.place.tolist() == [1, 0, 1, 1, 2]
    assert grouped.inflation.tolist() == pytest.approx([5 / 4, 5 / 2, 5 / 4])
    assert (grouped.clusters.n, grouped.clusters.articles) == (5, 3)
    assert Grouped.of(grouped) is grouped
    values = np.array([0.1, 0.5, -0.3, 0.2, 0.9])
    assert estimate_mean(values, grouped) == estimate_mean(values, articles)


def test_a_single_article_has_nothing_to_compare_with() -> None:
    grouped = Grouped.of(np.array([4, 4]))
    assert (grouped.inflation.tolist(), grouped.clusters.degrees) == ([], None)
    assert estimate_mean(np.array([1.0, 2.0]), grouped).error is None
