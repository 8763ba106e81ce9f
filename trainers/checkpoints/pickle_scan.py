"""What a checkpoint's pickle would build, found out before any of it is built.

A pickle is a program, and a few hundred bytes of one can ask for a tuple with 2**60 leaves, a million
levels or a storage of any size. This scan runs the program on stand-ins: it follows every instruction that
torch's own restricted reader knows, refuses all calls but those that rebuild dense tensors and plain
values, and counts what the result costs to build, to hash and to walk through. What it lets through is
then read by ``torch.load(weights_only=True)``.
"""

import _compat_pickle
import struct
from collections.abc import Callable, Mapping

from schemas.errors import ModelError
from trainers.checkpoints.pickle_calls import PLAIN_GLOBALS, STORAGES, Node, call, refusal, set_state
from trainers.checkpoints.pickle_machine import SAVE_AGAIN, WEIGHTS_ALONE, Machine

MOST_WORK = 3_000_000
"""Instructions; a call counts as thirty more, because torch compares what is called with all it allows, and
a container as four more, because it takes memory.

The largest saved states of a training need a tenth; at a microsecond each it takes torch three seconds.
"""

MOST_MARKS = 1000
LONGEST_NUMBER = 16  # bytes: no seed, count or size needs more
_CALL, _CONTAINER = 30, 4


def scan(pickle: bytes, sizes: Mapping[str, int], name: str) -> str:
    """What a pickle would build: ``dict``, ``list``, ``tensor``, ...; nothing is built.

    Args:
        pickle: ``data.pkl`` of an archive of ``torch.save``.
        sizes: bytes of each member of the archive, by its name.
        name: of the file, for messages.

    Raises:
        ModelError: it asks for more than tensors and plain values, for too many of them, or is broken.
    """
    try:
        return _run(Machine(pickle, sizes, name))
    except (IndexError, KeyError, ValueError, TypeError, OverflowError, struct.error):
        # The struct of an instruction that is cut off, an empty stack, a name nobody stored.
        raise ModelError(
            f"{name} cannot be read: its pickle is broken; copy the file again, or {SAVE_AGAIN}"
        ) from None


def _run(machine: Machine) -> str:
    """Up to the instruction that ends the pickle."""
    pickle, steps = machine.pickle, _STEPS
    while True:
        code = pickle[machine.at]
        machine.at += 1
        machine.work += 1
        if machine.work > MOST_WORK:
            machine.refuse(f"holds more than {MOST_WORK:,} values", WEIGHTS_ALONE)
        if code == 0x2E:  # STOP
            found = machine.stack.pop()
            return found.kind if isinstance(found, Node) else type(found).__name__
        step = steps.get(code)
        if step is None:
            machine.refuse(
                f"has a pickle that torch reads only in full trust (instruction {code:#04x})",
                f"{SAVE_AGAIN} and its default pickle_protocol",
            )
        step(machine)


def _global(machine: Machine) -> None:
    module, name = machine.line(), machine.line()
    # What Python 2 called it; torch reads these names as well.
    if (module, name) in _compat_pickle.NAME_MAPPING:
        module, name = _compat_pickle.NAME_MAPPING[module, name]
    else:
        module = _compat_pickle.IMPORT_MAPPING.get(module, module)
    found = f"{module}.{name}"
    if found not in PLAIN_GLOBALS:
        raise ModelError(refusal(machine.name, found))
    machine.work += _CALL // 3
    machine.stack.append(Node("global", found))


def _reduce(machine: Machine) -> None:
    arguments, function = machine.stack.pop(), machine.stack.pop()
    if not isinstance(arguments, Node) or arguments.kind != "tuple" or not isinstance(function, Node):
        raise TypeError
    machine.work += _CALL
    made = call(function.name, arguments.items, machine.name)
    if isinstance(made, Node):
        machine.add(made, [arguments])
    machine.stack.append(made)


def _new(machine: Machine) -> None:
    arguments, kind = machine.stack.pop(), machine.stack.pop()
    if not isinstance(arguments, Node) or not isinstance(kind, Node) or arguments.items:
        raise TypeError
    if kind.name not in ("collections.OrderedDict", "collections.Counter", "builtins.set"):
        raise ModelError(refusal(machine.name, kind.name))
    machine.work += _CALL
    machine.stack.append(call(kind.name, (), machine.name))


def _build(machine: Machine) -> None:
    state, target = machine.stack.pop(), machine.stack[-1]
    machine.work += _CALL
    set_state(target, state, machine.name)
    if isinstance(target, Node):
        machine.add(target, [state])


def _persistent(machine: Machine) -> None:
    asked = machine.stack.pop()
    if not isinstance(asked, Node) or len(asked.items) != 5 or asked.items[0] != "storage":
        raise TypeError
    _, kind, key, _, count = asked.items
    width = STORAGES[kind.name] if isinstance(kind, Node) else 0
    if type(key) is not str or type(count) is not int or not width:
        raise TypeError
    member = f"data/{key}".lower()
    if machine.sizes.get(member) != count * width:
        machine.refuse(
            f"is damaged: the member {member[:40]} holds {machine.sizes.get(member, 0)} bytes, "
            f"its pickle asks for {count * width}",
            "copy the file again",
        )
    machine.work += _CALL
    machine.stack.append(Node("storage", member))


