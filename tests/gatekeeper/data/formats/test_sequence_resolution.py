"""Which chunks the labels of a sequence mean is told by its vectors."""

from pathlib import Path
from typing import Any

import pytest

from gatekeeper.data.formats.sequences import read_sequences
from gates.contracts import Bank, Window
from gates.windows import window_rows
from tests.gatekeeper.data.formats.sequence_files import fails, save


@pytest.mark.parametrize(("dtype", "scale"), [("f2", 1.0), ("f4", 3.7), ("f8", 0.01), (">f4", 1.0)])
def test_precision_and_length_of_vectors_do_not_matter(
    tmp_path: Path, small_bank: Bank, dtype: str, scale: float
) -> None:
    rows = window_rows(small_bank, None, Window(3, 2))
    path = save(
        tmp_path / "x.npz", small_bank, rows, horizon=2, style="plain", dtype=dtype, scale=scale, context=3
    )
    found = read_sequences(path, small_bank)
    assert found.last_rows.tolist() == rows.tolist()
    assert found.window.context == 3


def test_offset_in_the_metadata_counts(tmp_path: Path, small_bank: Bank) -> None:
    def move(arrays: dict[str, Any]) -> None:
        del arrays["p6_offset"]
        for record in arrays["metadata"]:
            record["p6_offset"] = 1

    rows = window_rows(small_bank, None, Window(5, 2))
    path = save(tmp_path / "x.npz", small_bank, rows, horizon=2, style="metadata", change=move)
    assert read_sequences(path, small_bank).window.horizon == 2


def test_a_target_index_from_before_the_shift_is_understood_and_told(
    tmp_path: Path, small_bank: Bank
) -> None:
    rows = window_rows(small_bank, None, Window(5, 2))
    path = save(tmp_path / "x.npz", small_bank, rows, horizon=2, style="metadata", shift=1)
    found = read_sequences(path, small_bank)
    assert found.last_rows.tolist() == rows.tolist()
    assert "before the shift by 1" in found.notes[0]


def test_a_shift_nobody_states_is_an_error(tmp_path: Path, small_bank: Bank) -> None:
    rows = window_rows(small_bank, None, Window(5, 1))
    path = save(tmp_path / "x.npz", small_bank, rows, horizon=1, style="metadata", shift=1)
    assert f"of {len(rows)} sequences disagree with the bank small" in fails(path, small_bank)


def test_a_false_p6_offset_is_an_error(tmp_path: Path, small_bank: Bank) -> None:
    rows = window_rows(small_bank, None, Window(5, 1))
    path = save(
        tmp_path / "x.npz",
        small_bank,
        rows,
        horizon=1,
        style="plain",
        change=lambda arrays: arrays.update(p6_offset=1),
    )
    assert "disagree with the bank" in fails(path, small_bank)


def test_disagreement_is_found_behind_the_first_block(
    tmp_path: Path, small_bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "gatekeeper.data.formats.sequence_resolution._BLOCK_BYTES", 4 * 6 * 8 * 3
    )  # three windows a block

    def damage(arrays: dict[str, Any]) -> None:
        arrays["targets"][10] *= -1

    rows = window_rows(small_bank, None, Window(5, 1))
    path = save(tmp_path / "x.npz", small_bank, rows, horizon=1, style="plain", change=damage)
    assert "first rows 10;" in fails(path, small_bank)
