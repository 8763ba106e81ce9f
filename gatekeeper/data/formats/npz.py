"""``.npz`` files read piece by piece, and every way they can be broken turned into one line.

``numpy.load`` reads a member whole; the seed's sequence files hold each vector five times and reach
several GB. Here a member can be read in blocks of rows. What a member declares is counted against an
:class:`~gatekeeper.data.formats.allowance.Allowance` before it is inflated.
"""

import contextlib
import io
import math
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from gatekeeper.data.formats.allowance import Allowance
from gatekeeper.data.formats.pickled_names import is_text
from gatekeeper.data.formats.repair import Repairs, is_missing
from gatekeeper.data.formats.restricted_pickle import load_objects
from gatekeeper.data.formats.wrong_file import refuse_other_kind
from gates.packed_texts import PackedTexts, Packer
from schemas.errors import DataError

Array = npt.NDArray[np.generic]

_PLAIN_KINDS = "biufUS"
_MAX_PYTHON_HEADER = 10_000  # numpy's own limit for a header that is parsed
_MOST_MEMBERS = 10_000
_MOST_ITEM = 2**26  # bytes of one text: 16 million characters
_TEXT_BLOCK = 2**22
_SHOWN, _LONGEST_NAME = 12, 60  # of the arrays that a message names
_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class Header:
    """What a member says about its array."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[np.generic]


class Npz:
    """An open ``.npz`` file; made by :func:`open_npz`.

    Attributes:
        source: how messages call the file.
        allowance: what may still be read from it; whoever makes more of what it read spends of it too.
    """

    def __init__(self, archive: zipfile.ZipFile, source: str, size: int) -> None:
        self._archive = archive
        self.source = source
        self.allowance = Allowance(size, source)
        infos = archive.infolist()
        if len(infos) > _MOST_MEMBERS:
            raise DataError(f"{source}: expected at most {_MOST_MEMBERS} arrays, found {len(infos)}")
        self._members = {info.filename.removesuffix(".npy"): info for info in infos}
        if len(self._members) != len(infos):
            raise DataError(f"{source}: two members of the archive have the same name")

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the arrays."""
        return tuple(self._members)

    @property
    def listed(self) -> str:
        """The names for a message: the first dozen, long ones cut."""
        names = [name[:_LONGEST_NAME] for name in self.keys[:_SHOWN]]
        more = [f"{len(self.keys) - _SHOWN} more"] if len(self.keys) > _SHOWN else []
        return ", ".join(names + more) or "none"

    def pick(self, *names: str) -> str | None:
        """The first of ``names`` that the file holds, or None."""
        return next((name for name in names if name in self._members), None)

    def require(self, key: str, *, flag: str) -> str:
        """``key``, which a user named with ``flag``.

        Raises:
            DataError: the file has no such array.
        """
        if key not in self._members:
            raise DataError(f"{self.source}: {flag} {key}: no such array; found {self.listed}")
        return key

    def check_rows(self, key: str, rows: int, what: str) -> None:
        """Refuse an array that is not one value a row, before it is read.

        Raises:
            DataError: it has another shape.
        """
        header = self.header(key)
        if header.shape != (rows,):
            raise DataError(
                f"{self.source}: {what} must be {rows} integers, one a vector; found {header.dtype} "
                f"{header.shape}"
            )

    def header(self, key: str) -> Header:
        """Shape and type of an array, without reading it."""
        with self._open(key) as (_, header):
            return header

    def array(self, key: str) -> Array:
        """A whole array of numbers or text.

        Raises:
            DataError: it holds pickled objects, is larger than the file may ask for, or is broken.
        """
        with self._open(key) as (stream, header):
            self._refuse_objects(key, header)
            count = math.prod(header.shape)
            self.allowance.spend(count * header.dtype.itemsize, f"array {key!r}")
            flat = np.frombuffer(self._read(stream, key, count, header), dtype=header.dtype)
            return flat.reshape(header.shape, order="F" if header.fortran else "C")

    def objects(self, key: str) -> list[object]:
        """The items of an array of plain Python values, of text or of numbers, of at most one dimension.

        Raises:
            DataError: the pickle asks for more than plain values, or is broken.
        """
        with self._open(key) as (stream, header):
            if len(header.shape) > 1:
                raise DataError(f"{self.source}: {key} must have one dimension; found shape {header.shape}")
            if header.dtype.kind == "O":
                self.allowance.spend(self._members[key].file_size, f"array {key!r}")
                items, shape = load_objects(
                    stream, source=f"{self.source}: {key}", spend=self.allowance.spend
                )
                if shape != header.shape:
                    raise DataError(f"{self.source}: {key} says shape {header.shape} but holds {shape}")
                return items
        if header.dtype.kind in "US":
            return list(self.texts(key))
        return list(self.array(key).reshape(-1).tolist())

    def texts(self, key: str, repairs: Repairs | None = None) -> PackedTexts:
        """The items of an array of text, of at most one dimension, packed as they are read.

        numpy's text arrays give every text the room of the longest, four bytes a character. Only a
        block of that is ever held.

        Args:
            key: the array.
            repairs: counts the texts that are not as they should be; without it a missing one is an error.

        Raises:
            DataError: it holds something else, or more than the file may ask for, or is broken.
        """
        packer = Packer()
        header = self.header(key)
        count = math.prod(header.shape)
        self.allowance.spend(24 * count, f"array {key!r}")
        if header.dtype.kind not in "US" or len(header.shape) > 1:
            items = self.objects(key)
            for start in range(0, len(items), _TEXT_BLOCK):
                self._pack(packer, key, items[start : start + _TEXT_BLOCK], repairs)
            return packer.packed()
        size = header.dtype.itemsize
        if size > _MOST_ITEM:
            raise DataError(
                f"{self.source}: {key} has room for texts of {size} bytes; at most {_MOST_ITEM} are read"
            )
        self.allowance.check_text(count * size, f"array {key!r}")
        if size == 0:
            self._pack(packer, key, [""] * count, repairs)
        else:
            for block in self.blocks(key, max(1, _TEXT_BLOCK // size)):
                self._pack(packer, key, block.tolist(), repairs)
        return packer.packed()

    def blocks(self, key: str, rows: int) -> Iterator[Array]:
        """The array in blocks of at most ``rows`` first-axis entries, in order; a scalar is one block."""
        with self._open(key) as (stream, header):
            self._refuse_objects(key, header)
            if header.fortran and len(header.shape) > 1:
                whole = self.array(key)
                yield from (whole[start : start + rows] for start in range(0, len(whole), rows))
                return
            shape = header.shape or (1,)
            inner = math.prod(shape[1:])
            for start in range(0, shape[0], rows):
                count = min(rows, shape[0] - start)
                data = self._read(stream, key, count * inner, header)
                yield np.frombuffer(data, dtype=header.dtype).reshape(count, *shape[1:])

    def _pack(self, packer: Packer, key: str, items: Sequence[object], repairs: Repairs | None) -> None:
        texts: list[str] = []
        for item in items:
            text = self._decoded(key, item) if isinstance(item, bytes) else item
            if isinstance(text, str):
                texts.append(text if repairs is None else repairs.text(text))
            elif repairs is not None and is_missing(text):
                texts.append(repairs.text(None))
            else:
                raise DataError(f"{self.source}: {key} must hold text only; found {type(item).__name__}")
        self.allowance.spend(packer.add(texts), f"the text of {key!r}")

    def _decoded(self, key: str, data: bytes) -> str:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(
                f"{self.source}: {key} is not UTF-8 ({error.reason}); write the file again"
            ) from None

    @contextlib.contextmanager
    def _open(self, key: str) -> Iterator[tuple[IO[bytes], Header]]:
        if key not in self._members:
            raise DataError(f"{self.source}: expected an array {key!r}, found {self.listed}")
        info = self._members[key]
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DataError(
                f"{self.source}: array {key!r} is compressed in a way that numpy never writes; save it again "
                "with numpy.savez"
            )
        with broken_file(f"{self.source}: array {key!r}"), self._archive.open(info) as stream:
            version = np.lib.format.read_magic(stream)
            if version not in _READERS:
                raise DataError(f"{self.source}: array {key!r} has the unknown npy version {version}")
            try:
                with warnings.catch_warnings(action="ignore"):  # of headers that Python 2 wrote
                    shape, fortran, dtype = _READERS[version](stream, max_header_size=_MAX_PYTHON_HEADER)
            except Exception as error:  # noqa: BLE001  (numpy runs Python's parser on it, which raises many)
                reason = " ".join(str(error).split())[:200] or type(error).__name__
                raise DataError(f"{self.source}: array {key!r} has a broken header: {reason}") from None
            header = Header(shape, fortran, dtype)
            if any(size < 0 for size in shape):
                raise DataError(f"{self.source}: array {key!r} has the impossible shape {shape}")
            # A header may claim any size; believing it would allocate that much.
            if dtype.kind != "O" and info.file_size - stream.tell() != math.prod(shape) * dtype.itemsize:
                raise DataError(
                    f"{self.source}: array {key!r} says {shape} of {dtype} but holds "
                    f"{info.file_size - stream.tell()} bytes"
                )
            yield stream, header

    def _refuse_objects(self, key: str, header: Header) -> None:
        if header.dtype.kind not in _PLAIN_KINDS:
            raise DataError(
                f"{self.source}: array {key!r} must hold numbers or text; found {header.dtype}, "
                "which is not read because it could run code"
            )

    def _read(self, stream: IO[bytes], key: str, count: int, header: Header) -> bytes:
        wanted = count * header.dtype.itemsize
        data = stream.read(wanted)
        if len(data) != wanted:
            raise DataError(f"{self.source}: array {key!r} is cut short; copy the file again")
        if not is_text(data, header.dtype):
            raise DataError(f"{self.source}: array {key!r} holds numbers that are no characters")
        return data


@contextlib.contextmanager
def open_npz(path: Path) -> Iterator[Npz]:
    """Open an ``.npz`` file.

    Raises:
        DataError: it is missing, unreadable, no zip archive or cut short.
    """
    if not path.is_file():
        raise DataError(f"{path}: expected an .npz file, found {'a folder' if path.is_dir() else 'nothing'}")
    refuse_other_kind(path)
    with contextlib.ExitStack() as stack:
        with broken_file(f"{path}"):
            archive = stack.enter_context(zipfile.ZipFile(path))
        yield Npz(archive, str(path), path.stat().st_size)


@contextlib.contextmanager
def npz_from_bytes(data: bytes, source: str) -> Iterator[Npz]:
    """:func:`open_npz` of a file that was read already, e.g. to verify its digest.

    Raises:
        DataError: as there.
    """
    with contextlib.ExitStack() as stack:
        with broken_file(source):
            archive = stack.enter_context(zipfile.ZipFile(io.BytesIO(data)))
        yield Npz(archive, source, len(data))


@contextlib.contextmanager
def broken_file(what: str) -> Iterator[None]:
    """Turn what a broken archive raises into a :class:`DataError`."""
    try:
        yield
    except _BROKEN as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{what} cannot be read: {reason}; expected a complete .npz file") from None
