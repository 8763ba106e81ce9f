"""Vectors of texts that were embedded before, in the user's cache folder.

::

    CACHE/embeddings/ENCODER/*.gke    ENCODER: first digits of the encoder's digest

An entry is found by SHA-256 of its text and holds the vector with a digest of its own, so that a torn or
changed one is made anew. A file is a row of blocks, each written by one call: a header (magic, n, D), n keys
and digests, n vectors. Every process writes a file of its own, so any number may embed at the same time. The
folder may be removed whenever nothing is being embedded.

``GATEKEEPER_CACHE`` names another folder than the platform's, or is ``none``.
"""

import hashlib
import os
import secrets
import stat
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from gates.contracts import FloatArray
from schemas.disk.opening import open_regular

VARIABLE = "GATEKEEPER_CACHE"
NONE = "none"

_SUFFIX = ".gke"
_HEADER = struct.Struct("<4sII")
_MAGIC = b"GKE1"
_KEY, _CHECK = 32, 16
_MOST = 2**20  # rows of a block, and width of a vector


def cache_folder() -> Path | None:
    """Where gatekeeper may keep what it can make again, or None where nothing is to be kept."""
    named = os.environ.get(VARIABLE, "")
    if named:
        return None if named == NONE else Path(named).absolute()
    try:
        home = Path.home()
    except RuntimeError:  # no such user, as in some containers
        return None
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "gatekeeper"
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else home / ".cache") / "gatekeeper"


def text_key(text: str) -> bytes:
    """What a text is found by."""
    return hashlib.sha256(text.encode("utf-8")).digest()


class EmbeddingCache:
    """The entries of one encoder.

    Nothing is made on disk before the first vector. Where that fails, ``trouble`` says why and nothing more
    is kept: a full disk or a home that is read-only is no reason to stop embedding.
    """

    def __init__(self, cache: Path, encoder: str) -> None:
        """Args: ``cache`` as of :func:`cache_folder`, ``encoder`` the digest of one."""
        self.folder = cache / "embeddings" / encoder[:32]
        self.trouble: str | None = None
        self._encoder = encoder.encode("ascii")[:64]
        self._file: BinaryIO | None = None

    def find(self, wanted: Mapping[bytes, int]) -> Iterator[tuple[int, FloatArray]]:
        """Place and vector (D,) of the wanted keys that are there and whole, maybe more than once."""
        for path in self._files():
            try:
                with open_regular(path, follow_links=False) as file:
                    yield from self._read(file, wanted)
            except OSError:
                continue  # another process removed it, or it is not ours to read

    def add(self, keys: Sequence[bytes], vectors: FloatArray) -> None:
        """Keep vectors (n, D) of keys; they are on disk when this returns."""
        if self.trouble is not None or not keys:
            return
        rows = [row.astype("<f4").tobytes() for row in vectors]
        entries = (key + self._check(key, row) for key, row in zip(keys, rows, strict=True))
        block = _HEADER.pack(_MAGIC, len(keys), vectors.shape[1]) + b"".join(entries) + b"".join(rows)
        try:
            self._file = self._file or self._open()
            self._file.write(block)
            os.fsync(self._file.fileno())
        except OSError as error:
            self.trouble = f"{self.folder}: {error.strerror}"

    def close(self) -> None:
        """Close the file of this process."""
        if self._file is not None:
            self._file.close()

    @property
    def size(self) -> int:
        """Bytes of all entries on disk."""
        return sum(path.stat().st_size for path in self._files())

    def _files(self) -> list[Path]:
        try:
            return sorted(path for path in self.folder.iterdir() if path.suffix == _SUFFIX)
        except OSError:
            return []

    def _open(self) -> BinaryIO:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / f"{os.getpid()}-{secrets.token_hex(8)}{_SUFFIX}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        return os.fdopen(os.open(path, flags, stat.S_IRUSR | stat.S_IWUSR), "wb", buffering=0)

    def _check(self, key: bytes, row: bytes) -> bytes:
        return hashlib.blake2b(key + row, digest_size=_CHECK, key=self._encoder).digest()

    def _read(self, file: BinaryIO, wanted: Mapping[bytes, int]) -> Iterator[tuple[int, FloatArray]]:
        size = os.fstat(file.fileno()).st_size
        while len(header := file.read(_HEADER.size)) == _HEADER.size:
            magic, count, width = _HEADER.unpack(header)
            start, each = file.tell(), 4 * width
            first = start + count * (_KEY + _CHECK)
            end = first + count * each
            if magic != _MAGIC or not 0 < count <= _MOST or not 0 < width <= _MOST or end > size:
                return  # torn or changed: nothing says where the next block begins
            entries = file.read(count * (_KEY + _CHECK))
            for place in range(count):
                entry = entries[place * (_KEY + _CHECK) : (place + 1) * (_KEY + _CHECK)]
                found = wanted.get(entry[:_KEY])
                if found is None:
                    continue
                file.seek(first + place * each)
                row = file.read(each)
                if self._check(entry[:_KEY], row) == entry[_KEY:]:
                    yield found, np.frombuffer(row, dtype="<f4").astype(np.float32)
            file.seek(end)
