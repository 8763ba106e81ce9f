"""One file is one model, whatever it is called: the content decides, and what could be two is refused."""

import io
import json
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from schemas.errors import ModelError
from schemas.reading.model_format import SUFFIXES, format_of, model_format
from tests.model_files import MEMBERS, model_bytes, zipped

OURS = "m.pt must be a zip archive written by torch.save or a safetensors file; "
AT_ONCE = (
    "m.pt holds parts of a checkpoint, a TorchScript or a torch.export program at once, so that one digest "
    "would stand for two models; save the model again"
)


def as_two(other: str) -> str:
    """What is said of a safetensors file that another reader takes for something else."""
    return (
        f"m.pt begins as a safetensors file and can also be read as {other}, so that one digest would stand "
        "for two models; save the model again"
    )


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


@pytest.mark.parametrize("member", ["m/archive_format", "m/models/model.json", "m/models/another.json"])
def test_either_mark_is_that_of_an_exported_program(member: str) -> None:
    assert model_format(io.BytesIO(zipped({member: b""})), "m") == "exported"
    assert refusal(zipped({member: b"", "m/data.pkl": b""})) == AT_ONCE


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
    assert refusal(in_safetensors(model_bytes(b"x", form))) == as_two("a zip archive")
    # Another reader would find it under a comment, or take its offsets from the beginning of the file.
    archive = bytearray(model_bytes(b"x", form))
    archive[-2:] = struct.pack("<H", 9)
    assert refusal(in_safetensors(bytes(archive) + b"a comment")) == as_two("a zip archive")


def test_the_end_of_an_archive_is_found_under_the_longest_comment() -> None:
    archive = bytearray(model_bytes(b"x"))
    archive[-2:] = b"\xff\xff"
    assert refusal(in_safetensors(bytes(archive) + b" " * 0xFFFF)) == as_two("a zip archive")


@pytest.mark.parametrize("numbers", [(0xFFFFFFFF, 9), (46, 0xFFFFFFFF)])
def test_an_end_whose_numbers_stand_elsewhere_is_one(numbers: tuple[int, int]) -> None:
    record = b"PK\x05\x06" + bytes(8) + struct.pack("<II", *numbers) + bytes(2)
    assert refusal(in_safetensors(record)) == as_two("a zip archive")


def test_numbers_that_look_like_the_end_of_an_archive_are_none() -> None:
    record = b"PK\x05\x06" + bytes(8) + struct.pack("<II", 46, 9) + bytes(2)
    assert model_format(io.BytesIO(in_safetensors(record)), "m") == "safetensors"


def test_a_safetensors_file_that_is_a_pickle_is_refused() -> None:
    # PROTO 2, then a float of eight bytes over the rest of the length and the beginning of the object.
    size = int.from_bytes(b"\x80\x02G\0\0\0\0\0", "little")
    pickled = size.to_bytes(8, "little") + b'{"_0."' + b" " * (size - 6)
    assert refusal(pickled) == as_two("a pickle")
    # A walk that gets far is enough, whether or not it comes to an end.
    pickled = size.to_bytes(8, "little") + (b'{"_' + b"0" * 1000 + b'"').ljust(size)
    assert refusal(pickled) == as_two("a pickle")


@pytest.mark.parametrize("more", [0, 1, 512])
def test_a_safetensors_file_that_is_a_tar_archive_is_refused(more: int) -> None:
    head = tarfile.TarInfo("x")
    made = bytearray(head.tobuf())
    made[:16] = struct.pack("<Q", len(made) + more - 8) + b'{"a": 1}'
    made[148:156] = b" " * 8
    made[148:156] = b"%06o\0 " % sum(made)
    made += b" " * more
    assert refusal(bytes(made)) == as_two("a tar archive")


@pytest.mark.parametrize(
    ("one", "two"), [("pt", "torchscript"), ("pt", "exported"), ("torchscript", "exported")]
)
def test_an_archive_with_the_parts_of_two_formats_is_refused(one: str, two: str) -> None:
    members = dict.fromkeys((*MEMBERS[one], *MEMBERS[two]), b"")
    if "torchscript" in (one, two) and "pt" in (one, two):
        members.pop("m/constants.pkl")  # which torch's own reader tells the two apart by
    assert refusal(zipped(members)) == AT_ONCE


def test_a_program_in_front_of_an_archive_is_no_model() -> None:
    assert refusal(b"#!/bin/sh\n" + model_bytes()) == (
        f"{OURS}found something else, or a damaged file; copy the file again"
    )


# --- other files -------------------------------------------------------------------------------------


def test_a_bank_is_told_where_it_goes() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, vectors=np.zeros(3))
    assert refusal(buffer.getvalue()) == (
        f"{OURS}found a NumPy archive (.npz), such as a bank; the model comes first: gatekeeper eval MODEL "
        "--bank BANK"
    )


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (b"PAR1 and more", "found a Parquet table; the model comes first: gatekeeper eval MODEL --bank BANK"),
        (
            b"GGUF and more",
            "found a GGUF file (a llama.cpp model); evaluate a function that makes the model: gatekeeper "
            "eval module:function",
        ),
        (
            b'{"schema_version": "2.0"}',
            "found a report in JSON; name the model file that the report is about",
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "found a Git LFS pointer instead of the file; fetch the file: git lfs pull",
        ),
        (
            pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2),
            "found a torch file of the format before 1.6; convert it: "
            'torch.save(torch.load("FILE", weights_only=True), "new.pt")',
        ),
        (
            pickle.dumps({"a": 1}),
            "found a bare pickle, which could run code; save the weights with torch.save, or evaluate a "
            "function that makes the model: gatekeeper eval module:function",
        ),
        (b"\x1f\x8b\x08 and more", "found a gzip archive; unpack it"),
        (b"", "found an empty file; copy the file again"),
        (bytes(64), "found something else, or a damaged file; copy the file again"),
        (b"%PDF-1.7", "found a PDF document; name the model file"),
        (b"<!DOCTYPE html>", "found a web page, such as a failed download; copy the file again"),
        (
            zipped({"a.txt": b""}),
            "found a zip archive without a model (no data.pkl); unpack it, or evaluate a function that "
            "makes the model: gatekeeper eval module:function",
        ),
    ],
)
def test_what_is_no_model_is_named_with_what_leads_on(data: bytes, advice: str) -> None:
    assert refusal(data) == f"{OURS}{advice}"


def test_a_link_is_not_followed_and_a_missing_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "m.pt").write_bytes(model_bytes())
    (tmp_path / "link.pt").symlink_to("m.pt")
    causes = {"link.pt": "Too many levels of symbolic links", "none.pt": "No such file or directory"}
    for name, cause in causes.items():
        with pytest.raises(ModelError) as caught:
            format_of(tmp_path / name)
        assert str(caught.value) == f"cannot read the model {tmp_path / name}: {cause}"


@pytest.mark.parametrize("data", [b"", zipped({"a.txt": b""}), b"PK\x03\x04", in_safetensors(model_bytes())])
def test_a_file_that_is_no_model_is_named_by_its_path(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "m.pt").write_bytes(data)
    with pytest.raises(ModelError) as caught:
        format_of(tmp_path / "m.pt")
    assert str(caught.value).startswith(f"{tmp_path / 'm.pt'} ")
