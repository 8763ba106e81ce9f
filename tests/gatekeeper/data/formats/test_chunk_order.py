from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatekeeper.config.bank_keys import CHUNKS, BankKeys
from gatekeeper.data.audit.defects import find_defects
from gatekeeper.data.formats.bank import read_bank_file
from gates.contracts import Bank
from schemas.errors import DataError

WriteNpz = Callable[..., Path]

ROWS = 12
ARTICLES = np.repeat([2, 7], 6)
ORDER = np.array([3, 0, 5, 1, 4, 2] * 2)
VECTORS = np.random.default_rng(0).standard_normal((ROWS, 4)).astype(np.float32)


def arrays(**more: Any) -> dict[str, Any]:  # noqa: ANN401  (any array at all)
    return {"vectors": VECTORS, "article_indices": ARTICLES, **more}


def read(path: Path, **keys: str) -> tuple[Bank, tuple[str, ...]]:
    found = read_bank_file(path, keys=BankKeys(**keys))
    return found.bank, found.notes


def is_ordered(bank: Bank) -> bool:
    """Whether each article's rows lie in the order that ORDER states."""
    unit = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    return np.allclose(bank.vectors, unit[np.lexsort((ORDER, ARTICLES))], atol=1e-6)


@pytest.mark.parametrize("name", CHUNKS)
def test_known_names_are_read_and_told(write_npz: WriteNpz, name: str) -> None:
    path = write_npz(**arrays(**{name: ORDER}))
    bank, notes = read(path)
    assert is_ordered(bank)
    assert notes == (
        () if name == "chunk_indices" else (f"{path}: the order of chunks is read from {name!r}",)
    )


@pytest.mark.parametrize("name", ["position", "para_no", "n", "Chunk_Indices"])
@pytest.mark.parametrize("dtype", ["i4", "u2", ">i8"])
def test_an_unknown_name_that_may_be_the_order_is_refused(write_npz: WriteNpz, name: str, dtype: str) -> None:
    path = write_npz(**arrays(**{name: ORDER.astype(dtype)}))
    for reader in (read, find_defects):
        with pytest.raises(DataError) as refused:
            reader(path)
        assert str(refused.value) == (
            f"{path}: no array has a name known for the order of chunks (chunk_indices, chunk_index, "
            f"chunk_idx, ...), but {name} holds a whole number a row; if it is the order, add --chunk-key "
            f"{name}, else --chunk-key none: rows count in file order"
        )
    assert is_ordered(read(path, chunks=name)[0])
    in_file_order, notes = read(path, chunks="none")
    assert in_file_order.chunks.tolist() == [0, 1, 2, 3, 4, 5] * 2
    assert not is_ordered(in_file_order)
    assert notes == ()


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"article_ids": ARTICLES + 1},
        {"lengths": np.linspace(0, 1, ROWS)},
        {"counts": np.arange(ROWS + 1)},
        {"pairs": np.zeros((ROWS, 2), int)},
        {"p6_offset": np.int64(1)},
        {"kind": np.array(["a"] * ROWS)},
        {"texts_utf8": np.zeros(ROWS, np.uint8), "text_offsets": np.arange(ROWS + 1)},
    ],
)
def test_without_any_the_order_of_the_file_counts_and_is_told(
    write_npz: WriteNpz, more: dict[str, Any]
) -> None:
    path = write_npz(**arrays(**more))
    bank, notes = read(path)
    assert bank.chunks.tolist() == [0, 1, 2, 3, 4, 5] * 2
    assert notes == (
        f"{path}: no array says the order of chunks; the rows of an article count in file order",
    )


def test_two_known_names_that_agree(write_npz: WriteNpz) -> None:
    # One counts within each article, the other through the corpus.
    path = write_npz(**arrays(seq_idx=ORDER, chunk_ids=ORDER + 100 * (ARTICLES == 7)))
    bank, notes = read(path)
    assert is_ordered(bank)
    assert len(notes) == 1


def test_two_known_names_that_disagree(write_npz: WriteNpz) -> None:
    path = write_npz(**arrays(seq_idx=ORDER, chunk_ids=np.arange(ROWS)))
    with pytest.raises(DataError, match="chunk_ids and seq_idx say different orders of the chunks; name the"):
        read(path)
    assert is_ordered(read(path, chunks="seq_idx")[0])
    assert not is_ordered(read(path, chunks="chunk_ids")[0])


def test_the_documented_name_decides_over_others(write_npz: WriteNpz) -> None:
    path = write_npz(**arrays(chunk_indices=ORDER, chunk_ids=np.arange(ROWS)))
    bank, notes = read(path)
    assert is_ordered(bank)
    assert notes == (f"{path}: 'chunk_ids' says another order of chunks than 'chunk_indices', which decides",)


def test_every_array_can_be_named(write_npz: WriteNpz) -> None:
    texts = np.array([f"text {row}" for row in range(ROWS)])
    path = write_npz(emb=VECTORS, doc=ARTICLES, pos=ORDER, body=texts)
    bank, notes = read(path, vectors="emb", articles="doc", chunks="pos", texts="body")
    assert is_ordered(bank)
    assert bank.texts is not None
    assert bank.texts[0] == "text 1"
    assert notes == ()


@pytest.mark.parametrize(
    ("key", "flag"),
    [
        ("vectors", "--vectors-key"),
        ("articles", "--article-key"),
        ("chunks", "--chunk-key"),
        ("texts", "--text-key"),
    ],
)
def test_a_named_array_that_is_not_there(write_npz: WriteNpz, key: str, flag: str) -> None:
    path = write_npz(**arrays(chunk_indices=ORDER))
    with pytest.raises(DataError) as refused:
        read(path, **{key: "gone"})
    assert str(refused.value) == (
        f"{path}: {flag} gone: no such array; found vectors, article_indices, chunk_indices"
    )


@pytest.mark.parametrize("bad", [np.arange(ROWS - 1), np.zeros((ROWS, 1), int), ORDER.astype(float)])
def test_a_named_order_must_fit(write_npz: WriteNpz, bad: Any) -> None:  # noqa: ANN401
    with pytest.raises(DataError, match="chunk indices must be 12 integers, one a vector"):
        read(write_npz(**arrays(order=bad)), chunks="order")
