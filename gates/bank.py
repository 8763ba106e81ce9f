"""Building a :class:`~gates.contracts.Bank` whose promises hold: sorted, unit, finite, unique."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from gates.article_ids import Numbered, number_articles
from gates.contracts import ArticleId, ArticleIds, Bank, BoolArray, FloatArray, IntArray
from gates.geometry import without_extremes
from gates.packed_texts import PackedTexts
from schemas.errors import DataError

_SHOWN = 5  # offending rows named in a message
_BLOCK = 2**20  # numbers normalised at a time, so that a large bank needs little extra memory


def build_bank(
    vectors: npt.NDArray[np.generic],
    articles: npt.NDArray[np.generic] | Sequence[ArticleId] | Numbered,
    chunks: npt.NDArray[np.generic],
    *,
    source: str,
    texts: Sequence[str] | None = None,
    titles: Mapping[Any, str] | None = None,
) -> Bank:
    """Validate, sort by (article, chunk) and normalise to unit float32 rows.

    Args:
        vectors: (N, D) of any float type and any row length but zero.
        articles: (N,) ids, integers of any width or text (see :mod:`gates.article_ids`), or numbered already.
        chunks: (N,) integers, the chunk's place in its article. A missing number is a gap, and
            no window crosses it.
        source: where the data came from, for messages and the report.
        texts: the chunks' texts in the order of ``vectors``.
        titles: article id -> title.

    Raises:
        DataError: wrong shapes, no rows, NaN, infinite or zero rows, or an (article, chunk) pair
            that occurs twice; the message names the first rows.
    """
    vectors = np.asarray(vectors)
    if vectors.ndim != 2 or not np.issubdtype(vectors.dtype, np.floating):
        raise DataError(
            f"{source}: vectors must be a float matrix (chunks, width); found {vectors.dtype} {vectors.shape}"
        )
    if 0 in vectors.shape:
        raise DataError(f"{source}: the bank is empty (shape {vectors.shape}); it needs at least one chunk")
    rows = _order(articles, chunks, source, len(vectors))
    if texts is not None and len(texts) != len(vectors):
        raise DataError(f"{source}: expected {len(vectors)} texts, one a vector; found {len(texts)}")
    unit = _unit_rows(vectors, rows.order, source)
    return assemble_bank(
        unit,
        rows.articles.numbers,
        rows.chunks,
        source=source,
        sha256=bank_digest(unit, rows.articles.numbers, rows.chunks, rows.articles.ids),
        texts=_in_order(texts, rows.order),
        titles=_by_number(titles or {}, rows.articles.ids),
        ids=rows.articles.ids,
    )


def outline_bank(
    articles: npt.NDArray[np.generic] | Sequence[ArticleId] | Numbered,
    chunks: npt.NDArray[np.generic],
    *,
    source: str,
) -> Bank:
    """A bank without vectors (width 0): enough to check ids and splits before vectors are made.

    Raises:
        DataError: as :func:`build_bank` says of articles and chunks.
    """
    rows = _order(articles, chunks, source, len(chunks))
    return assemble_bank(
        np.empty((len(chunks), 0), dtype=np.float32),
        rows.articles.numbers,
        rows.chunks,
        source=source,
        sha256="",
        texts=None,
        titles=None,
        ids=rows.articles.ids,
    )


@dataclass(frozen=True, eq=False)
class _Rows:
    """Sorted articles (N,) and chunks (N,), and the place each of them came from."""

    articles: Numbered
    chunks: IntArray
    order: IntArray


def _order(
    articles: npt.NDArray[np.generic] | Sequence[ArticleId] | Numbered,
    chunks: npt.NDArray[np.generic],
    source: str,
    rows: int,
) -> _Rows:
    chunks = np.asarray(chunks)
    if not rows:
        raise DataError(f"{source}: the bank is empty; it needs at least one chunk")
    numbered = articles if isinstance(articles, Numbered) else number_articles(articles, source=source)
    if numbered.numbers.shape != (rows,):
        raise DataError(
            f"{source}: article indices must be {rows} integers or texts, one a vector; found "
            f"{numbered.numbers.shape}"
        )
    if chunks.shape != (rows,) or not np.issubdtype(chunks.dtype, np.integer):
        raise DataError(
            f"{source}: chunk indices must be {rows} integers, one a vector; found {chunks.dtype} "
            f"{chunks.shape}"
        )
    if chunks.dtype.kind == "u" and chunks.max() > np.iinfo(np.int64).max:
        raise DataError(f"{source}: chunk index {chunks.max()} does not fit 64 bits with a sign")
    chunk_ids = chunks.astype(np.int64)
    order = np.lexsort((chunk_ids, numbered.numbers))
    found = _Rows(Numbered(numbered.numbers[order], numbered.ids), chunk_ids[order], order)
    _check_unique(found, source)
    return found


def assemble_bank(
    vectors: FloatArray,
    articles: IntArray,
    chunks: IntArray,
    *,
    source: str,
    sha256: str,
    texts: Sequence[str] | None,
    titles: Mapping[int, str] | None,
    ids: ArticleIds | None = None,
) -> Bank:
    """A bank from arrays that :func:`build_bank` made before; nothing is checked or copied.

    Args:
        vectors: (N, D) unit float32 rows, sorted; may be memory-mapped.
        articles: (N,).
        chunks: (N,).
        source: as in :func:`build_bank`.
        sha256: digest of the three arrays and the ids, as it was when they were made.
        texts: in row order.
        titles: article number -> title.
        ids: number -> id, where the numbers are ranks.
    """
    new_article = np.append(True, articles[1:] != articles[:-1])
    # A difference of sorted numbers that overflows is none of 1.
    new_run = new_article | np.append(True, np.diff(chunks) != 1)
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
        ids=ids,
    )


def _by_number(titles: Mapping[Any, str], ids: ArticleIds | None) -> dict[int, str]:
    if ids is None:
        return {number: title for number, title in titles.items() if isinstance(number, int)}
    found: Iterable[ArticleId] = ids
    return {number: titles[each] for number, each in enumerate(found) if each in titles}


def _check_unique(rows: _Rows, source: str) -> None:
    articles, chunks, order = rows.articles.numbers, rows.chunks, rows.order
    twice = np.flatnonzero((np.diff(articles) == 0) & (np.diff(chunks) == 0))
    if twice.size:
        first = twice[0]
        raise DataError(
            f"{source}: {twice.size} (article, chunk) pair(s) occur twice, first article "
            f"{rows.articles.id_of(int(articles[first]))} chunk {chunks[first]} (rows {order[first]} and "
            f"{order[first + 1]}); every chunk must have one row"
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
        with np.errstate(invalid="ignore"):  # a NaN is told below, whatever it says to the processor
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


def bank_digest(
    vectors: FloatArray, articles: IntArray, chunks: IntArray, ids: ArticleIds | None = None
) -> str:
    """SHA-256 of the shape and the bytes of unit rows and their indices, then of the ids if there are any."""
    digest = hashlib.sha256(f"{vectors.shape}".encode())
    for array in (vectors, articles, chunks):
        digest.update(np.ascontiguousarray(array).view(np.uint8).reshape(-1).data)
    if ids is not None:
        digest.update(json.dumps(ids).encode("ascii"))
    return digest.hexdigest()
