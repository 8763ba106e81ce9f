"""One file is one model, whatever it is called: the content decides, and what could be two is refused."""

import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from schemas.errors import ModelError
from schemas.reading.model_format import SUFFIXES, format_of, model_format
from tests.model_files import MEMBERS, model_bytes, zipped

Change = Callable[[bytearray], object]


def refusal(data: bytes) -> str:
    with pytest.raises(ModelError) as caught:
        model_format(io.BytesIO(data), "m.pt")
    message = str(caught.value)
    assert message.startswith("m.pt ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("form", [*MEMBERS, "safetensors"])
@pytest.mark.parametrize("name", ["m.pt", "m.safetensors", "m"])
def test_the_content_decides_whatever_the_name_says(form: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(model_bytes(b"weights", form))
    assert format_of(path) == form


def test_every_format_has_a_name_for_its_files() -> None:
    assert set(SUFFIXES) == {*MEMBERS, "safetensors"}


def test_packed_and_large_archives_are_read() -> None:
    packed = zipped({"m/data.pkl": b"a" * 999, "m/code/x.py": b"", "m/constants.pkl": b""},
                    method=zipfile.ZIP_DEFLATED)  # fmt: skip
    assert model_format(io.BytesIO(packed), "m") == "torchscript"
    many = zipped({"m/data.pkl": b"", **{f"m/data/{number}": b"" for number in range(70_000)}})
    assert model_format(io.BytesIO(many), "m") == "pt"  # more members than 16 bits can count


@pytest.mark.parametrize(
    "members",
    [
        ("serialized_exported_program.json", "serialized_state_dict.json", "version"),
        ("serialized_exported_program.json", "version", "extra_files/notes.txt"),
    ],
)
def test_an_exported_program_of_an_older_torch_has_no_top_folder(members: tuple[str, ...]) -> None:
    assert model_format(io.BytesIO(zipped(dict.fromkeys(members, b""))), "m") == "exported"


# --- two in one --------------------------------------------------------------------------------------


def in_safetensors(payload: bytes) -> bytes:
    """A safetensors file whose one tensor holds other bytes."""
    entry = {"dtype": "U8", "shape": [len(payload)], "data_offsets": [0, len(payload)]}
    header = json.dumps({"a": entry}).encode()
    return struct.pack("<Q", len(header)) + header + payload


@pytest.mark.parametrize("form", MEMBERS)
def test_an_archive_at_the_end_of_a_safetensors_file_is_refused(form: str) -> None:
    assert "can also be read as a zip archive" in refusal(in_safetensors(model_bytes(b"x", form)))
    # Another reader would find it under a comment, or take its offsets from the beginning of the file.
    archive = bytearray(model_bytes(b"x", form))
    archive[-2:] = struct.pack("<H", 9)
    assert "can also be read as a zip archive" in refusal(in_safetensors(bytes(archive) + b"a comment"))


def test_numbers_that_look_like_the_end_of_an_archive_are_none() -> None:
    record = b"PK\x05\x06" + bytes(8) + struct.pack("<II", 46, 9) + bytes(2)
    assert model_format(io.BytesIO(in_safetensors(record)), "m") == "safetensors"


def test_a_safetensors_file_that_is_a_pickle_or_a_tar_archive_is_refused() -> None:
    # PROTO 2, then a float of eight bytes over the rest of the length and the beginning of the object.
    size = int.from_bytes(b"\x80\x02G\0\0\0\0\0", "little")
    pickled = size.to_bytes(8, "little") + b'{"_0."' + b" " * (size - 6)
    assert "can also be read as a pickle" in refusal(pickled)
    head = tarfile.TarInfo("x")
    made = bytearray(head.tobuf())
    made[:16] = struct.pack("<Q", len(made) - 8) + b'{"a": 1}'
    made[148:156] = b" " * 8
    made[148:156] = b"%06o\0 " % sum(made)
    assert "can also be read as a tar archive" in refusal(bytes(made))


@pytest.mark.parametrize(
    ("one", "two"), [("pt", "torchscript"), ("pt", "exported"), ("torchscript", "exported")]
)
def test_an_archive_with_the_parts_of_two_formats_is_refused(one: str, two: str) -> None:
    members = dict.fromkeys((*MEMBERS[one], *MEMBERS[two]), b"")
    if "torchscript" in (one, two) and "pt" in (one, two):
        members.pop("m/constants.pkl")  # which torch's own reader tells the two apart by
    assert "at once, so that one digest would stand for two models" in refusal(zipped(members))


@pytest.mark.parametrize("name", ["m/DATA.PKL", "M/data.pkl", "m/Data/0"])
def test_two_members_of_one_name_are_refused_whatever_their_case(name: str) -> None:
    data = zipped({"m/data.pkl": b"1", "m/data/0": b"1", name: b"2"})
    assert "two members of one name" in refusal(data)


def test_two_checkpoints_under_two_folders_are_refused() -> None:
    message = refusal(zipped({"a/data.pkl": b"1", "b/data.pkl": b"2"}))
    assert "several top folders, found 'a', 'b'; torch reads one of them" in message


def test_two_members_of_the_very_same_name_are_refused() -> None:
    data = zipped({"m/data.pkl": b"1", "m/data.pkx": b"2"}).replace(b"data.pkx", b"data.pkl")
    assert "two members of one name" in refusal(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"#!/bin/sh\n" + model_bytes(), "found something else, or a damaged file; copy the file again"),
        (model_bytes() + b"more", "with bytes after it"),
        (model_bytes()[:-2] + b"\x04\0more", "with bytes after it"),
        (model_bytes() + model_bytes(), "with bytes before"),
        (model_bytes()[:-40], "is a damaged or truncated zip archive"),
    ],
    ids=["before", "after", "comment", "two", "cut"],
)
def test_bytes_around_an_archive_are_refused(data: bytes, said: str) -> None:
    assert said in refusal(data)


