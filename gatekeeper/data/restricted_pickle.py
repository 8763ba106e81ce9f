"""Object arrays of text and metadata, read without executing what a pickle asks for.

A pickle is a program. This reader runs it with an empty world: the only globals it knows are the
six names numpy writes for an object array and for numpy scalars, and behind these names stand inert
objects of this module, not numpy's own. So neither foreign code nor numpy's C constructors (which
believe the shapes, flags and buffers they are told) ever see what the file says. What remains are
dicts, lists, tuples, sets, strings, bytes, numbers, booleans and None.
"""

import math
import pickle
from typing import IO, NoReturn

import numpy as np

from schemas.errors import DataError

_SCALAR_KINDS = "biufUS"


class _Refused(Exception):  # noqa: N818  (never leaves this module)
    """The pickle asks for something an array of plain values never needs."""


class _DType:
    """Stands for ``numpy.dtype``: remembers what it was called with, builds nothing."""

    __slots__ = ("code", "order")

    def __init__(self, code: object) -> None:
        if not isinstance(code, str) or len(code) > 16:
            raise _Refused("a dtype that is no short name")
        self.code = code
        self.order = "<"

    def __setstate__(self, state: object) -> None:
        # (version, byte order, subdtype, names, fields, itemsize, alignment, flags)
        if not isinstance(state, tuple) or len(state) < 5 or any(part is not None for part in state[2:5]):
            raise _Refused("a structured dtype")
        self.order = ">" if state[1] == ">" else "<"


class _Array:
    """Stands for ``numpy.ndarray``: keeps shape and items of an object array."""

    __slots__ = ("items", "shape")

    def __init__(self) -> None:
        self.items: list[object] | None = None
        self.shape: tuple[int, ...] = ()

    def __setstate__(self, state: object) -> None:
        # (version, shape, dtype, Fortran order, items)
        if not isinstance(state, tuple) or len(state) != 5:
            raise _Refused("an array with an unknown state")
        _, shape, dtype, _, items = state
        if (
            not isinstance(dtype, _DType)
            or dtype.code not in ("O", "O8", "O4")
            or not isinstance(items, list)
        ):
            raise _Refused("an array inside the array")
        if not isinstance(shape, tuple) or not all(type(size) is int and size >= 0 for size in shape):
            raise _Refused("an array with an impossible shape")
        if math.prod(shape) != len(items):
            raise _Refused(f"an array of shape {shape} with {len(items)} items")
        self.items, self.shape = items, shape


class _Name:
    """Stands for a global of numpy; callable only the way numpy's own pickles call it."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *arguments: object) -> object:
        if self.name == "dtype" and arguments:
            return _DType(arguments[0])
        if self.name == "_reconstruct" and arguments and arguments[0] is _GLOBALS["ndarray"]:
            return _Array()
        if self.name == "scalar" and len(arguments) == 2:
            return _scalar(*arguments)
        raise _Refused(f"a call of numpy's {self.name} that no array needs")

    def __setstate__(self, state: object) -> NoReturn:
        raise _Refused(f"a change to numpy's {self.name}")


_GLOBALS = {name: _Name(name) for name in ("ndarray", "dtype", "_reconstruct", "scalar")}
_KNOWN = {
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    ("numpy.core.multiarray", "_reconstruct"): "_reconstruct",
    ("numpy.core.multiarray", "scalar"): "scalar",
    ("numpy._core.multiarray", "_reconstruct"): "_reconstruct",
    ("numpy._core.multiarray", "scalar"): "scalar",
}


class _Unpickler(pickle.Unpickler):
    """The C unpickler with :data:`_KNOWN` as its whole world."""

    def find_class(self, module: str, name: str, /) -> object:
        known = _KNOWN.get((module, name))
        if known is None:
            raise _Refused(f"{module}.{name}")
        return _GLOBALS[known]

    def persistent_load(self, pid: object, /) -> NoReturn:
        raise _Refused("an object kept outside the file")


def load_objects(stream: IO[bytes], *, source: str) -> tuple[list[object], tuple[int, ...]]:
    """Read the pickle behind the header of an object-array ``.npy`` member.

    Args:
        stream: positioned behind the header.
        source: file and member, for messages.

    Returns:
        The items in memory order and the array's shape. Items are plain values; numpy scalars
        have become Python's.

    Raises:
        DataError: the pickle asks for anything else (the message names it), or is broken.
    """
    try:
        loaded = _Unpickler(stream).load()
    except _Refused as refused:
        raise DataError(
            f"{source}: the pickled array asks for {refused}; only plain dicts, lists, text and numbers are "
            "read, and nothing was executed"
        ) from None
    except MemoryError:
        raise DataError(f"{source}: the pickled array asks for more memory than there is") from None
    except (
        pickle.UnpicklingError,
        EOFError,
        AttributeError,
        ImportError,
        IndexError,
        KeyError,
        OverflowError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise DataError(f"{source}: the pickled array is broken ({error or type(error).__name__})") from None
    if not isinstance(loaded, _Array) or loaded.items is None:
        raise DataError(f"{source}: expected a pickled object array, found something else")
    return loaded.items, loaded.shape


def _scalar(dtype: object, data: object) -> object:
    """A numpy scalar's bytes as the Python value."""
    if not isinstance(dtype, _DType) or not isinstance(data, bytes):
        raise _Refused("a numpy scalar with unknown content")
    kind, size = dtype.code[:1], dtype.code[1:]
    if kind not in _SCALAR_KINDS or not size.isascii() or not size.isdigit():
        raise _Refused(f"a numpy scalar of type {dtype.code!r}")
    try:
        described = np.dtype(f"{dtype.order}{dtype.code}")
        if described.itemsize != len(data):
            raise _Refused(f"a numpy scalar of type {dtype.code!r} with {len(data)} bytes")
        # numpy cannot view an empty buffer; only text has values of no bytes.
        return np.frombuffer(data, dtype=described)[0].item() if data else described.type().item()
    except (TypeError, ValueError):
        raise _Refused(f"a numpy scalar of type {dtype.code!r}") from None
