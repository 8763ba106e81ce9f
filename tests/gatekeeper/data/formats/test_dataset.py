"""What was put into a data set comes back, mapped and verified."""

import hashlib
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from gatekeeper.data.formats.bank import read_bank, write_bank
from gatekeeper.data.formats.dataset import Dtype, OpenDataset, open_dataset
from gates.bank import build_bank
from gates.contracts import Bank, Window
from gates.windows import rows_digest, window_rows
from schemas.reading.dataset import read_dataset_record
from schemas.reading.schema import violation
from schemas.records.dataset import StoredBank, StoredFile, StoredSplit
from tests.gatekeeper.data.formats.stored import (
    ARTICLES,
    FILES,
    ORIGIN,
    bank_digest,
    rich_bank,
    snapshot,
    store,
)

DTYPES: tuple[Dtype, Dtype] = ("float32", "float16")


def test_the_folder_holds_these_files_and_no_others(tmp_path: Path) -> None:
    store(tmp_path / "full")
    assert sorted(snapshot(tmp_path / "full")) == list(FILES)
    store(tmp_path / "bare", rich_bank(texts=False, titles=False), articles={"train": np.array([0])})
    assert sorted(snapshot(tmp_path / "bare")) == [
        "articles.npy",
        "chunks.npy",
        "dataset.json",
        "train.npy",
        "vectors.npy",
    ]
    store(tmp_path / "converted", unmatched="a\n")
    assert (tmp_path / "converted" / "unmatched.csv").read_text() == "a\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bare", "converted", "full"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_vectors_come_back(tmp_path: Path, dtype: Dtype) -> None:
    bank = rich_bank()
    record = store(tmp_path / "data", bank, dtype=dtype)
    found = open_dataset(tmp_path / "data")
    assert found.record == record
    assert found.bank.vectors.dtype == np.float32
    np.testing.assert_array_equal(found.bank.articles, bank.articles)
    np.testing.assert_array_equal(found.bank.chunks, bank.chunks)
    if dtype == "float32":
        np.testing.assert_array_equal(found.bank.vectors, bank.vectors)
    else:
        # Half precision keeps 11 bits.
        np.testing.assert_allclose(found.bank.vectors, bank.vectors, atol=2**-10)
        np.testing.assert_allclose(np.linalg.norm(found.bank.vectors, axis=1), 1.0, atol=1e-6)
    assert np.load(tmp_path / "data" / "vectors.npy").dtype == dtype
    for name in ("run_first", "run_last", "article_first", "article_last"):
        np.testing.assert_array_equal(getattr(found.bank, name), getattr(bank, name))
    assert found.bank.source == str(tmp_path / "data")


@pytest.mark.parametrize(
    "dtype",
    [
        "float32",
        pytest.param("float16"),
    ],
)
def test_the_digest_of_the_bank_is_that_of_the_rows_that_are_opened(tmp_path: Path, dtype: Dtype) -> None:
    bank = rich_bank(width=48)
    record = store(tmp_path / "data", bank, dtype=dtype)
    found = open_dataset(tmp_path / "data").bank
    assert found.sha256 == record.bank.sha256
    assert bank_digest(found.vectors, found.articles, found.chunks) == record.bank.sha256
    if dtype == "float32":
        assert record.bank.sha256 == bank.sha256


