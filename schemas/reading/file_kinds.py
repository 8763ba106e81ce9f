"""What a file is, told by how it begins, so that whoever got the wrong one says what was found.

A name says little: models are called ``.bin``, banks ``.dat``, and a download that failed is a web page
called ``model.pt``. Nothing is parsed here; at most the first :data:`HEAD` bytes are looked at.
"""

import codecs
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from schemas.disk.opening import open_regular

HEAD = 4096
"""Bytes at the start of a file that are looked at."""

Role = Literal["model", "foreign model", "bank", "table", "texts", "report", "archive", "other"]


@dataclass(frozen=True)
class FileKind:
    """A kind of file.

    Attributes:
        name: short and unique, e.g. ``npz``.
        noun: with its article, for a sentence: ``found a Parquet table``.
        role: what people use it for here: a ``model`` or ``bank`` that gatekeeper may read, a
            ``foreign model`` of another framework, a ``table`` that may hold vectors, ``texts``, a
            ``report``, an ``archive`` to unpack, or something ``other``.
    """

    name: str
    noun: str
    role: Role


FAISS = FileKind("faiss", "a FAISS index", "table")

_MAGIC = (
    (b"\x93NUMPY", FileKind("npy", "a single NumPy array (.npy)", "table")),
    (b"PAR1", FileKind("parquet", "a Parquet table", "table")),
    (b"ARROW1", FileKind("arrow", "an Arrow (Feather) table", "table")),
    (b"FEA1", FileKind("arrow", "an Arrow (Feather) table", "table")),
    (b"\x89HDF\r\n\x1a\n", FileKind("hdf5", "an HDF5 file (such as a Keras .h5 model)", "foreign model")),
    (b"GGUF", FileKind("gguf", "a GGUF file (a llama.cpp model)", "foreign model")),
    (b"\x1f\x8b", FileKind("gzip", "a gzip archive", "archive")),
    (b"BZh", FileKind("bzip2", "a bzip2 archive", "archive")),
    (b"\xfd7zXZ\x00", FileKind("xz", "an xz archive", "archive")),
    (b"\x28\xb5\x2f\xfd", FileKind("zstd", "a zstd archive", "archive")),
    (b"7z\xbc\xaf\x27\x1c", FileKind("7z", "a 7z archive", "archive")),
    *((magic, FAISS) for magic in (b"IxF", b"IxM", b"IxP", b"IxS", b"IwF", b"IwP", b"IwS", b"IHN", b"IxHN")),
    (b"SQLite format 3\x00", FileKind("sqlite", "an SQLite database", "table")),
    (b"version https://git-lfs", FileKind("git-lfs", "a Git LFS pointer instead of the file", "other")),
    (b"%PDF-", FileKind("pdf", "a PDF document", "other")),
    (b"\x89PNG", FileKind("image", "an image", "other")),
    (b"\xff\xd8\xff", FileKind("image", "an image", "other")),
    (b"-----BEGIN ", FileKind("key", "a PEM file, such as a key", "other")),
)

EMPTY = FileKind("empty", "an empty file", "other")
FOLDER = FileKind("folder", "a folder", "other")
UNKNOWN = FileKind("unknown", "something else, or a damaged file", "other")

TORCH = FileKind("torch", "a torch archive (.pt)", "model")
OLD_TORCH = FileKind("old torch", "a torch file of the format before 1.6", "foreign model")
SAFETENSORS = FileKind("safetensors", "a safetensors file", "model")
ONNX = FileKind("onnx", "an ONNX model", "foreign model")
TFLITE = FileKind("tflite", "a TensorFlow Lite model", "foreign model")
KERAS = FileKind("keras", "a Keras model (.keras)", "foreign model")
NPZ = FileKind("npz", "a NumPy archive (.npz), such as a bank", "bank")
ZIP = FileKind("zip", "a zip archive", "archive")
TAR = FileKind("tar", "a tar archive", "archive")
PICKLE = FileKind("pickle", "a bare pickle", "other")
REPORT = FileKind("report", "a report in JSON", "report")
JSON = FileKind("json", "JSON", "texts")
PAGE = FileKind("page", "a web page, such as a failed download", "other")
TEXT = FileKind("text", "text", "texts")

# The key that torch's first format began with: 0x1950a86a20f9469cfc6c as a pickled long.
_OLD_TORCH = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"


def kind_of(path: str | os.PathLike[str]) -> FileKind:
    """The kind of the file or folder at a path.

    Raises:
        OSError: it is missing, cannot be read, or is no regular file.
    """
    if os.path.isdir(path):
        return FOLDER
    with open_regular(path) as file:
        return kind_of_bytes(file.read(HEAD), size=os.fstat(file.fileno()).st_size)


def kind_of_bytes(head: bytes, *, size: int) -> FileKind:
    """The kind of a file that begins with these bytes.

    Args:
        head: its first :data:`HEAD` bytes, or all where it has fewer.
        size: of the whole file, in bytes.

    Example:
        >>> kind_of_bytes(b"PAR1....", size=8).noun
        'a Parquet table'
    """
    if size == 0:
        return EMPTY
    if head.startswith(b"PK\x03\x04"):
        return _zip_kind(head)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if begins_like_safetensors(head, size=size):
        return SAFETENSORS
    if head[257:262] == b"ustar":
        return TAR
    if head[4:8] == b"TFL3":
        return TFLITE
    if head.startswith(_OLD_TORCH):
        return OLD_TORCH
    if re.match(rb"\x80[\x00-\x05]", head):
        return PICKLE
    # ir_version, a small number, and then the producer's name or what follows it (protobuf fields 1 to 8)
    if re.match(rb"\x08[\x01-\x20][\x12\x1a\x22\x28\x32\x3a\x42]", head):
        return ONNX
    return _text_kind(head)


def begins_like_safetensors(head: bytes, *, size: int) -> bool:
    """Whether a safetensors reader could take the file for one of its own: a length, then an object."""
    length = int.from_bytes(head[:8], "little")
    return 2 <= length <= size - 8 and head[8:72].lstrip(b" \t\r\n")[:1] == b"{"


def name_of(path: Path) -> str:
    """``bank.npz is a NumPy archive (.npz), such as a bank``, or why nobody can tell."""
    try:
        kind = kind_of(path)
    except (OSError, ValueError) as error:
        return f"{path} cannot be read: {getattr(error, 'strerror', None) or error}"
    return f"{path} is {kind.noun}"


def _zip_kind(head: bytes) -> FileKind:
    """A zip archive tells what it is by the name of its first member."""
    length = int.from_bytes(head[26:28], "little")
    name = head[30 : 30 + length].decode("utf-8", "replace")
    if name.endswith(".npy"):
        return NPZ
    if name in ("metadata.json", "config.json", "model.weights.h5"):
        return KERAS
    part = name.partition("/")[2]
    torch = (
        "data.pkl",
        "data/",
        "version",
        "byteorder",
        "code/",
        "constants",
        ".data/",
        "archive_",
        "models/",
    )
    if part.startswith(torch) or name.startswith("serialized_"):
        return TORCH
    return ZIP


def _text_kind(head: bytes) -> FileKind:
    body = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    try:
        codecs.getincrementaldecoder("utf-8")().decode(body)  # whose last character may be cut in two
    except UnicodeDecodeError:
        return UNKNOWN
    if b"\x00" in body or not body:
        return UNKNOWN
    if re.match(rb"(?i)<(!doctype|html|\?xml)", body):
        return PAGE
    if body[:1] in (b"{", b"["):
        return REPORT if b'"schema_version"' in body or b'"evidence"' in body else JSON
    return TEXT
