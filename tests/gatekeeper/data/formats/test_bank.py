from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatekeeper.data.formats.bank import pack_texts, read_bank, read_bank_file, write_bank
from gatekeeper.data.formats.npz import Array
from gates.bank import build_bank
from gates.contracts import Bank
from schemas.errors import DataError, OutputError

WriteNpz = Callable[..., Path]

ROWS = 6
VECTORS = np.random.default_rng(0).standard_normal((ROWS, 4)).astype(np.float32)
ARTICLES = np.array([2, 2, 2, 7, 7, 7])
CHUNKS = np.array([0, 1, 2, 0, 1, 5])
TEXTS = ["one", "zwei é", "", "vier\n", "fünf", "six"]


def good() -> dict[str, Any]:
    return {"vectors": VECTORS, "article_indices": ARTICLES, "chunk_indices": CHUNKS}


def fails(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_bank(path)
    message = str(caught.value)
    assert caught.value.exit_code == 3
    assert "\n" not in message
    assert str(path) in message
    return message


def test_rows_are_unit_and_labelled(write_npz: WriteNpz) -> None:
    bank = read_bank(write_npz(**good()))
    np.testing.assert_allclose(np.linalg.norm(bank.vectors, axis=1), 1.0, atol=1e-6)
    assert bank.articles.tolist() == ARTICLES.tolist()
    assert bank.chunks.tolist() == CHUNKS.tolist()
    assert bank.texts is None
    assert bank.run_last.tolist() == [2, 2, 2, 4, 4, 5]


def test_old_key_style_without_chunk_indices_is_numbered_in_order(write_npz: WriteNpz) -> None:
    bank = read_bank(write_npz(embeddings=VECTORS, article_ids=np.array([4, 4, 1, 1, 1, 9])))
    assert bank.articles.tolist() == [1, 1, 1, 4, 4, 9]
    assert bank.chunks.tolist() == [0, 1, 2, 0, 1, 0]
    np.testing.assert_allclose(bank.vectors[3], VECTORS[0] / np.linalg.norm(VECTORS[0]), atol=1e-6)


def test_without_chunk_indices_scattered_articles_are_refused(write_npz: WriteNpz) -> None:
    message = fails(write_npz(embeddings=VECTORS, article_ids=np.array([4, 4, 1, 1, 4, 9])))
    assert "article 4 do not lie together" in message
    assert "add chunk_indices" in message


@pytest.mark.parametrize("style", ["object", "text", "packed"])
def test_texts_in_every_style(write_npz: WriteNpz, tmp_path: Path, style: str) -> None:
    if style == "object":
        path = tmp_path / "file.npz"
        np.savez(path, concept_texts=np.array(TEXTS, dtype=object), **good())
    elif style == "text":
        path = write_npz(concept_texts=np.array(TEXTS), **good())
    else:
        path = write_npz(**pack_texts(TEXTS), **good())
    assert read_bank(path).texts == tuple(TEXTS)


@pytest.mark.parametrize(
    ("titles", "expected"),
    [
        (["a", "b"], {2: "a", 7: "b"}),
        (["a", "a", "a", "b", "b", "b"], {2: "a", 7: "b"}),
        (["0", "1", "2", "3", "4", "5", "6", "7"], {2: "2", 7: "7"}),
    ],
)
def test_titles_by_article_by_row_and_by_index(
    write_npz: WriteNpz, titles: list[str], expected: dict[int, str]
) -> None:
    assert dict(read_bank(write_npz(article_titles=np.array(titles), **good())).titles) == expected


@pytest.mark.parametrize("titled", [False, True])
def test_texts_that_are_not_as_they_should_be_are_repaired_and_counted(tmp_path: Path, titled: bool) -> None:
    given = ["a\ud800", None, float("nan"), "b\0c", "", "\u202ed"]
    packed = np.empty(6, dtype=object)
    packed[:] = given
    titles: dict[str, Any] = {"article_titles": np.array(["\udfff", "x"])} if titled else {}
    path = tmp_path / "bank.npz"
    np.savez(path, concept_texts=packed, **titles, **good())
    found = read_bank_file(path)
    assert found.bank.texts == ["a\ufffd", "", "", "b\ufffdc", "", "\u202ed"]
    assert dict(found.bank.titles) == ({2: "\ufffd", 7: "x"} if titled else {})
    assert found.notes == (
        f"{path}: 3 text(s) are missing or empty; they are kept as empty texts",
        f"{path}: 1 text(s) held halves of characters (lone surrogates), replaced by \ufffd",
        f"{path}: 1 text(s) held the character NUL, replaced by \ufffd",
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"vectors": None}, "needs an array 'vectors' (or 'embeddings'); found article_indices"),
        ({"article_indices": None}, "needs an array 'article_indices'"),
        ({"vectors": VECTORS[:0], "article_indices": ARTICLES[:0], "chunk_indices": CHUNKS[:0]}, "empty"),
        ({"vectors": VECTORS[:5]}, "must be 5 integers, one a vector"),
        ({"vectors": VECTORS[0]}, "float matrix"),
        ({"vectors": VECTORS * np.array([[1], [0], [1], [1], [1], [1]])}, "all zero, first rows 1"),
        (
            {"vectors": np.where(np.arange(ROWS)[:, None] == 4, np.nan, VECTORS)},
            "NaN or infinity, first rows 4",
        ),
        ({"chunk_indices": np.array([0, 1, 1, 0, 1, 2])}, "occur twice, first article 2 chunk 1"),
        ({"article_indices": ARTICLES.astype(float)}, "integers"),
        ({"article_indices": ARTICLES[None]}, "one-dimensional"),
        ({"article_titles": np.array(["a", "b", "c"])}, "found 3"),
        ({"article_titles": np.array([1, 2])}, "text only; found int"),
        ({"texts_utf8": np.zeros(3, np.uint8), "text_offsets": np.array([0, 3])}, "7 ascending offsets"),
        ({"texts_utf8": np.zeros(3, np.uint8)}, "expected an array 'text_offsets'"),
        (
            {"texts_utf8": np.full(6, 0xFF, np.uint8), "text_offsets": np.arange(7)},
            "not UTF-8",
        ),
        ({"texts_utf8": np.zeros(6, np.uint8), "text_offsets": np.array([0, 2, 1, 3, 4, 5, 6])}, "ascending"),
    ],
)
def test_bad_banks(write_npz: WriteNpz, change: dict[str, Array | None], expected: str) -> None:
    arrays = {key: value for key, value in (good() | change).items() if value is not None}
    assert expected in fails(write_npz(**arrays))