def many(*, rows: int, width: int) -> Bank:
    """Articles of 50 chunks."""
    return build_bank(
        np.random.default_rng(0).standard_normal((rows, width), dtype=np.float32),
        np.repeat(np.arange(rows // 50), 50),
        np.tile(np.arange(50), rows // 50),
        source="many",
    )


@pytest.mark.parametrize("width", [pytest.param(8), 256])
def test_half_precision_is_the_source_rounded_once(tmp_path: Path, width: int) -> None:
    bank = many(rows=2000, width=width)
    store(tmp_path / "data", bank, articles={"train": np.array([0])}, dtype="float16")
    stored = np.load(tmp_path / "data" / "vectors.npy")
    np.testing.assert_array_equal(stored, bank.vectors.astype(np.float16))


def test_half_precision_opens_to_the_same_bits_every_time(tmp_path: Path) -> None:
    store(tmp_path / "data", dtype="float16")
    one, two = open_dataset(tmp_path / "data").bank, open_dataset(tmp_path / "data").bank
    assert one.vectors.tobytes() == two.vectors.tobytes()
    assert one.sha256 == two.sha256


def test_half_precision_is_half_the_size(tmp_path: Path) -> None:
    bank = rich_bank(width=64)
    one, two = (store(tmp_path / dtype, bank, dtype=dtype).files["vectors.npy"].bytes for dtype in DTYPES)
    assert (one - 128, two - 128) == (bank.rows * 64 * 4, bank.rows * 64 * 2)


@pytest.mark.parametrize(("context", "horizon"), [(5, 1), (5, 2), (3, 4), (1, 1)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_windows_are_all_those_of_the_articles(
    tmp_path: Path, dtype: Dtype, context: int, horizon: int
) -> None:
    bank = rich_bank()
    store(tmp_path / "data", bank, context=context, horizon=horizon, dtype=dtype)
    found = open_dataset(tmp_path / "data")
    assert (found.record.context, found.record.horizon) == (context, horizon)
    assert list(found.splits) == list(found.articles) == list(ARTICLES)
    for name, articles in ARTICLES.items():
        expected = window_rows(bank, articles, Window(context, horizon))
        np.testing.assert_array_equal(found.splits[name], expected)
        assert found.articles[name].tolist() == articles.tolist()


def test_windows_may_be_fewer_than_all_those_of_the_articles(tmp_path: Path) -> None:
    bank = rich_bank()
    rows = {name: window_rows(bank, a, Window(5, 1))[::2] for name, a in ARTICLES.items()}
    record = store(tmp_path / "data", bank, windows=rows)
    found = open_dataset(tmp_path / "data")
    for name in ARTICLES:
        np.testing.assert_array_equal(found.splits[name], rows[name])
        assert record.splits[name].windows == len(rows[name])


def opened_memory(folder: Path) -> tuple[OpenDataset, int]:
    """The data set, and the most memory that opening it took."""
    tracemalloc.start()
    try:
        found = open_dataset(folder)
        return found, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_vectors_are_mapped_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A record may be this long, and room for it is made whatever its length.
    monkeypatch.setattr("schemas.reading.document.MAX_BYTES", 2**18)
    bank = many(rows=40_000, width=64)
    store(tmp_path / "data", bank, articles={"train": np.array([0])})
    found, memory = opened_memory(tmp_path / "data")
    assert isinstance(found.bank.vectors, np.memmap)
    assert Path(str(found.bank.vectors.filename)) == tmp_path / "data" / "vectors.npy"
    # 10 MB of vectors; what is made are a few numbers a row.
    assert memory < bank.vectors.nbytes / 2


def test_writing_to_what_was_opened_does_not_reach_the_files(data: Path) -> None:
    before = snapshot(data)
    found = open_dataset(data)
    found.bank.vectors[:] = 0.0
    found.splits["train"][:] = 0
    assert snapshot(data) == before


def test_texts_and_titles_come_back(data: Path) -> None:
    bank, found = rich_bank(), open_dataset(data).bank
    assert bank.texts is not None
    assert found.texts is not None
    assert list(found.texts) == list(bank.texts)
    assert len(found.texts) == bank.rows
    assert found.texts[2] == "中文 𝄞"
    assert found.texts[-1] == bank.texts[-1]
    assert found.texts[3:20:4] == list(bank.texts[3:20:4])
    assert found.texts[::-1] == list(bank.texts[::-1])
    assert dict(found.titles) == {0: "First — ünïcode", 4: ""}
    for row in (bank.rows, -bank.rows - 1):
        with pytest.raises(IndexError):
            found.texts[row]


@pytest.mark.parametrize("texts", [["", "", ""], ["中", "", "a" * 1000], ["\0", "\n", "\r\n\u2028"]])
def test_texts_of_any_kind_come_back(tmp_path: Path, texts: list[str]) -> None:
    bank = build_bank(np.eye(3), np.zeros(3, int), np.arange(3), source="x", texts=texts)
    store(tmp_path / "data", bank, articles={"val": np.array([0])}, context=1)
    found = open_dataset(tmp_path / "data").bank
    assert found.texts is not None
    assert list(found.texts) == texts
    assert dict(found.titles) == {}


def test_a_bank_without_texts_and_titles_has_none_afterwards(tmp_path: Path) -> None:
    store(tmp_path / "data", rich_bank(texts=False, titles=False))
    found = open_dataset(tmp_path / "data").bank
    assert found.texts is None
    assert dict(found.titles) == {}


def test_the_record_says_what_is_in_the_folder(built: Path) -> None:
    bank, record = rich_bank(), read_dataset_record(built / "dataset.json")
    assert record.schema_version == "1.1"
    assert record.created == "2026-05-04T03:02:01Z"
    assert record.bank == StoredBank(bank.rows, 8, 7, "float32", bank.sha256)
    assert record.origin == ORIGIN
    expected = {}
    for name, articles in (("train", "0-2,6"), ("val", "3,5"), ("ood", "4")):
        rows = window_rows(bank, ARTICLES[name], Window(5, 1))
        digest = hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest()
        assert digest == rows_digest(rows)
        expected[name] = StoredSplit(len(rows), articles, digest)
    assert record.splits == expected
    contents = {name: content for name, content in snapshot(built).items() if name != "dataset.json"}
    assert record.files == {
        name: StoredFile(hashlib.sha256(content).hexdigest(), len(content))
        for name, content in contents.items()
    }


def test_the_record_follows_the_published_schema(built: Path) -> None:
    value = json.loads((built / "dataset.json").read_text())
    assert violation("dataset", value) is None
    assert sorted(value) == [
        "bank",
        "context",
        "created",
        "files",
        "horizon",
        "origin",
        "schema_version",
        "splits",
        "tool_version",
    ]
    value["more"] = 1
    assert (violation("dataset", value) or "").startswith('$: unknown key "more"')


@pytest.mark.parametrize(
    "ids", [["b", "c", "ä", "a", "e", "d", "f"], [2**63 + number for number in range(7)]]
)
def test_ids_that_are_no_int64_come_back(tmp_path: Path, ids: list[str] | list[int]) -> None:
    plain = rich_bank(texts=False, titles=False)
    named = np.array(ids)[plain.articles]
    titles = {each: f"of {each}" for each in ids}
    bank = build_bank(plain.vectors, named, plain.chunks, source="bank.npz", titles=titles)
    first, second = (np.unique(bank.articles[bank.run_last - bank.run_first >= 6])[:2]).tolist()
    store(tmp_path / "data", bank, articles={"val": np.array([first]), "ood": np.array([second])})
    opened = open_dataset(tmp_path / "data")
    assert opened.bank.ids == tuple(sorted(ids))
    assert opened.bank.sha256 == bank.sha256 == opened.record.bank.sha256
    assert dict(opened.bank.titles) == dict(bank.titles)
    assert opened.articles["val"].tolist() == [first]


def test_a_bank_that_was_opened_can_be_written_as_a_bank_file(data: Path, tmp_path: Path) -> None:
    opened = open_dataset(data).bank
    write_bank(tmp_path / "bank.npz", opened)
    again = read_bank(tmp_path / "bank.npz")
    assert again.sha256 == opened.sha256
    assert list(again.texts or ()) == list(opened.texts or ())
