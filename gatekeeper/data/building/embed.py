"""Texts to vectors with a sentence encoder; every batch is kept at once, and none is made twice."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gatekeeper.data.building.embedding_cache import EmbeddingCache, text_key
from gatekeeper.data.building.encoder import LoadedEncoder
from gates.contracts import FloatArray
from schemas.errors import DataError

Progress = Callable[[int], None]

_FIRST = 8  # texts of the first call, which shows how long one takes
_SLOW, _FAST = 10.0, 5.0
"""Seconds of a call: after a longer one the next is half as large, after a shorter one twice."""


@dataclass(frozen=True, eq=False)
class Embedded:
    """Vectors (N, D) of N texts, and how many of the distinct texts were found, not made."""

    vectors: FloatArray
    distinct: int
    found: int


def embed(
    texts: Sequence[str],
    encoder: LoadedEncoder,
    *,
    cache: EmbeddingCache | None,
    batch_size: int,
    progress: Progress,
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
        progress: told how many texts are done.

    Raises:
        DataError: the encoder returned something that is no vector.
    """
    places: dict[bytes, int] = {}
    first: list[int] = []
    rows = np.empty(len(texts), dtype=np.int64)
    lengths = []
    for row, text in enumerate(texts):
        key = text_key(text)
        if key not in places:
            places[key] = len(places)
            first.append(row)
            lengths.append(len(text))
        rows[row] = places[key]
    copies = np.bincount(rows)
    made: FloatArray | None = None
    done = np.zeros(len(places), dtype=np.bool_)
    for place, vector in cache.find(places) if cache is not None else ():
        made = np.empty((len(places), len(vector)), dtype=np.float32) if made is None else made
        if not done[place] and len(vector) == made.shape[1] and np.isfinite(vector).all():
            made[place], done[place] = vector, True
            progress(int(copies[place]))
    found = int(done.sum())
    keys = list(places)
    todo = np.array(sorted(np.flatnonzero(~done), key=lambda place: -lengths[place]), dtype=np.int64)
    start, size = 0, min(_FIRST, batch_size)
    while start < len(todo):
        part = todo[start : start + size]
        began = time.monotonic()
        vectors = _encoded(encoder, [texts[first[place]] for place in part.tolist()], size)
        made = np.empty((len(places), vectors.shape[1]), dtype=np.float32) if made is None else made
        if vectors.shape[1] != made.shape[1]:
            raise DataError(
                f"the encoder returned vectors of width {vectors.shape[1]}, before of {made.shape[1]}"
            )
        made[part] = vectors
        if cache is not None:
            cache.add([keys[place] for place in part.tolist()], vectors)
        progress(int(copies[part].sum()))
        start += len(part)
        size = next_size(size, time.monotonic() - began, batch_size)
    if made is None:
        raise DataError("there are no texts to embed")
    return Embedded(made[rows], len(places), found)


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
