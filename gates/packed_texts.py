"""Many texts as one buffer: a list of strings costs 50 bytes a text and more before its first character."""

import codecs
import mmap
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, overload

import numpy as np
import numpy.typing as npt

from gates.contracts import IntArray

_BLOCK = 2**20
_READ = 2**26
"""Bytes of a mapped file that may stay in memory behind whoever reads it from end to end."""
_ERRORS = "surrogatepass"  # what a reader let into a string comes out of it as it went in


class PackedTexts(Sequence[str]):
    """Texts that are decoded when they are asked for.

    Example:
        >>> texts = PackedTexts.of(["a", "bc", ""])
        >>> texts[1], len(texts), texts == ("a", "bc", "")
        ('bc', 3, True)
        >>> list(texts.take(np.array([2, 0])))
        ['', 'a']
    """

    def __init__(self, data: npt.NDArray[np.uint8], starts: IntArray, ends: IntArray) -> None:
        """Text i is the UTF-8 of ``data[starts[i] : ends[i]]``."""
        self._data, self._starts, self._ends = data, starts, ends

    @classmethod
    def of(cls, texts: Iterable[str]) -> "PackedTexts":
        """Pack texts, one after the other."""
        packer = Packer()
        packer.add(texts)
        return packer.packed()

    def take(self, rows: IntArray) -> "PackedTexts":
        """The texts of some rows, in the order of ``rows``; nothing is copied."""
        return PackedTexts(self._data, self._starts[rows], self._ends[rows])

    def check(self) -> None:
        """Decode all bytes, in blocks; the texts lie one after the other in them.

        Raises:
            UnicodeDecodeError: one is not UTF-8.
        """
        starts = self._starts[self._ends > self._starts]
        within = starts[(self._data[starts] & 0xC0) == 0x80]
        if within.size:
            place = int(within[0])
            raise UnicodeDecodeError("utf-8", b"", place, place + 1, "a text begins within a character")
        decoder = codecs.getincrementaldecoder("utf-8")()
        for first in range(0, len(self._data), _BLOCK):
            decoder.decode(self._data[first : first + _BLOCK].tobytes())
        decoder.decode(b"", final=True)

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, row: int) -> str: ...

    @overload
    def __getitem__(self, row: slice) -> list[str]: ...

    def __getitem__(self, row: int | slice) -> str | list[str]:
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(len(self)))]
        if not -len(self) <= row < len(self):
            raise IndexError(row)
        return self._data[self._starts[row] : self._ends[row]].tobytes().decode("utf-8", _ERRORS)

    def __iter__(self) -> Iterator[str]:
        """All texts, one after the other; of those in a mapped file few stay in memory behind it."""
        mapped, read = getattr(self._data, "_mmap", None), 0
        for row in range(len(self)):
            yield self[row]
            read += int(self._ends[row] - self._starts[row])
            if mapped is not None and read > _READ:
                mapped.madvise(mmap.MADV_DONTNEED)
                read = 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    def __hash__(self) -> int:
        raise TypeError("equal to lists, which have no hash either")


class Store(Protocol):
    """Where the bytes of many texts are collected."""

    def add(self, data: bytes) -> None:
        """Append bytes."""
        ...

    def array(self) -> npt.NDArray[np.uint8]:
        """All of them."""
        ...


class Packer:
    """Collects texts, one by one or batch by batch."""

    def __init__(self, store: Store | None = None) -> None:
        """Collect them in a store; in memory by default."""
        self._store, self._bounds = store or _Memory(), array("q", [0])

    def add(self, texts: Iterable[str]) -> int:
        """Append texts; returns how many bytes they take."""
        before = end = self._bounds[-1]
        for text in texts:
            encoded = text.encode("utf-8", _ERRORS)
            self._store.add(encoded)
            end += len(encoded)
            self._bounds.append(end)
        return end - before

    def packed(self) -> PackedTexts:
        """All of them; none can be added afterwards."""
        bounds = np.frombuffer(self._bounds, dtype=np.int64)
        return PackedTexts(self._store.array(), bounds[:-1], bounds[1:])


class _Memory:
    """A store in memory."""

    def __init__(self) -> None:
        self._data = bytearray()

    def add(self, data: bytes) -> None:
        self._data += data

    def array(self) -> npt.NDArray[np.uint8]:
        return np.frombuffer(self._data, dtype=np.uint8)
