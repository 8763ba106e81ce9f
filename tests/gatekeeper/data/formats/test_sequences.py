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
