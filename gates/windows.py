"""Windows: which rows of the bank can be a context with a target, and splits made of them."""

import hashlib
import itertools
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import numpy as np

from gates.contracts import Bank, BoolArray, Dataset, IntArray, Split, Window
from gates.seeded import hash_rows
from schemas.errors import DataError, UsageError


def fits(bank: Bank, last_rows: IntArray, *, before: int, after: int) -> BoolArray:
    """Whether the ``before`` rows up to the one before ``last_rows`` and ``after`` rows after exist.

    Args:
        bank: the bank.
        last_rows: (n,) rows.
        before: rows needed before each row (L - 1 for a context of L).
        after: rows needed after it.

    Returns:
        (n,) True where all of them lie in the row's own gap-free run.
    """
    return (last_rows - before >= bank.run_first[last_rows]) & (last_rows + after <= bank.run_last[last_rows])


def window_rows(bank: Bank, articles: IntArray | None, window: Window) -> IntArray:
    """Last rows of all windows of the given articles (of all articles when None), ascending.

    A window is ``window.context`` consecutive chunks of one article whose target, ``window.horizon``
    chunks after the last one, exists as well with no gap in between.
    """
    rows = np.arange(bank.rows, dtype=np.int64)
    if articles is not None:
        rows = rows[np.isin(bank.articles, articles)]
    return rows[fits(bank, rows, before=window.context - 1, after=window.horizon)]


def context_rows(last_rows: IntArray, context: int) -> IntArray:
    """(n, L) bank rows of each window, oldest first."""
    return last_rows[:, None] + np.arange(1 - context, 1, dtype=np.int64)


def make_dataset(bank: Bank, splits: Mapping[str, IntArray], window: Window) -> Dataset:
    """Check splits given as last rows and bind them to their bank.

    Raises:
        DataError: a split has no window, names a row that is no window, or shares an article
            with another split.
    """
    checked: dict[str, Split] = {}
    for name, given in splits.items():
        rows = np.unique(np.asarray(given, dtype=np.int64))
        if rows.size == 0:
            raise DataError(
                f"split {name!r} of {bank.source} has no window of {window.context} chunks with a target "
                f"{window.horizon} further on; name longer or more articles"
            )
        if rows[0] < 0 or rows[-1] >= bank.rows:
            raise DataError(f"split {name!r} names row {rows[-1]}, but {bank.source} has {bank.rows} rows")
        bad = rows[~fits(bank, rows, before=window.context - 1, after=window.horizon)]
        if bad.size:
            raise DataError(
                f"split {name!r}: {bad.size} window(s) cross an article or a gap in the chunk index, "
                f"first the one that ends at row {bad[0]} (article {bank.id_of(bank.articles[bad[0]])})"
            )
        checked[name] = Split(name=name, last_rows=rows)
    refuse_shared_articles(
        bank, {name: np.unique(bank.articles[split.last_rows]) for name, split in checked.items()}
    )
    return Dataset(bank=bank, splits=MappingProxyType(checked), window=window)


def shared_articles(splits: Mapping[str, IntArray]) -> Iterator[tuple[str, str, IntArray]]:
    """Each pair of splits that share articles, with the articles; splits are name -> articles."""
    for (first, mine), (second, theirs) in itertools.combinations(splits.items(), 2):
        shared = np.intersect1d(mine, theirs)
        if shared.size:
            yield first, second, shared


def refuse_shared_articles(bank: Bank, splits: Mapping[str, IntArray]) -> None:
    """An article belongs to one split only, also one too short for a window.

    Args:
        bank: the bank.
        splits: name -> articles.

    Raises:
        DataError: names the first pair of splits that share one.
    """
    for first, second, shared in shared_articles(splits):
        raise DataError(
            f"splits {first!r} and {second!r} share {shared.size} article(s), first article "
            f"{bank.id_of(shared[0])}; "
            "an article may belong to one split only"
        )


def at_most(bank: Bank, last_rows: IntArray, *, per_article: int | None, seed: int) -> IntArray:
    """A seeded draw of at most ``per_article`` windows of each article, ascending; all of them when None.

    Of each article the windows with the smallest keyed hashes are kept, so a smaller draw is a subset of a
    larger one, and neither other articles nor the order of the windows matter.
    """
    if per_article is None:
        return np.sort(last_rows)
    if per_article < 1:
        raise UsageError(f"the windows of an article must be at least 1; found {per_article}")
    articles = bank.articles[last_rows]
    hashes = hash_rows(last_rows, seed=seed, stream="article")
    order = np.lexsort((last_rows, hashes, articles))
    _, first, sizes = np.unique(articles[order], return_index=True, return_counts=True)
    place = np.arange(len(order)) - np.repeat(first, sizes)
    return np.sort(last_rows[order[place < per_article]])


def draw(last_rows: IntArray, *, count: int | None, seed: int) -> IntArray:
    """A seeded draw of ``count`` windows across all articles, ascending; all of them when None.

    The windows with the smallest keyed hashes are kept, so a smaller draw is a subset of a larger
    one and the draw does not depend on the order of the windows.
    """
    if count is None or count >= len(last_rows):
        return np.sort(last_rows)
    if count < 1:
        raise UsageError(f"the sample size must be at least 1; found {count}")
    smallest = np.argsort(hash_rows(last_rows, seed=seed, stream="draw"), kind="stable")[:count]
    return np.sort(last_rows[smallest])


def rows_digest(last_rows: IntArray) -> str:
    """SHA-256 of a set of windows."""
    return hashlib.sha256(np.sort(last_rows).astype("<i8").tobytes()).hexdigest()
