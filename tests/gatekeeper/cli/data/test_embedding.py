"""Embedding for a command: what it asks of the encoder, and what it says of its cache."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatekeeper.cli.data.embedding import Maker, embed_texts
from gatekeeper.data.building.encoder import FoundEncoder, LoadedEncoder, Precision
from schemas.errors import DataError
from schemas.records.dataset import EmbeddedBy

FOUND = FoundEncoder("hub", "who/e", "who/e")
MAKER = Maker(FOUND, "cpu", "float16", 8)
MADE_BY = EmbeddedBy("hub", "who/e", "0123abc", "d" * 64, "float16", "mean", normalised=True, max_tokens=256)


class Lengths:
    def encode(self, sentences: Sequence[str], **_: Any) -> np.ndarray[Any, np.dtype[np.float32]]:  # noqa: ANN401
        return np.array([[len(text), 1.0] for text in sentences], dtype=np.float32)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[object, ...]]:
    """What is loaded, each time something is."""
    monkeypatch.setenv("GATEKEEPER_CACHE", str(tmp_path / "cache"))
    calls: list[tuple[object, ...]] = []

    def load(found: FoundEncoder, device: str, precision: Precision | None, *, bars: bool) -> LoadedEncoder:
        calls.append((found, device, precision, bars))
        return LoadedEncoder(Lengths(), "e" * 64, MADE_BY)

    monkeypatch.setattr("gatekeeper.cli.data.embedding.load_encoder", load)
    return calls


def test_vectors_come_with_what_made_them_and_a_note_of_what_is_kept(
    asked: list[tuple[object, ...]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for texts, line in ((["aa", "b"], "0 of 2"), (["b", "ccc", "aa", "b"], "2 of 3")):
        done, made_by = embed_texts(texts, MAKER)
        assert done.vectors[:, 0].tolist() == [len(text) for text in texts]
        assert made_by == MADE_BY
        folder = tmp_path / "cache" / "embeddings" / ("e" * 32)
        assert capsys.readouterr().err == (
            f"note: {line} texts were embedded before; {folder} now holds 0.0 MB\n"
        )
    assert asked == [(FOUND, "cpu", "float16", False)] * 2


def test_a_long_embedding_tells_a_log_what_is_left(
    asked: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gatekeeper.cli.progress._FIRST", 0.0)
    embed_texts([f"{number:04}" for number in range(24)], MAKER)
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("embedding: 33%, ")
    assert len(told) == 2


def test_an_encoder_that_fails_leaves_what_was_kept(
    asked: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = [f"{number:04}" for number in range(24)]
    with monkeypatch.context() as patch:
        kept = Lengths.encode
        patch.setattr(
            Lengths, "encode", lambda self, each, **_: kept(self, each)[: 8 if texts[0] in each else 0]
        )
        with pytest.raises(DataError, match="the encoder returned"):
            embed_texts(texts, MAKER)
    assert embed_texts(texts, MAKER)[0].found == 8
    assert capsys.readouterr().err.startswith("note: 8 of 24 texts were embedded before")