def _append(machine: Machine) -> None:
    item = machine.stack.pop()
    _list(machine, [item])


def _list(machine: Machine, items: list[object]) -> None:
    holder = machine.stack[-1]
    if not isinstance(holder, Node) or holder.kind != "list":
        raise TypeError
    holder.plain = holder.plain and all(map(_is_key, items))
    machine.add(holder, items)


def _set_items(machine: Machine, items: list[object]) -> None:
    holder = machine.stack[-1]
    if not isinstance(holder, Node) or holder.kind not in ("dict", "OrderedDict", "Counter"):
        raise TypeError
    if len(items) % 2:
        raise IndexError
    keys = items[::2]
    if not all(map(_is_key, keys)):
        machine.refuse("has a key that is no text, number or short tuple", WEIGHTS_ALONE)
    if holder.kind == "dict" and len(holder.keys) < 8:
        holder.keys += tuple(str(key) if type(key) is str else "" for key in keys[:8])
    machine.add(holder, items)


def _is_key(value: object) -> bool:
    """Whether hashing a value is cheap: no containers but tuples of a few plain values."""
    if not isinstance(value, Node):
        return True
    return value.kind == "tuple" and value.plain and value.size <= 64


def _tuple(machine: Machine, items: list[object]) -> None:
    machine.work += _CONTAINER
    made = Node("tuple", items=tuple(items))
    made.plain = all(map(_is_key, items))
    machine.add(made, items)
    machine.stack.append(made)


def _last(count: int) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        items = machine.stack[-count:]
        if len(items) != count:
            raise IndexError
        del machine.stack[-count:]
        _tuple(machine, items)

    return step


def _mark(machine: Machine) -> None:
    if len(machine.marked) >= MOST_MARKS:
        machine.refuse(f"opens more than {MOST_MARKS} values at once", SAVE_AGAIN)
    machine.marked.append(machine.stack)
    machine.stack = []


def _set_item(machine: Machine) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    _set_items(machine, [key, value])


def _long(machine: Machine) -> None:
    size = machine.pickle[machine.at]
    if size > LONGEST_NUMBER:
        machine.refuse(f"holds a whole number of {size} bytes", f"numbers have at most {LONGEST_NUMBER}")
    machine.at += 1
    machine.stack.append(int.from_bytes(machine.text(size), "little", signed=True))


def _skip(machine: Machine) -> None:
    machine.at += 1


def _put(form: str, size: int) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        machine.memo[machine.number(form, size)] = machine.stack[-1]

    return step


def _get(form: str, size: int) -> Callable[[Machine], None]:
    return lambda machine: machine.stack.append(machine.memo[machine.number(form, size)])


def _number(form: str, size: int) -> Callable[[Machine], None]:
    return lambda machine: machine.stack.append(machine.number(form, size))


def _constant(value: object) -> Callable[[Machine], None]:
    return lambda machine: machine.stack.append(value)


def _empty(kind: str) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        machine.work += _CONTAINER
        machine.stack.append(Node(kind))

    return step


_STEPS: dict[int, Callable[[Machine], None]] = {
    ord("c"): _global,
    ord("R"): _reduce,
    0x81: _new,
    ord("b"): _build,
    ord("Q"): _persistent,
    ord("a"): _append,
    ord("e"): lambda machine: _list(machine, machine.items()),
    ord("s"): _set_item,
    ord("u"): lambda machine: _set_items(machine, machine.items()),
    ord("("): _mark,
    ord("t"): lambda machine: _tuple(machine, machine.items()),
    0x85: _last(1),
    0x86: _last(2),
    0x87: _last(3),
    ord("N"): _constant(None),
    0x88: _constant(True),
    0x89: _constant(False),
    ord(")"): _empty("tuple"),
    ord("]"): _empty("list"),
    ord("}"): _empty("dict"),
    0x8F: _empty("set"),
    ord("J"): _number("<i", 4),
    ord("K"): _number("<B", 1),
    ord("M"): _number("<H", 2),
    ord("G"): _number(">d", 8),
    ord("X"): lambda machine: machine.stack.append(
        machine.text(machine.number("<I", 4)).decode("utf-8", "surrogatepass")
    ),
    ord("U"): lambda machine: machine.stack.append(machine.text(machine.number("<B", 1)).decode("utf-8")),
    ord("q"): _put("<B", 1),
    ord("r"): _put("<I", 4),
    ord("h"): _get("<B", 1),
    ord("j"): _get("<I", 4),
    0x8A: _long,
    0x80: _skip,
}
"""What torch's restricted reader knows, by the byte of each instruction."""
