"""Building a :class:`~gates.contracts.Bank` whose promises hold: sorted, unit, finite, unique."""

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from gates.contracts import Bank, BoolArray, FloatArray, IntArray
from gates.geometry import without_extremes
from gates.packed_texts import PackedTexts
from schemas.errors import DataError

_SHOWN = 5  # offending rows named in a message
_BLOCK = 2**20  # numbers normalised at a time, so that a large bank needs little extra memory


def build_bank(
    vectors: npt.NDArray[np.generic],
    articles: npt.NDArray[np.generic],
    chunks: npt.NDArray[np.generic],
    *,
    source: str,
    texts: Sequence[str] | None = None,
    titles: Mapping[int, str] | None = None,
) -> Bank:
    """Validate, sort by (article, chunk) and normalise to unit float32 rows.

    Args:
        vectors: (N, D) of any float type and any row length but zero.
        articles: (N,) integers.
        chunks: (N,) integers, the chunk's place in its article. A missing number is a gap, and
            no window crosses it.
        source: where the data came from, for messages and the report.
        texts: the chunks' texts in the order of ``vectors``.
        titles: article index -> title.

    Raises:
        DataError: wrong shapes, no rows, NaN, infinite or zero rows, or an (article, chunk) pair
            that occurs twice; the message names the first rows.
    """
    vectors, articles, chunks = np.asarray(vectors), np.asarray(articles), np.asarray(chunks)
    _check_shapes(vectors, articles, chunks, texts, source)
    article_ids, chunk_ids = articles.astype(np.int64), chunks.astype(np.int64)
    order = np.lexsort((chunk_ids, article_ids))
    article_ids, chunk_ids = article_ids[order], chunk_ids[order]
    _check_unique(article_ids, chunk_ids, order, source)
    unit = _unit_rows(vectors, order, source)
    return assemble_bank(
        unit,
        article_ids,
        chunk_ids,
        source=source,
        sha256=bank_digest(unit, article_ids, chunk_ids),
        texts=_in_order(texts, order),
        titles=titles,
    )


def assemble_bank(
    vectors: FloatArray,
    articles: IntArray,
    chunks: IntArray,
    *,
    source: str,
    sha256: str,
    texts: Sequence[str] | None,
    titles: Mapping[int, str] | None,
) -> Bank:
    """A bank from arrays that :func:`build_bank` made before; nothing is checked or copied.

    Args:
        vectors: (N, D) unit float32 rows, sorted; may be memory-mapped.
        articles: (N,).
        chunks: (N,).
        source: as in :func:`build_bank`.
        sha256: digest of the three arrays, as it was when they were made.
        texts: in row order.
        titles: as in :func:`build_bank`.
    """
    new_article = np.diff(articles, prepend=articles[0] - 1) != 0
    new_run = new_article | (np.diff(chunks, prepend=chunks[0] - 1) != 1)
    run_first, run_last = _spans(new_run)
    article_first, article_last = _spans(new_article)
    return Bank(
        vectors=vectors,
        articles=articles,
        chunks=chunks,
        run_first=run_first,
        run_last=run_last,
        article_first=article_first,
        article_last=article_last,
        source=source,
        sha256=sha256,
        texts=texts,
        titles=MappingProxyType(dict(titles or {})),
    )


def _check_shapes(
    vectors: npt.NDArray[np.generic],
    articles: npt.NDArray[np.generic],
    chunks: npt.NDArray[np.generic],
    texts: Sequence[str] | None,
    source: str,
) -> None:
    if vectors.ndim != 2 or not np.issubdtype(vectors.dtype, np.floating):
        raise DataError(
            f"{source}: vectors must be a float matrix (chunks, width); found {vectors.dtype} {vectors.shape}"
        )
    rows = vectors.shape[0]
    if rows == 0 or vectors.shape[1] == 0:
        raise DataError(f"{source}: the bank is empty (shape {vectors.shape}); it needs at least one chunk")
    for name, array in (("article indices", articles), ("chunk indices", chunks)):
        if array.shape != (rows,) or not np.issubdtype(array.dtype, np.integer):
            raise DataError(
                f"{source}: {name} must be {rows} integers, one a vector; found {array.dtype} {array.shape}"
            )
    if texts is not None and len(texts) != rows:
        raise DataError(f"{source}: expected {rows} texts, one a vector; found {len(texts)}")


def _check_unique(articles: IntArray, chunks: IntArray, order: IntArray, source: str) -> None:
    twice = np.flatnonzero((np.diff(articles) == 0) & (np.diff(chunks) == 0))
    if twice.size:
        first = twice[0]
        raise DataError(
            f"{source}: {twice.size} (article, chunk) pair(s) occur twice, first article "
            f"{articles[first]} chunk {chunks[first]} (rows {order[first]} and {order[first + 1]}); "
            "every chunk must have one row"
        )


def _in_order(texts: Sequence[str] | None, order: IntArray) -> Sequence[str] | None:
    if isinstance(texts, PackedTexts):
        return texts.take(order)
    return None if texts is None else tuple(texts[int(row)] for row in order)


def _unit_rows(vectors: npt.NDArray[np.generic], order: IntArray, source: str) -> FloatArray:
    unit = np.empty(vectors.shape, dtype=np.float32)
    not_finite: list[int] = []
    zero: list[int] = []
    size = max(1, _BLOCK // vectors.shape[1])
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        block = vectors[rows].astype(np.float64)
        finite = np.asarray(np.isfinite(block).all(axis=1))
        block, _ = without_extremes(np.where(finite[:, None], block, 1.0))
        lengths = np.linalg.norm(block, axis=1)
        not_finite += rows[~finite].tolist()
        zero += rows[finite & (lengths == 0.0)].tolist()
        with np.errstate(invalid="ignore"):
            unit[start : start + len(rows)] = block / lengths[:, None]
    for bad, what in ((not_finite, "hold NaN or infinity"), (zero, "are all zero")):
        if bad:
            shown = ", ".join(str(row) for row in sorted(bad)[:_SHOWN])
            raise DataError(
                f"{source}: {len(bad)} vector row(s) {what}, first rows {shown}; remove or repair them"
            )
    return unit


def _spans(starts: BoolArray) -> tuple[IntArray, IntArray]:
    """First and last row of the block each row belongs to; ``starts`` marks each block's first row."""
    first_rows = np.flatnonzero(starts)
    block = np.cumsum(starts) - 1
    last_rows = np.append(first_rows[1:], len(starts)) - 1
    return first_rows[block].astype(np.int64), last_rows[block].astype(np.int64)


def bank_digest(vectors: FloatArray, articles: IntArray, chunks: IntArray) -> str:
    """SHA-256 of the shape and the bytes of unit rows and their indices."""
    digest = hashlib.sha256(f"{vectors.shape}".encode())
    for array in (vectors, articles, chunks):
        digest.update(np.ascontiguousarray(array).view(np.uint8).reshape(-1).data)
    return digest.hexdigest()
