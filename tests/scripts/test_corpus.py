"""Vectors and texts that belong together, and what is bundled of them."""

from pathlib import Path

import numpy as np
import pytest

from schemas.errors import DataError
from scripts.corpus import bundle, read_corpus, run
from tests.scripts.corpora import write_corpus

LENGTHS, COLLECTIONS = [2, 3, 2], ["a", "b", "b"]


def test_texts_are_joined_by_article_and_chunk(tmp_path: Path) -> None:
    corpus = read_corpus(*write_corpus(tmp_path, LENGTHS, COLLECTIONS))
    assert corpus.texts == [
        "text 0 0",
        "text 0 1",
        "text 1 0",
        "text 1 1",
        "text 1 2",
        "text 2 0",
        "text 2 1",
    ]
    assert (corpus.titles, corpus.collections) == (["title 0", "title 1", "title 2"], COLLECTIONS)


def test_a_missing_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"1 chunk\(s\) have a vector or a text but not both, first \[\(2, 1\)\]"
    ):
        read_corpus(*write_corpus(tmp_path, LENGTHS, COLLECTIONS, drop=1))


def test_a_collection_an_article_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected a collection for each article 0 to 2"):
        read_corpus(*write_corpus(tmp_path, LENGTHS, COLLECTIONS[:2]))


def test_a_bundle_holds_the_rows_and_numbers_articles_anew(tmp_path: Path) -> None:
    corpus = read_corpus(*write_corpus(tmp_path, LENGTHS, COLLECTIONS))
    rows = np.array([5, 6, 2, 3])
    data = bundle(corpus, rows, ["third", "second"], ["val", "train"], most=10**6)
    (tmp_path / "out.npz").write_bytes(data)
    with np.load(tmp_path / "out.npz", allow_pickle=False) as built:
        assert built["article_indices"].tolist() == [0, 0, 1, 1]
        assert built["chunk_indices"].tolist() == [0, 1, 0, 1]
        assert built["vectors"].tolist() == corpus.vectors[rows].tolist()
        assert built["article_titles"].tolist() == ["third", "second"]
        assert built["article_split"].tolist() == ["val", "train"]
        joined, offsets = built["texts_utf8"].tobytes(), built["text_offsets"]
        assert joined[offsets[2] : offsets[3]] == b"text 1 0"
    assert bundle(corpus, rows, ["third", "second"], ["val", "train"], most=10**6) == data
    with pytest.raises(DataError, match=f"the result has {len(data)} bytes, more than the 9 that"):
        bundle(corpus, rows, ["third", "second"], ["val", "train"], most=9)


def test_a_script_writes_the_file_or_says_why_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out.npz")

    def refuse(vectors: Path, texts: Path) -> bytes:
        raise DataError(f"{vectors} and {texts} do not fit")

    assert run(lambda vectors, texts: f"{vectors} {texts}".encode(), None, ["v", "t", out]) == 0
    assert Path(out).read_bytes() == b"v t"
    assert run(refuse, None, ["v", "t", out]) == 3
    told = capsys.readouterr()
    assert told.out == f"{out}: 3 bytes\n"
    assert told.err == "Error: v and t do not fit\n"
