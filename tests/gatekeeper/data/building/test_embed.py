"""Texts to vectors: each once, each kept at once, whatever stops the encoder in between."""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatekeeper.data.building.embed import Embedded, embed, next_size
from gatekeeper.data.building.embedding_cache import EmbeddingCache
from gatekeeper.data.building.encoder import Encoder, LoadedEncoder
from schemas.errors import DataError
from schemas.records.dataset import EmbeddedBy

Vectors = np.ndarray[Any, np.dtype[np.float32]]


MADE_BY = EmbeddedBy("folder", "e", None, "d" * 64, "float32", "mean", True, 256)


class Counting:
    """An encoder whose vector says which text it was given, and that can be made to stop."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.calls: list[list[str]] = []
        self.stop_after = stop_after

    @property
    def seen(self) -> list[str]:
        return [text for call in self.calls for text in call]

    def encode(self, sentences: Sequence[str], **_: Any) -> Vectors:  # noqa: ANN401
        if self.stop_after is not None and len(self.seen) >= self.stop_after:
            raise KeyboardInterrupt
        self.calls.append(list(sentences))
        return vectors_of(sentences)


def vectors_of(texts: Sequence[str]) -> Vectors:
    return np.array([[len(text), 1.0, sum(map(ord, text))] for text in texts], dtype=np.float32)


def ask(
    texts: Sequence[str], encoder: Encoder, folder: Path | None, digest: str = "d" * 64, batch_size: int = 2
) -> Embedded:
    shown: list[tuple[int, list[int]]] = []
    cache = None if folder is None else EmbeddingCache(folder, digest)
    try:
        found = embed(
            texts,
            LoadedEncoder(encoder, digest, MADE_BY),
            cache=cache,
            batch_size=batch_size,
            bar=lambda total: contextlib.nullcontext(_count(shown, total)),
        )
    finally:
        if cache is not None:
            cache.close()
    ((total, steps),) = shown
    assert sum(steps) == total <= sum(map(len, set(texts)))
    return found


def _count(shown: list[tuple[int, list[int]]], total: int) -> Callable[[int], None]:
    shown.append((total, []))
    return shown[-1][1].append


TEXTS = [f"text {'x' * number}" for number in range(11)]


def test_an_interrupted_embedding_goes_on_after_the_last_batch(tmp_path: Path) -> None:
    first, second, third = Counting(stop_after=8), Counting(), Counting()
    with pytest.raises(KeyboardInterrupt):
        ask(TEXTS, first, tmp_path)
    again = ask(TEXTS, second, tmp_path)
    assert sorted(first.seen + second.seen) == sorted(TEXTS)
    assert (again.distinct, again.found) == (11, 8)
    np.testing.assert_array_equal(again.vectors, vectors_of(TEXTS))
    np.testing.assert_array_equal(ask(TEXTS, third, tmp_path).vectors, vectors_of(TEXTS))
    assert third.seen == []


def test_other_texts_of_the_same_encoder_share_what_they_have_in_common(tmp_path: Path) -> None:
    ask(TEXTS[:6], Counting(), tmp_path)
    encoder = Counting()
    found = ask([*TEXTS[8:], *TEXTS[:6]], encoder, tmp_path)
    assert sorted(encoder.seen) == sorted(TEXTS[8:])
    np.testing.assert_array_equal(found.vectors, vectors_of([*TEXTS[8:], *TEXTS[:6]]))


def test_another_encoder_makes_its_own(tmp_path: Path) -> None:
    ask(TEXTS, Counting(), tmp_path)
    encoder = Counting()
    ask(TEXTS, encoder, tmp_path, digest="e" * 64)
    assert sorted(encoder.seen) == sorted(TEXTS)


def test_a_damaged_cache_costs_what_it_lost(tmp_path: Path) -> None:
    ask(TEXTS, Counting(), tmp_path)
    (path,) = tmp_path.rglob("*.gke")
    path.write_bytes(path.read_bytes()[:-3])
    encoder = Counting()
    np.testing.assert_array_equal(ask(TEXTS, encoder, tmp_path).vectors, vectors_of(TEXTS))
    assert 0 < len(encoder.seen) <= 2


def test_equal_texts_are_embedded_once_and_similar_lengths_together() -> None:
    encoder = Counting()
    texts = ["aa", "b", "aa", "cccc", "b", "ddd"]
    np.testing.assert_array_equal(ask(texts, encoder, None).vectors, vectors_of(texts))
    assert encoder.calls == [["cccc", "ddd"], ["aa", "b"]]


def test_a_call_grows_up_to_the_batch_size_and_shrinks_where_the_encoder_is_slow() -> None:
    encoder = Counting()
    ask([f"{number:04}" for number in range(100)], encoder, None, batch_size=32)
    assert [len(call) for call in encoder.calls] == [8, 16, 32, 32, 12]
    assert next_size(64, 31.0, 64) == 32
    assert next_size(1, 100.0, 64) == 1
    assert next_size(16, 6.0, 64) == 16


@pytest.mark.parametrize("answer", [np.zeros((1, 3)), np.zeros(4), np.full((4, 3), np.nan)])
def test_an_encoder_that_returns_no_vectors_is_refused(answer: Any) -> None:  # noqa: ANN401
    class Broken:
        def encode(self, sentences: Sequence[str], **_: Any) -> Any:  # noqa: ANN401
            return answer

    with pytest.raises(DataError, match="the encoder returned"):
        ask(TEXTS[:4], Broken(), None, batch_size=4)


def test_an_encoder_whose_vectors_change_their_width_is_refused() -> None:
    class Growing:
        width = 2

        def encode(self, sentences: Sequence[str], **_: Any) -> Any:  # noqa: ANN401
            self.width += 1
            return np.ones((len(sentences), self.width))

    with pytest.raises(DataError, match="vectors of width 4, before of 3"):
        ask(TEXTS, Growing(), None)
