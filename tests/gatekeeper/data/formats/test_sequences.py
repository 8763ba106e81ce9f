from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatekeeper.data.formats.bank import write_bank
from gatekeeper.data.formats.sequences import read_sequences
from gates.bank import build_bank
from gates.contracts import Bank, IntArray, Window
from gates.windows import window_rows
from schemas.errors import DataError

Speeches = tuple[Bank, dict[str, IntArray]]
STYLES = ("metadata", "plain")


def save(
    path: Path,
    bank: Bank,
    last_rows: IntArray,
    *,
    horizon: int,
    style: str,
    state: bool = True,
    shift: int = 0,
    dtype: str = "f4",
    scale: float = 1.0,
    context: int = 5,
    change: Callable[[dict[str, Any]], None] | None = None,
) -> Path:
    """Write a sequence file one window at a time, as the old tools did; rows may cross articles."""
    contexts = [[bank.vectors[row - context + 1 + i] for i in range(context)] for row in last_rows.tolist()]
    target_rows = [row + horizon for row in last_rows.tolist()]
    labels = [(int(bank.articles[row]), int(bank.chunks[row]) - shift) for row in target_rows]
    keys = ("context_sequences", "target_vectors") if style == "metadata" else ("contexts", "targets")
    arrays: dict[str, Any] = {
        keys[0]: (np.array(contexts) * scale).astype(dtype),
        keys[1]: (np.array([bank.vectors[row] for row in target_rows]) * scale).astype(dtype),
    }
    if style == "metadata":
        records: list[dict[str, Any]] = [
            {
                "article_index": article,
                "target_chunk_index": np.int64(chunk),
                "target_cpe_id": f"id-{article}-{chunk}",
                "crosses_article": False,
            }
            for article, chunk in labels
        ]
        arrays["metadata"] = np.array(records, dtype=object)
        arrays["context_length"] = context
    else:
        arrays["article_ids"] = np.array([article for article, _ in labels])
        arrays["target_indices"] = np.array([chunk for _, chunk in labels])
    if state and horizon > 1:
        arrays |= {"p6_mode": True, "p6_offset": horizon - 1}
    if change is not None:
        change(arrays)
    np.savez(path, **arrays)
    return path


def fails(path: Path, bank: Bank) -> str:
    with pytest.raises(DataError) as caught:
        read_sequences(path, bank)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


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


def test_truncated_file(tmp_path: Path, small_bank: Bank) -> None:
    rows = window_rows(small_bank, None, Window(5, 1))
    path = save(tmp_path / "x.npz", small_bank, rows, horizon=1, style="metadata")
    path.write_bytes(path.read_bytes()[:1000])
    fails(path, small_bank)
