"""Texts to vectors with a sentence encoder; every batch is kept at once, and none is made twice."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gatekeeper.data.building.embedding_cache import EmbeddingCache, text_key
from gatekeeper.data.building.encoder import LoadedEncoder
from gates.contracts import FloatArray, IntArray
from schemas.errors import DataError

Progress = Callable[[int], None]
Bar = Callable[[int], AbstractContextManager[Progress]]
"""Shows work of so many characters: the time of a text grows with its length, and the longest come first."""

_FIRST = 8  # texts of the first call, which shows how long one takes
_SLOW, _FAST = 10.0, 5.0
"""Seconds of a call: after a longer one the next is half as large, after a shorter one twice."""


@dataclass(frozen=True, eq=False)
class Embedded:
    """Vectors (N, D) of N texts, and how many of the distinct texts were found, not made."""

    vectors: FloatArray
    distinct: int
    found: int


@dataclass(frozen=True, eq=False)
class _Distinct:
    """N texts as M distinct ones.

    Attributes:
        places: key of a text -> its place among the distinct ones, in the order of their first rows.
        first: (M,) row of the first text of each.
        lengths: (M,) characters.
        rows: (N,) place of each text.
    """

    places: Mapping[bytes, int]
    first: IntArray
    lengths: IntArray
    rows: IntArray


def embed(
    texts: Sequence[str],
    encoder: LoadedEncoder,
    *,
    cache: EmbeddingCache | None,
    batch_size: int,
    bar: Bar,
) -> Embedded:
    """Vectors of all texts; those of the cache are not made again, and equal texts once.

    Texts of similar length are embedded together, the longest first. A call holds at most ``batch_size``
    texts, fewer where the encoder is slow: what it returns is kept before the next one, so an interruption
    costs seconds.

    Args:
        texts: N texts.
        encoder: makes their vectors.
        cache: vectors that were made before; None keeps nothing.
        batch_size: texts a call, at most.
        bar: shows how much of what is to be made is made.

    Raises:
        DataError: the encoder returned something that is no vector.
    """
    distinct = _distinct(texts)
    made, done = _found(distinct, cache)
    found = int(done.sum())
    todo = np.flatnonzero(~done)
    todo = todo[np.argsort(-distinct.lengths[todo], kind="stable")]
    keys = list(distinct.places)
    start, size = 0, min(_FIRST, batch_size)
    with bar(int(distinct.lengths[todo].sum())) as progress:
        while start < len(todo):
            part = todo[start : start + size]
            began = time.monotonic()
            vectors = _encoded(encoder, [texts[row] for row in distinct.first[part].tolist()], size)
            made = np.empty((len(keys), vectors.shape[1]), dtype=np.float32) if made is None else made
            if vectors.shape[1] != made.shape[1]:
                raise DataError(
                    f"the encoder returned vectors of width {vectors.shape[1]}, before of {made.shape[1]}"
                )
            made[part] = vectors
            if cache is not None:
                cache.add([keys[place] for place in part.tolist()], vectors)
            progress(int(distinct.lengths[part].sum()))
            start += len(part)
            size = next_size(size, time.monotonic() - began, batch_size)
    if made is None:
        raise DataError("there are no texts to embed")
    alone = len(keys) == len(texts)  # then places are rows
    return Embedded(made if alone else made[distinct.rows], len(keys), found)


def _distinct(texts: Sequence[str]) -> _Distinct:
    places: dict[bytes, int] = {}
    first: list[int] = []
    lengths: list[int] = []
    rows = np.empty(len(texts), dtype=np.int64)
    for row, text in enumerate(texts):
        rows[row] = place = places.setdefault(text_key(text), len(places))
        if place == len(first):
            first.append(row)
            lengths.append(len(text))
    return _Distinct(places, np.array(first, dtype=np.int64), np.array(lengths, dtype=np.int64), rows)


def _found(
    distinct: _Distinct, cache: EmbeddingCache | None
) -> tuple[FloatArray | None, npt.NDArray[np.bool_]]:
    """Vectors (M, D) as far as they are kept, None where none is, and (M,) which those are."""
    made: FloatArray | None = None
    done = np.zeros(len(distinct.places), dtype=np.bool_)
    for place, vector in cache.find(distinct.places) if cache is not None else ():
        made = np.empty((len(done), len(vector)), dtype=np.float32) if made is None else made
        if not done[place] and len(vector) == made.shape[1] and np.isfinite(vector).all():
            made[place], done[place] = vector, True
    return made, done


def next_size(size: int, seconds: float, most: int) -> int:
    """Texts of the next call, after one of ``size`` that took so long.

    Example:
        >>> next_size(8, 0.1, 64), next_size(8, 7.0, 64), next_size(8, 20.0, 64)
        (16, 8, 4)
    """
    if seconds > _SLOW:
        return max(1, size // 2)
    return min(most, 2 * size) if seconds < _FAST else size


def _encoded(encoder: LoadedEncoder, texts: list[str], batch_size: int) -> FloatArray:
    answer = encoder.model.encode(
        texts, batch_size=batch_size, show_progress_bar=False, convert_to_numpy=True
    )
    vectors = np.asarray(answer).astype(np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
        raise DataError(f"the encoder returned {vectors.shape} for {len(texts)} texts, or NaN")
    return vectors
