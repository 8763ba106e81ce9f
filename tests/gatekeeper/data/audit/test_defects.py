"""Planted defects of a bank file: each is found, counted and placed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatekeeper.data.audit import defects as raw_bank
from gatekeeper.data.audit.defects import Defect, Norms, find_defects
from gatekeeper.data.formats.bank import read_bank
from schemas.errors import DataError

Arrays = dict[str, Any]

BROKEN, ZERO = "rows with NaN or infinity", "rows of zeros"
TWICE = "(article, chunk) pairs that occur twice"


def plain(rows: int = 60) -> Arrays:
    """Articles 10, 11, ... of 10 chunks; no row has unit length."""
    return {
        "vectors": np.random.default_rng(0).uniform(1.0, 2.0, (rows, 4)).astype(np.float32),
        "article_indices": 10 + np.arange(rows) // 10,
        "chunk_indices": np.arange(rows) % 10,
    }


def save(path: Path, arrays: Arrays) -> Path:
    np.savez(path / "bank.npz", **arrays)
    return path / "bank.npz"


def found(path: Path, plant: Callable[[Arrays], object], rows: int = 60) -> tuple[Defect, ...]:
    arrays = plain(rows)
    plant(arrays)
    return find_defects(save(path, arrays))[0]


def test_a_sound_bank_has_no_defect(tmp_path: Path) -> None:
    assert found(tmp_path, lambda arrays: None) == ()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_nan_and_infinity_are_found(tmp_path: Path, value: float, dtype: str) -> None:
    def plant(arrays: Arrays) -> None:
        arrays["vectors"] = arrays["vectors"].astype(dtype)
        arrays["vectors"][7, 2] = value
        arrays["vectors"][31] = value

    assert found(tmp_path, plant) == (
        Defect(BROKEN, 2, ("row 7 (article 10)", "row 31 (article 13)"), fatal=True),
    )


@pytest.mark.parametrize("scale", [1e200, 1e300, 1e-200, 1e-300])
def test_a_row_whose_square_no_number_holds_is_no_defect(tmp_path: Path, scale: float) -> None:
    arrays = plain()
    arrays["vectors"] = arrays["vectors"].astype(np.float64)
    usual = np.linalg.norm(arrays["vectors"], axis=1)
    arrays["vectors"][7] *= scale
    defects, norms = find_defects(save(tmp_path, arrays))
    assert defects == ()
    extreme = norms.high if scale > 1 else norms.low
    assert extreme == pytest.approx(usual[7] * scale)
    assert norms.median == pytest.approx(float(np.median(usual)), rel=0.05)


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_rows_of_zeros_are_found(tmp_path: Path, zero: float) -> None:
    def plant(arrays: Arrays) -> None:
        arrays["vectors"][[0, 59]] = zero
        arrays["vectors"][5, :3] = 0.0  # a row with a single entry is a vector

    assert found(tmp_path, plant) == (
        Defect(ZERO, 2, ("row 0 (article 10)", "row 59 (article 15)"), fatal=True),
    )


def test_chunks_that_occur_twice_are_found_wherever_they_lie(tmp_path: Path) -> None:
    def plant(arrays: Arrays) -> None:
        arrays["chunk_indices"][3] = 2  # its neighbour
        arrays["article_indices"][57], arrays["chunk_indices"][57] = 11, 4  # far away
        arrays["article_indices"][58], arrays["chunk_indices"][58] = 11, 4  # a third time

    assert found(tmp_path, plant) == (
        Defect(TWICE, 3, ("article 10 chunk 2", "article 11 chunk 4", "article 11 chunk 4"), fatal=True),
    )


def test_the_same_chunk_number_in_two_articles_is_no_repetition(tmp_path: Path) -> None:
    assert found(tmp_path, lambda a: a.update(chunk_indices=np.arange(60) % 10 - 5)) == ()


def test_defects_are_listed_together_and_a_broken_row_is_not_called_zero(tmp_path: Path) -> None:
    def plant(arrays: Arrays) -> None:
        arrays["vectors"][4] = [np.nan, 0, 0, 0]
        arrays["vectors"][9] = 0
        arrays["chunk_indices"][21] = 0

    assert found(tmp_path, plant) == (
        Defect(BROKEN, 1, ("row 4 (article 10)",), fatal=True),
        Defect(ZERO, 1, ("row 9 (article 10)",), fatal=True),
        Defect(TWICE, 1, ("article 12 chunk 0",), fatal=True),
    )


def test_many_defects_are_counted_and_the_first_five_are_shown(tmp_path: Path) -> None:
    def plant(arrays: Arrays) -> None:
        arrays["vectors"][10:40] = 0
        arrays["chunk_indices"][40:50] = 0

    zero, twice = found(tmp_path, plant)
    assert (zero.count, twice.count) == (30, 9)
    assert zero.examples == tuple(f"row {row} (article 11)" for row in range(10, 15))
    assert twice.examples == ("article 14 chunk 0",) * 5


def test_defects_beyond_the_first_block_have_their_true_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_bank, "_BLOCK", 7)

    def plant(arrays: Arrays) -> None:
        arrays["vectors"][41, 0] = np.nan
        arrays["vectors"][42] = 0

    assert [defect.examples for defect in found(tmp_path, plant)] == [
        ("row 41 (article 14)",),
        ("row 42 (article 14)",),
    ]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32"])
def test_norms_are_those_of_the_stored_finite_rows(tmp_path: Path, dtype: str) -> None:
    arrays = plain()
    arrays["vectors"] = (10 * arrays["vectors"]).astype(dtype)
    lengths = [float(np.sqrt(sum(float(entry) ** 2 for entry in row))) for row in arrays["vectors"]]
    _, norms = find_defects(save(tmp_path, arrays))
    assert (norms.low, norms.median, norms.high) == pytest.approx(
        (min(lengths), np.median(lengths), max(lengths)), rel=1e-12
    )


def test_norms_count_zero_rows_and_leave_broken_ones_out(tmp_path: Path) -> None:
    arrays = plain()
    arrays["vectors"][:] = [3.0, 0.0, 4.0, 0.0]
    arrays["vectors"][1] = np.inf
    arrays["vectors"][2] = 0.0
    assert find_defects(save(tmp_path, arrays))[1] == Norms(0.0, 5.0, 5.0)


def test_a_bank_without_a_finite_row_has_no_norms(tmp_path: Path) -> None:
    arrays = plain()
    arrays["vectors"][:] = np.nan
    defects, norms = find_defects(save(tmp_path, arrays))
    assert defects[0].count == 60
    assert norms == Norms(0.0, 0.0, 0.0)


def test_the_other_names_of_the_arrays_are_known_and_chunk_numbers_may_be_missing(tmp_path: Path) -> None:
    arrays = plain()
    vectors = arrays["vectors"]
    vectors[3] = 0
    path = save(tmp_path, {"embeddings": vectors, "article_ids": arrays["article_indices"]})
    assert find_defects(path)[0] == (Defect(ZERO, 1, ("row 3 (article 10)",), fatal=True),)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("vectors"), "a bank needs an array 'vectors' (or 'embeddings'); found article_in"),
        (lambda a: a.pop("article_indices"), "a bank needs an array 'article_indices' (or 'article_ids')"),
        (lambda a: a.update(vectors=np.ones(60)), "vectors must be a float matrix (chunks, width); found fl"),
        (lambda a: a.update(vectors=np.float32(1)), "found float32 ()"),
        (lambda a: a.update(article_indices=np.ones(59, int)), "must be 60 integers, one a vector; found in"),
        (lambda a: a.update(article_indices=np.ones((60, 1), int)), "must be one-dimensional; found (60, 1)"),
        (lambda a: a.update(vectors=np.ones((0, 4)), article_indices=np.ones(0, int)), "empty (shape (0, 4)"),
        (lambda a: a.update(vectors=np.array([{}] * 60)), "found object (60,), which is not read because it"),
        (lambda a: a.update(vectors=np.full((60, 4), "x")), "vectors must be a float matrix (chunks, width)"),
    ],
)
def test_what_is_no_bank_at_all_is_refused(
    tmp_path: Path, change: Callable[[Arrays], object], message: str
) -> None:
    with pytest.raises(DataError) as refused:
        found(tmp_path, change)
    assert message in str(refused.value)
    assert str(refused.value).startswith(str(tmp_path / "bank.npz"))
    assert "\n" not in str(refused.value)


def test_vectors_of_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        found(tmp_path, lambda arrays: arrays.update(vectors=np.full((60, 4), "abc")))


def test_what_is_no_npz_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"bank\.npz: expected an \.npz file, found nothing"):
        find_defects(tmp_path / "bank.npz")
    (tmp_path / "bank.npz").write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(DataError, match=r"bank\.npz cannot be read: .*; expected a complete \.npz file"):
        find_defects(tmp_path / "bank.npz")


@pytest.mark.parametrize(
    "plant",
    [
        lambda a: a["vectors"].__setitem__((3, 1), np.nan),
        lambda a: a["vectors"].__setitem__((3, 1), -np.inf),
        lambda a: a["vectors"].__setitem__(3, 0.0),
        lambda a: a["chunk_indices"].__setitem__(3, 2),
    ],
)
def test_what_is_called_fatal_is_what_a_bank_refuses_and_nothing_else(
    tmp_path: Path, plant: Callable[[Arrays], object]
) -> None:
    assert [defect.fatal for defect in found(tmp_path, plant)] == [True]
    with pytest.raises(DataError):
        read_bank(tmp_path / "bank.npz")
    assert found(tmp_path, lambda arrays: None) == ()
    assert read_bank(tmp_path / "bank.npz").rows == 60
