"""The article that outweighs the others: what is told of a split is then mostly told of it."""

import numpy as np

from gates.contracts import Bank, IntArray
from schemas.records.inputs import Dominating, dominates
from schemas.text import printable

_TITLE = 200


def dominating_article(bank: Bank, last_rows: IntArray) -> Dominating | None:
    """The article with most windows, the first of equals, where it dominates.

    Args:
        bank: where the windows lie.
        last_rows: (n,) n >= 1 windows that are evaluated.
    """
    articles, counts = np.unique(bank.articles[last_rows], return_counts=True)
    largest = int(counts.argmax())
    windows, article = int(counts[largest]), int(articles[largest])
    if not dominates(windows, len(last_rows), len(articles)):
        return None
    title = printable(" ".join(bank.titles.get(article, "").split()))[:_TITLE]
    return Dominating(bank.id_of(article), title, windows)
