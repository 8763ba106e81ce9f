"""All rows of a bank against all targets, by one large product in float32.

A row is clearly closer than the target, clearly farther, or close: within the rounding of the
product. Clear ones are counted, close ones listed, so that whoever asks can decide them exactly.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from gates.contracts import Bank, DoubleArray, FloatArray, IntArray
from gates.options import Backend

_QUERIES = 512
_LISTED_ROWS = 65_536
_COUNTED_ROWS = 4_096  # their scores fit a processor's cache; an accelerator is given more at once
_SAMPLED_ROWS = 1_024
_FEW = 1 / 32


def close_within(dimension: int) -> float:
    """Rows whose score lies within this of the target's are close.

    A float32 sum of D products of unit rows is off by at most ``(D + 1) 2**-24`` in any order of
    summation; the target's score enters as one more term of at most 1, which doubles the bound.
    Twice (D + 4) leaves room for rounding the target's score and the rows' own norms.
    """
    return 2.0 * (dimension + 4) * 2.0**-24


@dataclass(frozen=True, eq=False)
class Candidates:
    """What some rows are to some queries.

    Attributes:
        queries, rows: (n,) each, the pairs that are close.
        better: (m,) of every query, how many rows are clearly closer than its target.
    """

    queries: IntArray
    rows: IntArray
    better: IntArray


def search_bank(
    predictions: FloatArray,
    bank: Bank,
    target_scores: DoubleArray,
    *,
    backend: Backend,
    device: torch.device,
) -> Iterator[Candidates]:
    """Every row once for every query, in parts; a target's own row is among the close ones.

    Args:
        predictions: (m, D) unit rows.
        bank: the rows.
        target_scores: (m,) inner products of the predictions with their targets.
        backend: which library makes the product. faiss leaves it to torch where many rows are closer
            than the targets, because a range search lists them all.
        device: where torch makes it.
    """
    if backend == "faiss" and _mostly_first(predictions, bank, target_scores):
        yield from _listed(predictions, bank, target_scores)
    else:
        yield from _counted(predictions, bank, target_scores, device)


def _mostly_first(predictions: FloatArray, bank: Bank, target_scores: DoubleArray) -> bool:
    """Whether few of some rows, spread over the bank, are closer than the targets."""
    sample = bank.vectors[:: -(-bank.rows // _SAMPLED_ROWS)]
    closer = 0
    for start in range(0, len(predictions), _QUERIES):
        part = slice(start, start + _QUERIES)
        closer += int((predictions[part] @ sample.T > target_scores[part, None]).sum())
    return closer <= _FEW * len(sample) * len(predictions)


def _counted(
    predictions: FloatArray, bank: Bank, target_scores: DoubleArray, device: torch.device
) -> Iterator[Candidates]:
    """By a matrix product of torch."""
    close = close_within(bank.dimension)
    queries = torch.from_numpy(predictions).to(device)
    targets = torch.from_numpy(target_scores.astype(np.float32)).to(device)[:, None]
    step = _COUNTED_ROWS if device.type == "cpu" else _LISTED_ROWS
    for row_start in range(0, bank.rows, step):
        rows = torch.from_numpy(bank.vectors[row_start : row_start + step]).to(device)
        better = np.zeros(len(predictions), dtype=np.int64)
        found: list[tuple[IntArray, IntArray]] = []
        for start in range(0, len(predictions), _QUERIES):
            part = slice(start, start + _QUERIES)
            lead = queries[part] @ rows.T
            lead -= targets[part]
            better[part] = (lead > close).sum(dim=1).cpu().numpy()
            query, row = torch.nonzero(lead.abs_() <= close, as_tuple=True)
            found.append((query.cpu().numpy() + start, row.cpu().numpy() + row_start))
        yield Candidates(np.concatenate([q for q, _ in found]), np.concatenate([r for _, r in found]), better)


def _listed(predictions: FloatArray, bank: Bank, target_scores: DoubleArray) -> Iterator[Candidates]:
    """By a range search of faiss."""
    # faiss is imported only here: it and torch can clash over OpenMP on macOS.
    import faiss

    # range_search takes one radius for all queries. An extra coordinate, -target score in the
    # query and 1 in the row, turns the product into the lead over the target, so one radius fits.
    # One block of rows is indexed at a time, so that the bank is never copied as a whole.
    close = close_within(bank.dimension)
    shifted = np.hstack([predictions, -target_scores.astype(np.float32)[:, None]])
    for row_start in range(0, bank.rows, _LISTED_ROWS):
        block = bank.vectors[row_start : row_start + _LISTED_ROWS]
        index = faiss.IndexFlatIP(bank.dimension + 1)
        index.add(np.hstack([block, np.ones((len(block), 1), dtype=np.float32)]))
        for start in range(0, len(shifted), _QUERIES):
            limits, lead, row = index.range_search(shifted[start : start + _QUERIES], -close)
            query = np.repeat(np.arange(len(limits) - 1), np.diff(limits).astype(np.int64)) + start
            clear = lead > close
            better = np.bincount(query[clear], minlength=len(predictions))
            yield Candidates(query[~clear], row[~clear].astype(np.int64) + row_start, better)
