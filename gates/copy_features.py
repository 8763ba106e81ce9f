"""How well each row of a pool agrees with what was read: the features of a weighted copy.

With c_j the centred rows of the context, r the centred ridge prediction and R a whitening matrix, a row v
has the features c_j . v (L of them), r . v, and for each R the L products R c_j . v and R r . v. A copy
``sum_j b_j c_j + sum_j d_j R c_j + e r + f R r`` scores v by their weighted sum.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from gates.choices import Choices
from gates.contracts import Bank, BoolArray, Dataset, FloatArray, IntArray, Window
from gates.fold_moments import Taught
from gates.pools import ArticlePool, article_pools
from gates.seeded import hash_rows
from gates.windows import context_rows

RIVALS = 256
"""At most this many of a pool are weighed against a target."""


@dataclass(frozen=True, eq=False)
class Reader:
    """What the windows of a fold are read with; made from other articles.

    Attributes:
        taught: the ridge solution and the centre.
        whiteners: (S, D, D) float32, each R that is tried.
    """

    taught: Taught
    whiteners: torch.Tensor


def copy_columns(context: int) -> list[int]:
    """The columns of ``sum_j b_j c_j``."""
    return list(range(context))


def logit_columns(context: int, whitener: int) -> list[int]:
    """The columns of b (L), d (L), e and f, with the whitening matrix of that number."""
    first = context + 1 + whitener * (context + 1)
    return [*range(context), *range(first, first + context), context, first + context]


def gather_choices(
    dataset: Dataset, last_rows: IntArray, readers: Mapping[int, Reader], fold: IntArray, *, seed: int
) -> Choices | None:
    """The features of the rivals of some windows, minus those of their targets.

    The bank is read an article at a time, and of it only what is a rival or a context. Windows whose
    target has no rival are left out; with more than :data:`RIVALS`, those rivals of a window count whose
    keyed hashes are smallest, whatever else is fitted.

    Args:
        dataset: where the windows lie, and their shape.
        last_rows: (n,) last context row of each.
        readers: fold -> what its windows are read with; windows of other folds are left out.
        fold: (n,) of each window's article.
        seed: of the rivals.

    Returns:
        (T, L + 1 + S * (L + 1)) leads in the order c, r, then R c and R r of each R; None where no
        window has a rival.
    """
    bank, window = dataset.bank, dataset.window
    leads, rivals = [], []
    for pool in article_pools(bank, last_rows, window):
        reader = readers.get(int(fold[pool.windows[0]]))
        chosen = None if reader is None else _rivals(pool, seed)
        if reader is None or chosen is None or not chosen.any():
            continue
        leads.append(_leads(bank, last_rows[pool.windows], window, pool, chosen, reader))
        counts = chosen.sum(axis=1)
        rivals.append(counts[counts > 0])
    return Choices(np.concatenate(leads), np.concatenate(rivals)) if leads else None


def _rivals(pool: ArticlePool, seed: int) -> BoolArray:
    """(m, r) which rows are weighed against each target."""
    chosen = pool.allowed.copy()
    chosen[np.arange(len(chosen)), pool.target] = False
    if chosen.shape[1] <= RIVALS:
        return chosen
    order = np.argsort(hash_rows(pool.rows, seed=seed, stream="rivals"), kind="stable")
    hashed = chosen[:, order]
    kept = hashed & (np.cumsum(hashed, axis=1) <= RIVALS)
    return np.asarray(kept[:, np.argsort(order)])


def _leads(
    bank: Bank, last_rows: IntArray, window: Window, pool: ArticlePool, chosen: BoolArray, reader: Reader
) -> FloatArray:
    """(t, P) leads of the chosen rivals of one article's windows, window after window."""
    needed = np.asarray(chosen.any(axis=0))
    needed[pool.target] = True
    place = np.cumsum(needed) - 1
    rows = torch.from_numpy(bank.vectors[pool.rows[needed]])
    contexts = context_rows(last_rows, window.context)
    read, position = np.unique(contexts, return_inverse=True)
    position = position.reshape(contexts.shape)
    vectors = torch.from_numpy(bank.vectors[read])
    centre = reader.taught.centre.float()
    flat = vectors[torch.from_numpy(position)].flatten(1)
    ridge = flat @ reader.taught.weight + (reader.taught.bias - centre)
    copies = vectors - centre

    which, column = np.nonzero(chosen)
    rival, target = place[column], place[pool.target][which]
    found: list[FloatArray] = []

    def products(seen: torch.Tensor, picked: list[IntArray], candidates: torch.Tensor) -> None:
        scores = (seen @ candidates.T).numpy()
        found.extend(scores[each, rival] - scores[each, target] for each in picked)

    places = [position[which, j] for j in range(window.context)]
    products(copies, places, rows)
    products(ridge, [which], rows)
    for whitener in reader.whiteners:
        whitened = rows @ whitener  # R is symmetric: R c . v = c . R v
        products(copies, places, whitened)
        products(ridge, [which], whitened)
    return np.stack(found, axis=1)
