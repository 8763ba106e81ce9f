"""What numpy's names in a pickle mean here: inert stand-ins that build nothing of numpy's.

numpy writes six names for an object array and for numpy scalars. numpy's own C constructors believe
the shapes, flags and buffers they are told, so they never see what a file says; these do.
"""

import math
from typing import NoReturn

import numpy as np

_SCALAR_KINDS = "biufUS"
_MOST_AXES = 32
_CHARACTERS = 0x110000


class Refused(Exception):  # noqa: N818  (caught by the reader of pickles, which names the file)
    """The pickle asks for something an array of plain values never needs."""


class DType:
    """Stands for ``numpy.dtype``: remembers what it was called with, builds nothing."""

    __slots__ = ("code", "order")

    def __init__(self, code: object) -> None:
        if not isinstance(code, str) or len(code) > 16:
            raise Refused("a dtype that is no short name")
        self.code = code
        self.order = "<"

    def build(self, state: object) -> None:
        """Take the state that numpy would."""
        # (version, byte order, subdtype, names, fields, itemsize, alignment, flags)
        if not isinstance(state, tuple) or len(state) < 5 or any(part is not None for part in state[2:5]):
            raise Refused("a structured dtype")
        self.order = ">" if state[1] == ">" else "<"


class ObjectArray:
    """Stands for ``numpy.ndarray``: keeps shape and items of an object array."""

    __slots__ = ("items", "shape")

    def __init__(self) -> None:
        self.items: list[object] | None = None
        self.shape: tuple[int, ...] = ()

    def build(self, state: object) -> None:
        """Take the state that numpy would."""
        # (version, shape, dtype, Fortran order, items)
        if not isinstance(state, tuple) or len(state) != 5:
            raise Refused("an array with an unknown state")
        _, shape, dtype, _, items = state
        if not isinstance(dtype, DType) or dtype.code not in ("O", "O8", "O4") or not isinstance(items, list):
            raise Refused("an array inside the array")
        if not isinstance(shape, tuple) or len(shape) > _MOST_AXES or not all(map(_is_size, shape)):
            raise Refused("an array with an impossible shape")
        if math.prod(shape) != len(items):
            raise Refused(f"an array of shape {shape} with {len(items)} items")
        self.items, self.shape = items, shape


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63


class Name:
    """Stands for a global of numpy; callable only the way numpy's own pickles call it."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *arguments: object) -> object:
        """What numpy would make of the arguments."""
        if self.name == "dtype" and arguments:
            return DType(arguments[0])
        if self.name == "_reconstruct" and arguments and arguments[0] is GLOBALS["ndarray"]:
            return ObjectArray()
        if self.name == "scalar" and len(arguments) == 2:
            return _scalar(*arguments)
        raise Refused(f"a call of numpy's {self.name} that no array needs")

    def build(self, state: object) -> NoReturn:
        """A name has no state."""
        raise Refused(f"a change to numpy's {self.name}")


GLOBALS = {name: Name(name) for name in ("ndarray", "dtype", "_reconstruct", "scalar")}
KNOWN = {
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    ("numpy.core.multiarray", "_reconstruct"): "_reconstruct",
    ("numpy.core.multiarray", "scalar"): "scalar",
    ("numpy._core.multiarray", "_reconstruct"): "_reconstruct",
    ("numpy._core.multiarray", "scalar"): "scalar",
}


def is_text(data: bytes, dtype: "np.dtype[np.generic]") -> bool:
    """Whether a text type's values are characters; numpy would make strings of any number."""
    if dtype.kind != "U" or not data:
        return True
    return int(np.frombuffer(data, dtype=f"{dtype.byteorder}u4").max()) < _CHARACTERS


def _scalar(dtype: object, data: object) -> object:
    """A numpy scalar's bytes as the Python value."""
    if not isinstance(dtype, DType) or not isinstance(data, bytes):
        raise Refused("a numpy scalar with unknown content")
    kind, size = dtype.code[:1], dtype.code[1:]
    if kind not in _SCALAR_KINDS or not size.isascii() or not size.isdigit():
        raise Refused(f"a numpy scalar of type {dtype.code!r}")
    try:
        described = np.dtype(f"{dtype.order}{dtype.code}")
        if described.itemsize != len(data):
            raise Refused(f"a numpy scalar of type {dtype.code!r} with {len(data)} bytes")
        if not is_text(data, described):
            raise Refused("a text of numbers that are no characters")
        # numpy cannot view an empty buffer; only text has values of no bytes.
        return np.frombuffer(data, dtype=described)[0].item() if data else described.type().item()
    except (TypeError, ValueError):
        raise Refused(f"a numpy scalar of type {dtype.code!r}") from None
