"""Variance and degrees of freedom against the dense matrix and exact fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.variance import variance_form

SIZES = st.lists(st.integers(1, 300), min_size=2, max_size=14)


def exact_degrees(sizes: list[int]) -> float:
    """The definition in fractions, which lose nothing however large a giant is."""
    n, groups = sum(sizes), range(len(sizes))
    w = [Fraction(size, n) for size in sizes]
    residual = [[Fraction(i == j) - w[j] for j in groups] for i in groups]
    d = [each**2 / (1 - each) for each in w]
    form = [[sum(residual[k][i] * d[k] * residual[k][j] for k in groups) for j in groups] for i in groups]
    trace = sum(form[i][i] for i in groups)
    return float(trace**2 / sum(form[i][j] ** 2 for i in groups for j in groups))


@settings(max_examples=60, deadline=None)
@given(SIZES)
def test_degrees_agree_with_the_dense_matrix(sizes: list[int]) -> None:
    found = variance_form(np.array(sizes)).degrees
    assert found == pytest.approx(exact_degrees(sizes), rel=1e-9)
    assert 1 - 1e-9 <= found <= len(sizes) - 1 + 1e-9


@pytest.mark.parametrize(
    ("sizes", "degrees"), [([5] * 9, 8.0), ([1, 1], 1.0), ([7, 300], 1.0), ([10**8, 1], 1.0)]
)
def test_degrees_in_closed_cases(sizes: list[int], degrees: float) -> None:
    assert variance_form(np.array(sizes)).degrees == pytest.approx(degrees, rel=1e-12)


@pytest.mark.parametrize("sizes", [[10**8, 1, 1, 2], [10**8, 10**8, 1], [1, 1, 1, 10**7], [3, 10**6, 5, 9]])
def test_a_giant_costs_no_digits(sizes: list[int]) -> None:
    assert variance_form(np.array(sizes)).degrees == pytest.approx(exact_degrees(sizes), rel=1e-9)


@pytest.mark.parametrize(("sizes", "share"), [([5] * 9, 1.0), ([1, 1], 1.0), ([3, 1], 0.6)])
def test_the_mean_of_v_in_closed_cases(sizes: list[int], share: float) -> None:
    # For weights .75 and .25: tr(A) = .5625/.25 * 2 * .0625 + .0625/.75 * 2 * .5625 = .375; sum w^2 = .625.
    assert variance_form(np.array(sizes)).share == pytest.approx(share)


def test_the_mean_of_v_in_simulation() -> None:
    sizes = np.array([195, *[10] * 11])
    w = sizes / sizes.sum()
    means = np.random.default_rng(0).standard_normal((20_000, 12))
    v = ((w * (means - (means @ w)[:, None])) ** 2 / (1 - w)).sum(axis=1)
    assert variance_form(sizes).share == pytest.approx(v.mean() / (w**2).sum(), rel=0.03)


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_two_articles_leave_one_degree_to_the_last_digit(first: int, second: int) -> None:
    # A report holds no fewer; by rounding 50 and 526 windows would have a hair less.
    assert variance_form(np.array([first, second])).degrees == 1.0


@given(st.integers(2, 40), st.integers(1, 3000))
def test_equal_articles_leave_no_more_than_they_are(articles: int, windows: int) -> None:
    assert variance_form(np.full(articles, windows)).degrees <= articles - 1
