"""All rows that lie near some others, by one large product in float32."""

from dataclasses import dataclass

import numpy as np
import torch

from gates.contracts import FloatArray, IntArray

_QUERIES = 512


@dataclass(frozen=True, eq=False)
class NearRows:
    """Pairs of a query and a row.

    Attributes:
        queries, rows: (n,) each, by number; the queries ascend, and the rows of each.
        cosines: (n,) float32, within :func:`gates.bank_search.close_within` of the truth.
    """

    queries: IntArray
    rows: IntArray
    cosines: FloatArray


def near_rows(queries: torch.Tensor, rows: torch.Tensor, least: float) -> NearRows:
    """The pairs whose cosine is at least ``least``, as far as a float32 product can tell.

    Args:
        queries: (m, D) unit rows.
        rows: (r, D) unit rows on the same device; a few thousand at a time fit a processor's cache.
        least: by :func:`gates.bank_search.close_within` below the limit that whoever asks decides exactly.

    Example:
        >>> near = near_rows(torch.eye(3), torch.eye(3)[1:], 0.5)
        >>> near.queries.tolist(), near.rows.tolist()
        ([1, 2], [0, 1])
    """
    found: list[tuple[IntArray, IntArray, FloatArray]] = []
    for start in range(0, len(queries), _QUERIES):
        cosines = queries[start : start + _QUERIES] @ rows.T
        query, row = torch.nonzero(cosines >= least, as_tuple=True)
        found.append(
            (query.cpu().numpy() + start, row.cpu().numpy(), cosines[query, row].cpu().numpy()),
        )
    return NearRows(*(np.concatenate(part) for part in zip(*found, strict=True)))
