"""Where the windows of a sequence file come from, in every style that old tools wrote."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatekeeper.data.formats.bank import write_bank
from gatekeeper.data.formats.sequences import read_sequences
from gates.contracts import Bank, Window
from gates.windows import window_rows
from tests.gatekeeper.data.formats.sequence_files import fails, save


def drop(*names: str) -> Callable[[dict[str, Any]], None]:
    def change(arrays: dict[str, Any]) -> None:
        for name in names:
            del arrays[name]

    return change


def put(**values: Any) -> Callable[[dict[str, Any]], None]:  # noqa: ANN401  (any array at all)
    return lambda arrays: arrays.update(values)


def spoil_record(value: object) -> Callable[[dict[str, Any]], None]:
    def change(arrays: dict[str, Any]) -> None:
        arrays["metadata"][3] = value

    return change


@pytest.mark.parametrize(
    ("style", "change", "expected"),
    [
        ("metadata", drop("context_sequences"), "needs context_sequences or contexts"),
        ("plain", drop("targets"), "target_vectors or targets; found contexts"),
        ("metadata", drop("metadata"), "nothing says where the sequences come from"),
        ("plain", drop("target_indices"), "nothing says where the sequences come from"),
        ("plain", put(contexts=np.zeros((4, 5, 9)), targets=np.zeros((4, 9))), "width 9, those of the bank"),
        ("plain", put(contexts=np.zeros((0, 5, 8)), targets=np.zeros((0, 8))), "no sequences"),
        ("plain", put(contexts=np.zeros((4, 8))), "expected contexts (N, L, D)"),
        ("plain", put(targets=np.zeros((3, 8))), "expected contexts (N, L, D)"),
        ("plain", put(targets=np.zeros((16, 8), dtype=int)), "must hold floats"),
        ("plain", put(article_ids=np.zeros(3, dtype=int)), "labels for 16 sequences"),
        ("plain", put(article_ids=np.zeros(16)), "must be integers or texts, one a row; found float64"),
        ("plain", put(p6_offset=1.5), "p6_offset must be one whole number"),
        ("plain", put(p6_offset=np.array([0, 1])), "p6_offset must be one whole number"),
        ("plain", put(p6_offset=-1), "p6_offset must be one whole number"),
        ("metadata", spoil_record({"article_index": 3}), "metadata row 3 must be a dict"),
        (
            "metadata",
            spoil_record({"article_index": True, "target_chunk_index": 1}),
            "metadata: the article id of row 3 must be a whole number or text; found bool",
        ),
        (
            "metadata",
            spoil_record({"article_index": 2**80, "target_chunk_index": 1}),
            f"1 of 16 targets are not in the bank, first article {2**80} chunk 1 (row 3)",
        ),
        ("metadata", spoil_record({"article_index": 3, "target_chunk_index": 2**80}), "metadata row 3"),
        ("metadata", spoil_record("text"), "metadata row 3 must be a dict"),
        ("metadata", spoil_record(Path("x")), "nothing was executed"),
        ("metadata", put(metadata=np.array([{}], dtype=object)), "metadata row 0"),
    ],
)
def test_bad_files(
    tmp_path: Path,
    small_bank: Bank,
    style: str,
    change: Callable[[dict[str, Any]], None],
    expected: str,
) -> None:
    rows = window_rows(small_bank, None, Window(5, 1))
    assert len(rows) == 16  # runs of 12, 10, 7 and 7 chunks hold 7 + 5 + 2 + 2 windows of 5 + 1
    path = save(tmp_path / "x.npz", small_bank, rows, horizon=1, style=style, change=change)
    assert expected in fails(path, small_bank)


LAYOUTS = (
    ("X", "y", "article_ids", "target_indices"),
    ("context", "target", "article_id", "target_idx"),
    ("contexts", "targets", "article_index", "target_chunk_index"),
    ("context_sequences", "target_vectors", "article_ids", "target_index"),
    ("X", "targets", "article_indices", "target_chunk_indices"),
)


def renamed(layout: tuple[str, ...]) -> Callable[[dict[str, Any]], None]:
    def change(arrays: dict[str, Any]) -> None:
        for old, new in zip(("contexts", "targets", "article_ids", "target_indices"), layout, strict=True):
            arrays[new] = arrays.pop(old)

    return change


@pytest.mark.parametrize("layout", LAYOUTS)
def test_other_names_of_the_same_arrays(tmp_path: Path, small_bank: Bank, layout: tuple[str, ...]) -> None:
    rows = window_rows(small_bank, None, Window(5, 1))
    path = save(tmp_path / "x.npz", small_bank, rows, horizon=1, style="plain", change=renamed(layout))
    found = read_sequences(path, small_bank)
    assert found.last_rows.tolist() == rows.tolist()
    assert found.notes == ()


@pytest.mark.parametrize(
    ("article", "chunk"), [("article_id", "target_idx"), ("article_index", "target_index")]
)
def test_other_keys_of_the_metadata(tmp_path: Path, small_bank: Bank, article: str, chunk: str) -> None:
    def change(arrays: dict[str, Any]) -> None:
        for record in arrays["metadata"]:
            record[article], record[chunk] = record.pop("article_index"), record.pop("target_chunk_index")

    rows = window_rows(small_bank, None, Window(5, 1))
    path = save(tmp_path / "x.npz", small_bank, rows, horizon=1, style="metadata", change=change)
    assert read_sequences(path, small_bank).last_rows.tolist() == rows.tolist()


SUMMARIES: dict[str, Any] = {
    "one record": np.array([{"num_sequences": 16, "context_size": 5}], dtype=object),
    "a bare record": np.array({"num_sequences": 16}, dtype=object),
    "text": np.array('{"num_sequences": 16}'),
    "numbers": np.arange(3),
    "other labels": np.array([{"article_index": 99, "target_chunk_index": 99}] * 16, dtype=object),
    "records of fewer": np.array([{"article_index": 3}] * 5, dtype=object),
}


@pytest.mark.parametrize("summary", SUMMARIES)
@pytest.mark.parametrize("layout", [LAYOUTS[0], LAYOUTS[3]])
def test_arrays_win_over_metadata(
    tmp_path: Path, small_bank: Bank, summary: str, layout: tuple[str, ...]
) -> None:
    def change(arrays: dict[str, Any]) -> None:
        renamed(layout)(arrays)
        arrays["metadata"] = SUMMARIES[summary]

    rows = window_rows(small_bank, None, Window(5, 1))
    path = save(tmp_path / "x.npz", small_bank, rows, horizon=1, style="plain", change=change)
    found = read_sequences(path, small_bank)
    assert found.last_rows.tolist() == rows.tolist()
    assert found.notes == ()


def test_metadata_that_nobody_needs_may_be_unreadable(tmp_path: Path, small_bank: Bank) -> None:
    rows = window_rows(small_bank, None, Window(5, 1))
    unreadable = put(metadata=np.array([Path("x")], dtype=object))
    path = save(tmp_path / "x.npz", small_bank, rows, horizon=1, style="plain", change=unreadable)
    (note,) = read_sequences(path, small_bank).notes
    assert note.startswith(f"{path}: metadata: the pickled array asks for pathlib.")
    assert note.endswith("; the labels are read from the arrays beside it")


def test_an_offset_in_a_summary_counts(tmp_path: Path, small_bank: Bank) -> None:
    rows = window_rows(small_bank, None, Window(5, 2))
    summary = put(metadata=np.array([{"p6_offset": 1}], dtype=object))
    path = save(tmp_path / "x.npz", small_bank, rows, horizon=2, style="plain", state=False, change=summary)
    assert read_sequences(path, small_bank).window.horizon == 2
    wrong = put(metadata=np.array([{"p6_offset": [1]}], dtype=object))
    path = save(tmp_path / "y.npz", small_bank, rows, horizon=2, style="plain", state=False, change=wrong)
    assert "p6_offset must be one whole number for all sequences; found list" in fails(path, small_bank)


def test_windows_without_any_label_say_what_is_missing(tmp_path: Path, small_bank: Bank) -> None:
    np.savez(tmp_path / "x.npz", X=np.ones((3, 5, 8)), y=np.ones((3, 8)))
    assert fails(tmp_path / "x.npz", small_bank) == (
        f"{tmp_path / 'x.npz'}: nothing says where the sequences come from; expected the article and the "
        "chunk of each target, in article_ids and target_indices or in metadata, found X, y"
    )


def test_a_bank_is_no_sequence_file(tmp_path: Path, small_bank: Bank) -> None:
    write_bank(tmp_path / "bank.npz", small_bank)
    assert fails(tmp_path / "bank.npz", small_bank).endswith("; this is a bank: name it with --bank")