def _entry(data: bytearray) -> int:
    return data.index(b"PK\x01\x02")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.__setitem__(slice(30, 32), b"M/"), "two names|damaged"),
        (lambda d: d.__setitem__(8, 8), "packed in two ways"),
        (lambda d: d.__setitem__(slice(8, 10), b'{"'), "packed in two ways"),
        (lambda d: d.__setitem__(18, 1), "two sizes"),
        (lambda d: d.__setitem__(_entry(d) + 8, 1), "packed in two ways"),
        (lambda d: d.__setitem__(slice(-12, -10), b"\x09\0"), "two directories"),
        (lambda d: d.__setitem__(slice(-14, -12), b"\x01\0"), "two directories"),
    ],
    ids=["name", "method", "brace", "size", "encrypted", "count", "count here"],
)
def test_headers_that_differ_are_refused(change: Change, said: str) -> None:
    data = bytearray(zipped({"m/data.pkl": b"content", "m/x": b"y"}))
    change(data)
    assert any(each in refusal(bytes(data)) for each in said.split("|"))


def test_bytes_between_two_members_are_refused() -> None:
    data = zipped({"m/data.pkl": b"1", "m/x": b"y"})
    second = data.index(b"PK\x03\x04", 4)
    moved = bytearray(data[:second] + b"!" * 7 + data[second:])
    entry = moved.index(b"PK\x01\x02", moved.index(b"PK\x01\x02") + 1)
    moved[entry + 42 : entry + 46] = struct.pack("<I", second + 7)
    start = struct.unpack("<I", moved[-6:-2])[0]
    moved[-6:-2] = struct.pack("<I", start + 7)
    assert "with bytes between its members" in refusal(bytes(moved))


# --- other files -------------------------------------------------------------------------------------


def test_a_bank_is_told_where_it_goes() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, vectors=np.zeros(3))
    assert refusal(buffer.getvalue()).endswith(
        "found a NumPy archive (.npz), such as a bank; the model comes first: gatekeeper eval "
        "MODEL --bank BANK"
    )


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (b"PAR1 and more", "found a Parquet table; the model comes first: gatekeeper eval MODEL --bank BANK"),
        (b"GGUF and more", "found a GGUF file (a llama.cpp model); evaluate a function that makes the model"),
        (
            b'{"schema_version": "2.0"}',
            "found a report in JSON; name the model file that the report",
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "of the file; fetch the file: git lfs pull",
        ),
        (b"\x1f\x8b\x08 and more", "found a gzip archive; unpack it"),
        (b"<!DOCTYPE html>", "found a web page, such as a failed download; copy the file again"),
        (zipped({"a.txt": b""}), "found a zip archive without a model (no data.pkl); unpack it, or evaluate"),
    ],
)
def test_what_is_no_model_is_named_with_what_leads_on(data: bytes, advice: str) -> None:
    assert advice in refusal(data)


def test_a_link_is_not_followed_and_a_missing_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "m.pt").write_bytes(model_bytes())
    (tmp_path / "link.pt").symlink_to("m.pt")
    for name in ("link.pt", "none.pt"):
        with pytest.raises(ModelError, match=f"cannot read the model .*{name}"):
            format_of(tmp_path / name)
