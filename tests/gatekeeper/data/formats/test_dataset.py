"""Built data sets: what was put in comes back, mapped and verified, and nothing else is touched."""

import hashlib
import json
import os
import shutil
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click.testing
import numpy as np
import pytest

from gatekeeper.data.formats.bank import read_bank, write_bank
from gatekeeper.data.formats.dataset import Dtype, OpenDataset, is_dataset, open_dataset
from gates.bank import build_bank
from gates.contracts import Bank, Window
from gates.windows import rows_digest, window_rows
from schemas.reading.dataset import read_dataset_record
from schemas.reading.report import read_report
from schemas.reading.schema import violation
from schemas.reading.strict_json import dumps
from schemas.records.dataset import Origin, StoredBank, StoredFile, StoredSplit
from schemas.records.report import Report
from tests.gatekeeper.data.formats.stored import (
    ARTICLES,
    ORIGIN,
    bank_digest,
    refusal,
    rich_bank,
    snapshot,
    store,
)

Run = Callable[..., click.testing.Result]

FILES = (
    "articles.npy",
    "chunks.npy",
    "dataset.json",
    "ood.npy",
    "text_offsets.npy",
    "texts_utf8.npy",
    "titles.json",
    "train.npy",
    "val.npy",
    "vectors.npy",
)
DTYPES: tuple[Dtype, Dtype] = ("float32", "float16")
AGAIN = "; build the data set again"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set with every kind of file; not to be changed."""
    folder = tmp_path_factory.mktemp("built") / "data"
    store(folder, unmatched="split,file\n")
    return folder


@pytest.fixture
def data(built: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(built, tmp_path / "data")
    return tmp_path / "data"


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
    assert record.schema_version == "1.0"
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


def test_equal_banks_give_equal_files(tmp_path: Path) -> None:
    for name in "ab":
        store(tmp_path / name)
    assert snapshot(tmp_path / "a") == snapshot(tmp_path / "b")


# What changed since it was built.


def places(size: int) -> list[int]:
    """The first bytes, the last ones, and some between."""
    return sorted({*range(min(size, 12)), *range(0, size, 97), *range(max(0, size - 3), size)})


@pytest.mark.parametrize("name", sorted({*FILES, "unmatched.csv"} - {"dataset.json"}))
def test_a_changed_byte_is_refused(data: Path, name: str) -> None:
    content = (data / name).read_bytes()
    for place in places(len(content)):
        for bit in (0x01, 0x80):
            changed = bytearray(content)
            changed[place] ^= bit
            (data / name).write_bytes(changed)
            assert refusal(data) == f"{data / name} changed since it was built{AGAIN}"
    (data / name).write_bytes(content)
    assert refusal(data) == ""


@pytest.mark.parametrize("name", sorted({*FILES, "unmatched.csv"} - {"dataset.json"}))
def test_a_file_that_is_cut_grown_or_gone_is_refused(data: Path, name: str) -> None:
    content = (data / name).read_bytes()
    size = len(content)
    for other in (b"", content[:1], content[: size // 2], content[:-1], content + b"\0", content * 2):
        (data / name).write_bytes(other)
        assert refusal(data) == f"{data / name} has {len(other)} bytes, expected {size}{AGAIN}"
    (data / name).unlink()
    assert refusal(data) == f"{data / name} cannot be read: No such file or directory{AGAIN}"
    (data / name).mkdir()
    assert refusal(data).startswith(f"{data / name} ")
    (data / name).rmdir()
    os.mkfifo(data / name)
    assert refusal(data) == f"{data / name} has 0 bytes, expected {size}{AGAIN}"
    (data / name).unlink()
    (data / name).write_bytes(content)
    assert refusal(data) == ""


def test_two_files_that_changed_places_are_refused(data: Path) -> None:
    for name in ("articles.npy", "chunks.npy"):
        (data / name).rename(data / f"{name}.old")
    (data / "articles.npy.old").rename(data / "chunks.npy")
    (data / "chunks.npy.old").rename(data / "articles.npy")
    assert refusal(data).endswith(f"changed since it was built{AGAIN}")


def test_a_record_that_is_cut_grown_or_torn_is_refused(data: Path) -> None:
    content = (data / "dataset.json").read_bytes()
    for size in range(0, len(content.rstrip()), 7):
        (data / "dataset.json").write_bytes(content[:size])
        assert refusal(data).startswith(f"dataset {data / 'dataset.json'}: ")
    for place in range(0, len(content), 5):
        (data / "dataset.json").write_bytes(content[:place] + b"\xff" + content[place + 1 :])
        assert refusal(data).startswith(f"dataset {data / 'dataset.json'}: ")
    (data / "dataset.json").write_bytes(content + b"}")
    assert refusal(data).startswith(f"dataset {data / 'dataset.json'}: not JSON: ")


Edit = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda v: v.update(schema_version="2.0"), "expected schema_version 1.x, found '2.0'; read it with"),
        (lambda v: v.pop("schema_version"), "expected an object with schema_version 1.x, found none"),
        (lambda v: v.pop("bank"), "does not follow the schema: $: 'bank' is a required property"),
        (lambda v: v.update(horizon=0), "does not follow the schema: $.horizon: 0 is less than the minimum"),
        (lambda v: v.update(extra=1), 'does not follow the schema: $: unknown key "extra"'),
        (lambda v: v["splits"].update(test=v["splits"]["val"]), "does not follow the schema: $.splits: "),
        (lambda v: v["files"].update({"../x.npy": v["files"]["val.npy"]}), "does not follow the schema: "),
        (lambda v: v["bank"].update(dtype="float64"), "does not follow the schema: $.bank.dtype: expected "),
        (lambda v: v["bank"].update(rows=1.5), "does not follow the schema: $.bank.rows: expected integer"),
    ],
)
def test_a_record_of_another_kind_is_refused(data: Path, edit: Edit, message: str) -> None:
    edited(data, edit)
    assert refusal(data).startswith(f"dataset {data / 'dataset.json'}: {message}")


def edited(folder: Path, edit: Edit) -> None:
    value = json.loads((folder / "dataset.json").read_text())
    edit(value)
    (folder / "dataset.json").write_text(dumps(value))


@pytest.mark.parametrize(
    "edit",
    [
        lambda v: v["bank"].update(rows=71),
        lambda v: v["bank"].update(dimension=9),
        lambda v: v["files"]["val.npy"].update(sha256="0" * 64),
        lambda v: v["files"]["val.npy"].update(bytes=7),
        lambda v: v["files"].update({"more.npy": v["files"]["val.npy"]}),
    ],
)
def test_a_record_that_contradicts_the_files_is_refused(data: Path, edit: Edit) -> None:
    edited(data, edit)
    assert refusal(data)


@pytest.mark.parametrize(
    "edit",
    [
        lambda v: v["files"].pop("vectors.npy"),
        lambda v: v["files"].pop("val.npy"),
        lambda v: v["files"].clear(),
        lambda v: v["bank"].update(articles=6),
        lambda v: v["bank"].update(dtype="float16"),
        lambda v: v["splits"]["val"].update(windows=1),
        lambda v: v["splits"]["val"].update(sha256="0" * 64),
        lambda v: v["splits"]["val"].update(articles="0"),
    ],
    ids=["no vectors", "no val", "no files", "articles", "dtype", "windows", "digest", "articles of val"],
)
def test_a_record_that_says_less_or_other_than_the_files_is_refused(data: Path, edit: Edit) -> None:
    edited(data, edit)
    assert refusal(data)


def test_what_is_no_data_set_is_refused_with_the_way_to_make_one(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    for name in ("empty", "file", "nothing"):
        assert not is_dataset(tmp_path / name)
        assert refusal(tmp_path / name) == (
            f"{tmp_path / name} is no data set: expected dataset.json in it; "
            "build one with `gatekeeper data build`"
        )


# Ids that are no numbers.


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


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("article_ids_utf8.npy", "its article ids do not fit its articles; build the data set again"),
        ("article_id_offsets.npy", "article_id_offsets.npy does not cut article_ids_utf8.npy into texts"),
    ],
)
def test_ids_that_do_not_fit_are_refused(tmp_path: Path, name: str, message: str) -> None:
    plain = rich_bank(texts=False, titles=False)
    bank = build_bank(plain.vectors, np.array(list("abcdefg"))[plain.articles], plain.chunks, source="b")
    store(tmp_path / "data", bank, articles={"val": np.array([0])})
    path = tmp_path / "data" / name
    np.save(path, np.load(path)[::-1].copy())
    record = json.loads((tmp_path / "data" / "dataset.json").read_text())
    record["files"][name]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (tmp_path / "data" / "dataset.json").write_text(json.dumps(record))
    assert message in refusal(tmp_path / "data")


# Evaluation sees no difference.


@pytest.mark.parametrize("horizon", [1, 2])
def test_an_evaluation_of_the_folder_equals_that_of_the_bank_it_came_from(
    world: Path, run: Run, horizon: int
) -> None:
    splits = {"train": "0-5", "val": "6-11", "ood": "12-17"}
    named = [f"--split={name}={articles}" for name, articles in splits.items()]
    assert run("data", "build", "bank.npz", "--out", "data", "--horizon", str(horizon), *named).exit_code == 0

    def evaluated(report: str, *flags: str) -> Report:
        result = run("eval", "control:ridge", "--report", report, *flags)
        assert result.exit_code in (0, 1), result.output
        return read_report(world / report)

    of_bank = evaluated("bank.json", "--horizon", str(horizon))
    of_folder = evaluated("folder.json", "--bank", "data")
    assert of_folder.evidence == of_bank.evidence
    assert of_folder.inputs.splits == of_bank.inputs.splits
    assert replace(of_folder.inputs.bank, source="") == replace(of_bank.inputs.bank, source="")
    assert of_folder.settings.horizon == of_bank.settings.horizon == horizon
    assert of_folder.judgement == of_bank.judgement


def test_an_evaluation_of_half_precision_differs_by_no_more_than_its_rounding(world: Path, run: Run) -> None:
    splits = ("--split", "train=0-5", "--split", "val=6-11", "--split", "ood=12-17")
    assert run("data", "build", "bank.npz", "--out", "data", "--dtype", "float16", *splits).exit_code == 0
    values = []
    for name, flags in (("bank", ()), ("folder", ("--bank", "data"))):
        assert run("eval", "control:ridge", "--report", f"{name}.json", *flags).exit_code in (0, 1)
        values.append(read_report(world / f"{name}.json").evidence.model["val"]["offset_sweep.cos"].value)
    assert values[0] == pytest.approx(values[1], abs=1e-3)


def test_a_data_set_of_a_bank_file_names_the_file_it_came_from(world: Path, run: Run) -> None:
    split = ("--split", "train=0.5")
    result = run("data", "build", "bank.npz", "--out", "data", "--licence", "CC0-1.0", *split)
    assert result.exit_code == 0
    digest = hashlib.sha256((world / "bank.npz").read_bytes()).hexdigest()
    assert open_dataset(world / "data").record.origin == Origin("bank.npz", digest, None, "CC0-1.0", None)


def test_a_bank_that_was_opened_can_be_written_as_a_bank_file(data: Path, tmp_path: Path) -> None:
    opened = open_dataset(data).bank
    write_bank(tmp_path / "bank.npz", opened)
    again = read_bank(tmp_path / "bank.npz")
    assert again.sha256 == opened.sha256
    assert list(again.texts or ()) == list(opened.texts or ())
