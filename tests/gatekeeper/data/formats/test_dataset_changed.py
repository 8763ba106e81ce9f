"""A data set that changed since it was built is refused."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatekeeper.data.formats.dataset import is_dataset
from gates.bank import build_bank
from schemas.reading.strict_json import dumps
from tests.gatekeeper.data.formats.stored import (
    FILES,
    refusal,
    rich_bank,
    store,
)

AGAIN = "; build the data set again"


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
