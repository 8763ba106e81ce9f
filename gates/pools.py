"""The rivals that a target is told from: the rows of its article that could have been the target.

A row can be a target where a whole window fits before it: its run holds at least L + horizon - 1 rows
before it. The first rows of an article never can. A predictor knows that of a row without reading
anything, so openings as rivals would pay it for what is no knowledge of the next chunk. The rows of the
window's own context are left out as well: whoever has read them can rule them out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gates.contracts import Bank, BoolArray, IntArray, Window
from gates.windows import fits


@dataclass(frozen=True, eq=False)
class ArticlePool:
    """The windows of one article with the rows that are candidates for at least some of them.

    Only row numbers: the vectors of a bank that is mapped are read by whoever needs them, an article at
    a time.

    Attributes:
        windows: (m,) ascending places of the windows among those that were asked for.
        rows: (r,) ascending bank rows that can be a target.
        target: (m,) the column of each window's target among ``rows``.
        allowed: (m, r) whether a row is a candidate for a window, the target among them: every row but
            those of the window's context.
    """

    windows: IntArray
    rows: IntArray
    target: IntArray
    allowed: BoolArray

    @property
    def sizes(self) -> IntArray:
        """(m,) candidates of each window with the target among them, at least 1."""
        found: IntArray = self.allowed.sum(axis=1)
        return found

    def several(self) -> "ArticlePool":
        """The windows whose target has a rival; where it has none there is nothing to be known."""
        kept = self.sizes > 1
        return ArticlePool(self.windows[kept], self.rows, self.target[kept], self.allowed[kept])


def article_pools(bank: Bank, last_rows: IntArray, window: Window) -> Iterator[ArticlePool]:
    """The pools of some windows, an article at a time in the order of the bank.

    Args:
        bank: where the windows lie.
        last_rows: (n,) last context row of each window, in any order.
        window: their shape.

    Yields:
        One pool for each article that has windows.
    """
    first_rows = bank.article_first[last_rows]
    order = np.argsort(first_rows, kind="stable")
    starts = np.flatnonzero(np.diff(first_rows[order], prepend=-1))
    for windows in np.split(order, starts[1:]):
        if len(windows):
            yield _pool(bank, windows, last_rows[windows], window)


def _pool(bank: Bank, windows: IntArray, last_rows: IntArray, window: Window) -> ArticlePool:
    first = bank.article_first[last_rows[0]]
    every = np.arange(first, bank.article_last[first] + 1)
    rows = every[fits(bank, every, before=window.context + window.horizon - 1, after=0)]
    allowed = np.ones((len(windows), len(rows)), dtype=np.bool_)
    seen = np.searchsorted(rows, last_rows - window.context + 1)
    unseen = np.searchsorted(rows, last_rows, side="right")
    for place in range(window.context):  # those of the context that can be a target lie side by side
        hit = np.flatnonzero(seen + place < unseen)
        allowed[hit, seen[hit] + place] = False
    return ArticlePool(windows, rows, np.searchsorted(rows, last_rows + window.horizon), allowed)
