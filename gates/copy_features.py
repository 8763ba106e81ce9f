"""How well each row of a pool agrees with what was read: the features of a weighted copy.

With c_j the centred rows of the context, r the centred ridge prediction and R a whitening matrix, a row v
has the features c_j . v (L of them), r . v, and for each R the L products R c_j . v and R r . v. A copy
``sum_j b_j c_j + sum_j d_j R c_j + e r + f R r`` scores v by their weighted sum.
"""

from collections.abc import Iterator, Mapping, Sequence
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

_BLOCK = 1_024
"""Windows that are read together, unless one article has more."""


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
    asked: dict[int, list[_Asked]] = {k: [] for k in readers}
    for number, pool in enumerate(article_pools(dataset.bank, last_rows, dataset.window)):
        k = int(fold[pool.windows[0]])
        chosen = _rivals(pool, seed) if k in readers else None
        if chosen is not None and chosen.any():
            asked[k].append(_Asked(number, last_rows[pool.windows], pool, chosen))
    found: dict[int, tuple[FloatArray, IntArray]] = {}
    for k, reader in readers.items():
        for block in _blocks(asked[k]):
            leads = _leads(dataset.bank, block, dataset.window, reader)
            for each, theirs in zip(block, leads, strict=True):
                counts = each.chosen.sum(axis=1)
                found[each.number] = theirs, counts[counts > 0]
    if not found:
        return None
    leads_of, rivals_of = zip(*(found[number] for number in sorted(found)), strict=True)
    return Choices(np.concatenate(leads_of), np.concatenate(rivals_of))


@dataclass(frozen=True, eq=False)
class _Asked:
    """The windows of an article.

    Attributes:
        number: of the article among those that have windows.
        last_rows: (m,). pool: of their candidates. chosen: (m, r) those that are weighed.
    """

    number: int
    last_rows: IntArray
    pool: ArticlePool
    chosen: BoolArray


def _blocks(asked: Sequence[_Asked]) -> Iterator[list[_Asked]]:
    """Articles that are read together: one product serves all their windows."""
    block: list[_Asked] = []
    windows = 0
    for each in asked:
        if block and windows + len(each.last_rows) > _BLOCK:
            yield block
            block, windows = [], 0
        block.append(each)
        windows += len(each.last_rows)
    if block:
        yield block


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


def _leads(bank: Bank, asked: list[_Asked], window: Window, reader: Reader) -> Iterator[FloatArray]:
    """(t, P) leads of the chosen rivals, an article at a time, window after window."""
    contexts = context_rows(np.concatenate([each.last_rows for each in asked]), window.context)
    read, position = np.unique(contexts, return_inverse=True)
    position = position.reshape(contexts.shape)
    vectors = torch.from_numpy(bank.vectors[read])
    centre = reader.taught.centre.float()
    flat = vectors[torch.from_numpy(position)].flatten(1)
    ridge = flat @ reader.taught.weight + (reader.taught.bias - centre)
    copies = vectors - centre
    # The few that were read are whitened, not the many rivals: R c . v = c . R v.
    copies_in = [copies, *(copies @ whitener for whitener in reader.whiteners)]
    ridge_in = [ridge, *(ridge @ whitener for whitener in reader.whiteners)]
    first = 0
    for each in asked:
        windows = slice(first, first + len(each.last_rows))
        places = position[windows]
        start, end = int(places.min()), int(places.max()) + 1  # the rows of an article lie side by side
        needed = np.asarray(each.chosen.any(axis=0))
        needed[each.pool.target] = True
        rows = torch.from_numpy(bank.vectors[each.pool.rows[needed]]).T
        chosen, target = each.chosen[:, needed], (np.cumsum(needed) - 1)[each.pool.target]
        scores: list[FloatArray] = []
        for copy, linear in zip(copies_in, ridge_in, strict=True):
            of_copies, of_ridge = (copy[start:end] @ rows).numpy(), (linear[windows] @ rows).numpy()
            scores += [*(of_copies[place] for place in (places - start).T), of_ridge]
        own = np.arange(len(target)), target
        yield np.stack([(each - each[own][:, None])[chosen] for each in scores], axis=1)
        first = windows.stop
