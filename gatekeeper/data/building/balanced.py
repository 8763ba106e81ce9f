"""Splits of a bank that nobody has divided yet: by article, with a seed, balanced by length."""

from collections.abc import Mapping

import numpy as np

from gates.contracts import Bank, IntArray, Window
from gates.seeded import hash_rows
from gates.windows import window_rows
from schemas.errors import DataError
from schemas.records.splits import OOD, TRAIN, VAL

BALANCED = "balanced"
"""What asks for these splits."""

LEAST = 15
"""Articles that have a window. With fewer, no split has the five that an interval needs."""

_EACH, _FROM, _SHARE = 20, 60, 0.15


class TooFewArticlesError(DataError):
    """Three splits cannot be made of so few articles; the message says how many are missing."""


def held_out(articles: int) -> int:
    """Articles of val, and of ood: a third each below 60, then 20, and 15% where that is more.

    Example:
        >>> [held_out(count) for count in (15, 59, 60, 100, 1000)]
        [5, 19, 20, 20, 150]
    """
    return articles // 3 if articles < _FROM else max(_EACH, round(_SHARE * articles))


def usable_articles(bank: Bank, window: Window) -> IntArray:
    """Articles that have at least one window, ascending."""
    found: IntArray = np.unique(bank.articles[window_rows(bank, np.unique(bank.articles), window)])
    return found


def balanced_splits(bank: Bank, window: Window, *, seed: int) -> Mapping[str, IntArray]:
    """Train, val and ood, each with short, middling and long articles in like parts.

    The articles are put in order of their number of windows. Going through them, each is given to the split
    that lags most behind its share; among articles of about the same length a seeded hash says which comes
    first. An article without a window is in no split.

    Args:
        bank: all articles.
        window: the shape of the windows.
        seed: of the order.

    Raises:
        TooFewArticlesError: fewer than 15 articles have a window.
    """
    rows = window_rows(bank, np.unique(bank.articles), window)
    articles, windows = np.unique(bank.articles[rows], return_counts=True)
    if len(articles) < LEAST:
        raise TooFewArticlesError(
            f"{len(articles)} articles have {window.context + window.horizon} chunks or more, and at least "
            f"{LEAST} must: {LEAST - len(articles)} are missing"
        )
    each = held_out(len(articles))
    wanted = {TRAIN: len(articles) - 2 * each, VAL: each, OOD: each}
    found: dict[str, list[int]] = {name: [] for name in wanted}
    for place, article in enumerate(_by_length(articles, windows, seed, block=len(articles) // each), 1):
        lag = {name: place * wanted[name] / len(articles) - len(found[name]) for name in wanted}
        found[max(lag, key=lambda name: lag[name])].append(article)
    return {name: np.array(sorted(each), dtype=np.int64) for name, each in found.items()}


def _by_length(articles: IntArray, windows: IntArray, seed: int, block: int) -> list[int]:
    """Articles by their windows, in blocks of neighbours whose order is drawn."""
    ranked = articles[np.lexsort((articles, windows))]
    blocks = np.arange(len(ranked)) // max(block, 1)
    order: list[int] = ranked[np.lexsort((hash_rows(ranked, seed=seed, stream="balanced"), blocks))].tolist()
    return order
