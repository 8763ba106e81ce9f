"""Files are told apart by how they begin, whatever they are called."""

import gzip
import io
import json
import lzma
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from schemas.reading.file_kinds import HEAD, begins_like_safetensors, kind_of, kind_of_bytes, name_of
from schemas.reading.report import report_to_json
from schemas.reading.strict_json import dumps
from schemas.records.report import Report


def npz() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, vectors=np.zeros((2, 3)))
    return buffer.getvalue()


def npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"1")
    return buffer.getvalue()


def tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return buffer.getvalue()


def safetensors(header: object) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text


ReportFactory = Callable[..., Report]

# A pickled long of ten bytes: what every file of torch before 1.6 begins with.
OLD_TORCH = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2) + b"\x80\x02M\xe9\x03."

CASES = {
    "npz": npz(),
    "npy": npy(),
    "parquet": b"PAR1\x15\x04" + bytes(90) + b"PAR1",
    "arrow": b"ARROW1\x00\x00" + bytes(9),
    "hdf5": b"\x89HDF\r\n\x1a\n" + bytes(40),
    "gguf": b"GGUF\x03\x00\x00\x00" + bytes(40),
    "gzip": gzip.compress(b"x", mtime=0),
    "xz": lzma.compress(b"x"),
    "tar": tar(),
    "sqlite": b"SQLite format 3\x00" + bytes(84),
    "git-lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n",
    "torch": zipped("best_model/data.pkl", "best_model/version"),
    "keras": zipped("metadata.json", "config.json"),
    "zip": zipped("word/document.xml"),
    "safetensors": safetensors({}),
    "onnx": b"\x08\x07\x12\x07pytorch\x1a\x052.1.0" + bytes(9),
    "tflite": b"\x1c\x00\x00\x00TFL3" + bytes(9),
    "old torch": OLD_TORCH,
    "pickle": pickle.dumps({"a": 1}),
    "json": b'\xef\xbb\xbf {"article": 0, "chunk": 0, "text": "a"}\n',
    "page": b"\n<!DOCTYPE html><title>Sign in</title>",
    "text": "Größe: fünf".encode(),
    "empty": b"",
    "unknown": bytes(64),
}


@pytest.mark.parametrize(("name", "data"), CASES.items(), ids=CASES)
def test_the_beginning_tells(name: str, data: bytes, tmp_path: Path) -> None:
    assert kind_of_bytes(data[:HEAD], size=len(data)).name == name
    path = tmp_path / "model.pt"  # what it is called says nothing
    path.write_bytes(data)
    assert kind_of(path).name == name


@pytest.mark.parametrize(
    "name",
    [
        "m/data.pkl",
        "torchscript/data/0",
        "m/version",
        "m/byteorder",
        "m/code/__torch__.py",
        "m/constants.pkl",
        "m/.data/version",
        "m/archive_format",
        "m/models/model.json",
        "serialized_state_dict.json",
    ],
)
def test_whatever_torch_writes_first_is_a_torch_archive(name: str) -> None:
    data = zipped(name)
    assert kind_of_bytes(data, size=len(data)).name == "torch"


@pytest.mark.parametrize("name", ["metadata.json", "config.json", "model.weights.h5"])
def test_whatever_keras_writes_first_is_a_keras_model(name: str) -> None:
    data = zipped(name)
    assert kind_of_bytes(data, size=len(data)).name == "keras"


def test_a_name_that_is_no_text_is_that_of_a_zip_archive() -> None:
    data = zipped("word").replace(b"word", b"w\xffrd")
    assert kind_of_bytes(data, size=len(data)).name == "zip"


def test_text_that_is_cut_inside_a_character_is_text() -> None:
    data = "ö".encode() * HEAD
    assert kind_of_bytes(data[: HEAD - 1], size=len(data)).name == "text"


def test_a_report_is_told_from_other_json(make_report: ReportFactory) -> None:
    data = dumps(report_to_json(make_report())).encode()
    assert kind_of_bytes(data[:HEAD], size=len(data)).name == "report"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b'{"schema_version": 1}', "report"),
        (b'[{"evidence": 1}]', "report"),
        (b'{"Evidence": 1, "version": 2}', "json"),
        (b"evidence", "text"),
    ],
)
def test_either_key_is_that_of_a_report(text: bytes, name: str) -> None:
    assert kind_of_bytes(text, size=len(text)).name == name


@pytest.mark.parametrize(
    ("head", "size", "found"),
    [
        (b"\x02\0\0\0\0\0\0\0{}", 10, True),
        (b"\x04\0\0\0\0\0\0\0  {}", 12, True),  # a reader that skips white space would take it
        (b"\x06\0\0\0\0\0\0\0\t\r\n {}", 14, True),
        (b"\x41\0\0\0\0\0\0\0" + b" " * 63 + b"{}", 73, True),
        (b"\x42\0\0\0\0\0\0\0" + b" " * 64 + b"{}", 74, False),
        (b"\x03\0\0\0\0\0\0\0X{}", 11, False),
        (b"\x03\0\0\0\0\0\0\0\x0b{}", 11, False),  # no white space to JSON
        (b"\x01\0\0\0\0\0\0\0{", 9, False),
        (b"\x03\0\0\0\0\0\0\0{}", 10, False),  # longer than the file
        (b"\x02\0\0\0\0\0\0\0[]", 10, False),
        (b"\x02\0\0\0", 4, False),
    ],
)
def test_a_length_and_an_object_begin_a_safetensors_file(head: bytes, size: int, *, found: bool) -> None:
    assert begins_like_safetensors(head, size=size) is found


def test_a_folder_and_what_cannot_be_read_are_named(tmp_path: Path) -> None:
    assert name_of(tmp_path) == f"{tmp_path} is a folder"
    missing = tmp_path / "none.pt"
    assert name_of(missing) == f"{missing} cannot be read: No such file or directory"
