"""The instructions of a pickle that arrays of plain values need, a function each.

Keys of dicts and members of sets are texts and numbers only: the hash of nested tuples takes time that
doubles with each level, and recursion without end.
"""

import functools
import struct
from collections.abc import Callable

from gatekeeper.data.formats.pickle_reader import PickleReader
from gatekeeper.data.formats.pickled_names import GLOBALS, KNOWN, DType, Name, ObjectArray, Refused

_ITEM, _TEXT = 8, 48  # bytes of a slot in a list, an empty text
_DICT, _ENTRY, _LIST, _SET = 232, 100, 64, 216
_MOST_TEXT = 2**23
_MOST_INTEGER = 32  # bytes of a number
_MOST_KEY = 2**61 - 1  # integers below are their own hash, so keys cannot be made to collide


def _text(reader: PickleReader, width: int) -> None:
    _push_text(reader, reader.size(width))


def _push_text(reader: PickleReader, count: int) -> None:
    if count > _MOST_TEXT:
        raise Refused(f"a text of {count} bytes")
    raw = reader.take(count)
    reader.spend(_TEXT + (count if raw.isascii() else 4 * count))
    reader.stack.append(raw.decode("utf-8", "surrogatepass"))


def _bytes(reader: PickleReader, width: int) -> None:
    count = reader.size(width)
    reader.spend(_TEXT + count)
    reader.stack.append(reader.take(count))


def _old_text(reader: PickleReader) -> None:
    raw = reader.line()
    if len(raw) > _MOST_TEXT:
        raise Refused(f"a text of {len(raw)} bytes")
    reader.spend(_TEXT + 4 * len(raw))
    reader.stack.append(raw.decode("raw-unicode-escape"))


def _integer(reader: PickleReader, width: int, *, signed: bool = False) -> None:
    reader.stack.append(int.from_bytes(reader.take(width), "little", signed=signed))


def _long_integer(reader: PickleReader, width: int) -> None:
    _integer(reader, _integer_size(reader.size(width)), signed=True)


