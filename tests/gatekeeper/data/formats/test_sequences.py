from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatekeeper.data.formats.sequences import read_sequences
from gates.bank import build_bank
from gates.contracts import Bank, IntArray, Window
from gates.windows import window_rows
from tests.gatekeeper.data.formats.sequence_files import fails, save

Speeches = tuple[Bank, dict[str, IntArray]]


STYLES = ("metadata", "plain")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("horizon", [1, 2])
@pytest.mark.parametrize("state", [True, False])
def test_speeches_round_trip(
    tmp_path: Path, speeches: Speeches, style: str, horizon: int, state: bool
) -> None:
    bank, splits = speeches
    rows = window_rows(bank, splits["val"], Window(5, horizon))
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(rows)[:400]
    path = save(tmp_path / "x.npz", bank, shuffled, horizon=horizon, style=style, state=state)
    found = read_sequences(path, bank)
    assert found.last_rows.tolist() == sorted(shuffled.tolist())
    assert (found.window, found.notes) == (Window(5, horizon), ())


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


def test_windows_that_cross_are_left_out_and_told(tmp_path: Path, small_bank: Bank) -> None:
    everything = np.arange(4, small_bank.rows - 1)  # stride 1 over the whole bank
    windows = window_rows(small_bank, None, Window(5, 1))
    crossing = len(everything) - len(windows)
    path = save(tmp_path / "x.npz", small_bank, everything, horizon=1, style="metadata")
    found = read_sequences(path, small_bank)
    assert found.last_rows.tolist() == windows.tolist()
    assert found.notes == (
        f"{path}: left out {crossing} of {len(everything)} sequences that cross an article or a gap in "
        "the chunk index",
    )


def test_only_crossing_windows_is_an_error(tmp_path: Path, small_bank: Bank) -> None:
    path = save(tmp_path / "x.npz", small_bank, np.array([11, 12]), horizon=1, style="plain")
    assert "none of its 2 sequences lies within one article" in fails(path, small_bank)


def test_repeats_count_once(tmp_path: Path, small_bank: Bank) -> None:
    path = save(tmp_path / "x.npz", small_bank, np.array([5, 6, 5, 5]), horizon=1, style="plain")
    found = read_sequences(path, small_bank)
    assert found.last_rows.tolist() == [5, 6]
    assert "2 of 4 sequences repeat" in found.notes[0]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("what", ["context", "target", "zero", "nan"])
def test_disagreeing_vectors_name_the_first_rows(
    tmp_path: Path, small_bank: Bank, style: str, what: str
) -> None:
    bad = [2, 5, 9]

    def damage(arrays: dict[str, Any]) -> None:
        contexts, targets = list(arrays.values())[:2]
        for row in bad:
            if what == "target":
                targets[row, 3] += 0.1
            else:
                contexts[row, 1] = {"zero": 0.0, "nan": np.nan}.get(what, contexts[row, 0])

    rows = window_rows(small_bank, None, Window(5, 1))
    path = save(tmp_path / "x.npz", small_bank, rows, horizon=1, style=style, change=damage)
    message = fails(path, small_bank)
    assert f"vectors of 3 of {len(rows)} sequences disagree with the bank small at horizon 1" in message
    assert "first rows 2, 5, 9;" in message


def test_disagreement_is_found_behind_the_first_block(
    tmp_path: Path, small_bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "gatekeeper.data.formats.sequences._BLOCK_BYTES", 4 * 6 * 8 * 3
    )  # three windows a block

    def damage(arrays: dict[str, Any]) -> None:
        arrays["targets"][10] *= -1

    rows = window_rows(small_bank, None, Window(5, 1))
    path = save(tmp_path / "x.npz", small_bank, rows, horizon=1, style="plain", change=damage)
    assert "first rows 10;" in fails(path, small_bank)


def test_a_file_of_another_bank_is_an_error(tmp_path: Path, small_bank: Bank) -> None:
    other = build_bank(
        np.random.default_rng(99).standard_normal(small_bank.vectors.shape).astype(np.float32),
        small_bank.articles,
        small_bank.chunks,
        source="other",
    )
    rows = window_rows(other, None, Window(5, 1))
    path = save(tmp_path / "x.npz", other, rows, horizon=1, style="metadata")
    assert f"{len(rows)} of {len(rows)} sequences disagree" in fails(path, small_bank)


@pytest.mark.parametrize("style", STYLES)
def test_targets_the_bank_lacks(tmp_path: Path, small_bank: Bank, style: str) -> None:
    def rename(arrays: dict[str, Any]) -> None:
        if style == "metadata":
            arrays["metadata"][1]["article_index"] = 77
        else:
            arrays["article_ids"][1] = 77

    rows = window_rows(small_bank, None, Window(5, 1))
    path = save(tmp_path / "x.npz", small_bank, rows, horizon=1, style=style, change=rename)
    message = fails(path, small_bank)
    assert f"1 of {len(rows)} targets are not in the bank" in message
    assert f"first article 77 chunk {small_bank.chunks[rows[1]] + 1} (row 1)" in message


def test_truncated_file(tmp_path: Path, small_bank: Bank) -> None:
    rows = window_rows(small_bank, None, Window(5, 1))
    path = save(tmp_path / "x.npz", small_bank, rows, horizon=1, style="metadata")
    path.write_bytes(path.read_bytes()[:1000])
    fails(path, small_bank)