def test_sequences_are_no_bank(write_npz: WriteNpz) -> None:
    message = fails(write_npz(contexts=np.ones((3, 5, 4)), targets=np.ones((3, 4))))
    assert message.endswith(
        "; these are sequences: name them with --train, --val or --ood, and their bank with --bank"
    )


def test_pickled_vectors_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **(good() | {"vectors": VECTORS.astype(object)}))
    assert "could run code" in fails(tmp_path / "x.npz")


def test_pickled_texts_of_something_else_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", concept_texts=np.array([{1: 2}] * ROWS, dtype=object), **good())
    assert "text only; found dict" in fails(tmp_path / "x.npz")


def test_missing_and_truncated(write_npz: WriteNpz, tmp_path: Path) -> None:
    fails(tmp_path / "none.npz")
    path = write_npz(**good())
    path.write_bytes(path.read_bytes()[:-40])
    fails(path)


def test_written_banks_come_back(tmp_path: Path, small_bank: Bank) -> None:
    bank = build_bank(
        small_bank.vectors,
        small_bank.articles,
        small_bank.chunks,
        source="x",
        texts=[f"chunk {row}" for row in range(small_bank.rows)],
        titles={3: "a", 9: "c"},
    )
    write_bank(tmp_path / "a.npz", bank, extra={"more": np.arange(3)})
    write_bank(tmp_path / "b.npz", bank, extra={"more": np.arange(3)})
    back = read_bank(tmp_path / "a.npz")
    assert back.sha256 == bank.sha256
    assert back.texts == bank.texts
    assert dict(back.titles) == {3: "a", 5: "", 9: "c"}
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with pytest.raises(OutputError):
        write_bank(tmp_path / "no" / "a.npz", bank)