def _old_integer(reader: PickleReader) -> None:
    digits = reader.line()
    _integer_size(len(digits) // 3)
    reader.stack.append({b"00": False, b"01": True}.get(digits, int(digits.removesuffix(b"L"))))


def _integer_size(count: int) -> int:
    if count > _MOST_INTEGER:
        raise Refused(f"a number of {count} bytes")
    return count


def _float(reader: PickleReader) -> None:
    reader.stack.append(struct.unpack(">d", reader.take(8))[0])


def _old_float(reader: PickleReader) -> None:
    reader.stack.append(float(reader.line()[:64]))


def _constant(reader: PickleReader, value: object) -> None:
    reader.stack.append(value)


def _skip(reader: PickleReader, count: int) -> None:
    reader.take(count)


def _mark(reader: PickleReader) -> None:
    reader.spend(_LIST)
    reader.outer.append(reader.stack)
    reader.stack = []


def _tuple(reader: PickleReader) -> None:
    items = reader.marked()
    reader.spend(_ITEM * len(items))
    reader.stack.append(tuple(items))


def _short_tuple(reader: PickleReader, count: int) -> None:
    items = reader.stack[-count:]
    if len(items) != count:
        raise IndexError("the stack is empty")
    reader.spend(_ITEM * count)
    reader.stack[-count:] = [tuple(items)]


def _empty_list(reader: PickleReader) -> None:
    reader.spend(_LIST)
    reader.stack.append([])


def _list(reader: PickleReader) -> None:
    reader.stack.append(reader.marked())


def _append(reader: PickleReader) -> None:
    _extend(reader, [reader.stack.pop()])


def _appends(reader: PickleReader) -> None:
    _extend(reader, reader.marked())


def _extend(reader: PickleReader, items: list[object]) -> None:
    found = reader.top(list)
    reader.spend(2 * _ITEM * len(items))
    found.extend(items)


def _empty_dict(reader: PickleReader) -> None:
    reader.spend(_DICT)
    reader.stack.append({})


def _dict(reader: PickleReader) -> None:
    items = reader.marked()
    _empty_dict(reader)
    _update(reader, items)


def _set_item(reader: PickleReader) -> None:
    value, key = reader.stack.pop(), reader.stack.pop()
    _update(reader, [key, value])


def _set_items(reader: PickleReader) -> None:
    _update(reader, reader.marked())


def _update(reader: PickleReader, items: list[object]) -> None:
    found = reader.top(dict)
    reader.spend(_ENTRY * (len(items) // 2))
    found.update(zip(map(_key, items[::2]), items[1::2], strict=True))


def _empty_set(reader: PickleReader) -> None:
    reader.spend(_SET)
    reader.stack.append(set())


def _add_items(reader: PickleReader) -> None:
    items, found = reader.marked(), reader.top(set)
    reader.spend(_ENTRY * len(items))
    found.update(map(_key, items))


def _frozen_set(reader: PickleReader) -> None:
    items = reader.marked()
    reader.spend(_SET + _ENTRY * len(items))
    reader.stack.append(frozenset(map(_key, items)))


def _key(value: object) -> object:
    if isinstance(value, (str, bytes, float)) or value is None:
        return value
    if isinstance(value, int) and abs(value) < _MOST_KEY:
        return value
    raise Refused("a key that is no text and no ordinary number")


def _get(reader: PickleReader, index: int) -> None:
    reader.stack.append(reader.memo[index])


def _old_get(reader: PickleReader) -> None:
    _get(reader, int(reader.line()[:20]))


def _sized_get(reader: PickleReader, width: int) -> None:
    _get(reader, reader.size(width))


def _put(reader: PickleReader, index: int) -> None:
    # Writers count from 0 or 1 upwards; an index far ahead would only ask for memory.
    if not 0 <= index <= len(reader.memo) + 1:
        raise Refused(f"place {index} in a memory of {len(reader.memo)} values")
    while len(reader.memo) <= index:
        reader.memo.append(None)
    reader.memo[index] = reader.stack[-1]


def _old_put(reader: PickleReader) -> None:
    _put(reader, int(reader.line()[:20]))


def _sized_put(reader: PickleReader, width: int) -> None:
    _put(reader, reader.size(width))


def _memoize(reader: PickleReader) -> None:
    reader.memo.append(reader.stack[-1])


def _old_global(reader: PickleReader) -> None:
    module, name = reader.line(), reader.line()
    _global(reader, module.decode("utf-8"), name.decode("utf-8"))


def _stack_global(reader: PickleReader) -> None:
    name, module = reader.stack.pop(), reader.stack.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise Refused("a name that is no text")
    _global(reader, module, name)


def _global(reader: PickleReader, module: str, name: str) -> None:
    known = KNOWN.get((module, name))
    if known is None:
        raise Refused(f"{module[:80]}.{name[:80]}")
    reader.stack.append(GLOBALS[known])


def _reduce(reader: PickleReader) -> None:
    arguments, called = reader.stack.pop(), reader.stack.pop()
    if not isinstance(called, Name) or not isinstance(arguments, tuple):
        raise Refused("a call of something that is no name of numpy's")
    # A value that is stored once can be asked for again and again, and is copied each time.
    reader.spend(4 * sum(len(each) for each in arguments if isinstance(each, bytes)))
    reader.stack.append(called(*arguments))


def _build(reader: PickleReader) -> None:
    state, built = reader.stack.pop(), reader.stack[-1]
    if not isinstance(built, (Name, DType, ObjectArray)):
        raise Refused("a state for something that has none")
    built.build(state)


STOP = ord(".")
_NAMED: dict[bytes, Callable[[PickleReader], None]] = {
    b"\x80": functools.partial(_skip, count=1),  # PROTO
    b"\x95": functools.partial(_skip, count=8),  # FRAME
    b"N": functools.partial(_constant, value=None),
    b"\x88": functools.partial(_constant, value=True),
    b"\x89": functools.partial(_constant, value=False),
    b"K": functools.partial(_integer, width=1),
    b"M": functools.partial(_integer, width=2),
    b"J": functools.partial(_integer, width=4, signed=True),
    b"\x8a": functools.partial(_long_integer, width=1),
    b"\x8b": functools.partial(_long_integer, width=4),
    b"I": _old_integer,
    b"L": _old_integer,
    b"G": _float,
    b"F": _old_float,
    b"\x8c": functools.partial(_text, width=1),
    b"X": functools.partial(_text, width=4),
    b"\x8d": functools.partial(_text, width=8),
    b"U": functools.partial(_text, width=1),  # strings of Python 2
    b"T": functools.partial(_text, width=4),
    b"V": _old_text,
    b"C": functools.partial(_bytes, width=1),
    b"B": functools.partial(_bytes, width=4),
    b"\x8e": functools.partial(_bytes, width=8),
    b"(": _mark,
    b")": functools.partial(_constant, value=()),
    b"t": _tuple,
    b"\x85": functools.partial(_short_tuple, count=1),
    b"\x86": functools.partial(_short_tuple, count=2),
    b"\x87": functools.partial(_short_tuple, count=3),
    b"]": _empty_list,
    b"l": _list,
    b"a": _append,
    b"e": _appends,
    b"}": _empty_dict,
    b"d": _dict,
    b"s": _set_item,
    b"u": _set_items,
    b"\x8f": _empty_set,
    b"\x90": _add_items,
    b"\x91": _frozen_set,
    b"h": functools.partial(_sized_get, width=1),
    b"j": functools.partial(_sized_get, width=4),
    b"g": _old_get,
    b"q": functools.partial(_sized_put, width=1),
    b"r": functools.partial(_sized_put, width=4),
    b"p": _old_put,
    b"\x94": _memoize,
    b"c": _old_global,
    b"\x93": _stack_global,
    b"R": _reduce,
    b"b": _build,
}
"""What each instruction does; :mod:`pickletools` of Python describes them."""

STEPS = {code[0]: step for code, step in _NAMED.items()}
