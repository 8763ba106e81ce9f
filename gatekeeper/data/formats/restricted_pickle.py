"""Object arrays of text and metadata, read without executing what a pickle asks for.

A pickle is a program. Python's reader of it is never started here: the few instructions that arrays of
plain values need are carried out one by one, by the functions of
:mod:`gatekeeper.data.formats.pickle_steps`, and any other is refused. The only names it knows are the six
that numpy writes, and behind them stand inert objects (:mod:`gatekeeper.data.formats.pickled_names`). So
no foreign code runs, no index or length of the file is believed, and what is made is counted before it is
made. What remains are dicts, lists, tuples, sets, strings, bytes, numbers, booleans and None.
"""

import struct
from typing import IO

from gatekeeper.data.formats.pickle_reader import PickleReader, Spend
from gatekeeper.data.formats.pickle_steps import STEPS, STOP
from gatekeeper.data.formats.pickled_names import ObjectArray, Refused
from schemas.errors import DataError

_OPCODE = 32  # bytes of an instruction's value
_ROUND = 1024


def load_objects(stream: IO[bytes], *, source: str, spend: Spend) -> tuple[list[object], tuple[int, ...]]:
    """Read the pickle behind the header of an object-array ``.npy`` member.

    Args:
        stream: positioned behind the header.
        source: file and member, for messages.
        spend: takes an amount of memory off what the file may use, or raises.

    Returns:
        The items in memory order and the array's shape. Items are plain values; numpy scalars
        have become Python's.

    Raises:
        DataError: the pickle asks for anything else (the message names it), or is broken.
    """
    try:
        loaded = _run(PickleReader(stream.read(), spend))
    except Refused as refused:
        raise DataError(
            f"{source}: the pickled array asks for {refused}; only plain dicts, lists, text and numbers are "
            "read, and nothing was executed"
        ) from None
    except (IndexError, KeyError, OverflowError, TypeError, ValueError, struct.error) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{source}: the pickled array is broken ({reason})") from None
    if not isinstance(loaded, ObjectArray) or loaded.items is None:
        raise DataError(f"{source}: expected a pickled object array, found something else")
    return loaded.items, loaded.shape


def _run(reader: PickleReader) -> object:
    """The value that the pickle ends with."""
    data = reader.data
    while True:
        reader.spend(_ROUND * _OPCODE)
        for _ in range(_ROUND):
            code = data[reader.at]
            reader.at += 1
            if code == STOP:
                return reader.stack.pop()
            step = STEPS.get(code)
            if step is None:
                raise Refused(f"the instruction {bytes([code])!r}")
            step(reader)
