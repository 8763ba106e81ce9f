"""The direction that all chunks share: the mean row, which says nothing about which of them comes next."""

import numpy as np

from gates.contracts import Dataset, DoubleArray
from schemas.records.splits import TRAIN

_BLOCK = 8_192


def mean_row(dataset: Dataset) -> DoubleArray:
    """The mean row (D,) of the articles of train, in float64.

    Without a train split it is the mean of the whole bank, as the ``constant`` control answers: one vector
    of all articles together, which no window can be read from.
    """
    bank = dataset.bank
    rows = np.arange(bank.rows)
    if TRAIN in dataset.splits:
        articles = np.unique(bank.articles[dataset.splits[TRAIN].last_rows])
        rows = rows[np.isin(bank.articles, articles)]
    total = np.zeros(bank.dimension, dtype=np.float64)
    for start in range(0, len(rows), _BLOCK):  # rows are copied a block at a time: the bank may be mapped
        total += bank.vectors[rows[start : start + _BLOCK]].sum(axis=0, dtype=np.float64)
    return total / len(rows)
