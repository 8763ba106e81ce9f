"""Articles of train that choose the epochs where the data has no split for it."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np

from gates.contracts import Dataset, Split
from gates.options import Options
from gates.ridge import holdout_articles
from gates.windows import at_most
from schemas.records.splits import SELECT, TRAIN

SHARE = 0.1
"""Of train's articles that are held out ..."""

FEWEST = 8
"""... at least so many ..."""

MOST_SHARE = 1 / 3
"""... and never more than this share: rather than learn from so little, a run lets val choose."""


def with_select(dataset: Dataset, options: Options, *, seed: int) -> Dataset:
    """The data with a split ``select``: its own, else some articles of train, which train then lacks.

    Args:
        dataset: with a split train.
        options: what the gates need to measure a split at all.
        seed: of the draw.

    Returns:
        The same data where it has a split ``select``, or too few articles to spare some.
    """
    if SELECT in dataset.splits:
        return dataset
    rows = dataset.splits[TRAIN].last_rows
    articles = dataset.bank.articles[rows]
    count = len(np.unique(articles))
    wanted = max(round(SHARE * count), FEWEST, options.min_articles)
    if wanted > MOST_SHARE * count:
        return dataset
    held = holdout_articles(articles, fraction=wanted / count, seed=seed)
    measured = at_most(dataset.bank, rows[held], per_article=options.max_per_article, seed=options.seed)
    if len(measured) < options.min_samples:
        return dataset
    split = {TRAIN: Split(TRAIN, rows[~held]), SELECT: Split(SELECT, rows[held])}
    return replace(dataset, splits=MappingProxyType({**dataset.splits, **split}))
