"""The machine that a pickle would run on, holding stand-ins instead of values.

It knows no instruction; :mod:`trainers.checkpoints.pickle_scan` does. It reads the program, holds stack and
memo, and counts what is put into containers.
"""

import struct
from collections.abc import Mapping
from typing import Any, NoReturn

from schemas.errors import ModelError
from trainers.checkpoints.pickle_calls import Node

MOST_NODES = 4_000_000
"""Values that a walk through the result meets, one that is named twice counted twice."""

DEEPEST = 60
SAVE_AGAIN = "save it again with torch.save"
WEIGHTS_ALONE = "a checkpoint needs its weights alone"


class Machine:
    """The state of one scan: a stack and a memo of stand-ins."""

    def __init__(self, pickle: bytes, sizes: Mapping[str, int], name: str) -> None:
        self.pickle, self.sizes, self.name = pickle, sizes, name
        self.at = 0
        self.stack: list[object] = []
        self.marked: list[list[object]] = []
        self.memo: dict[int, object] = {}
        self.work = 0

    def refuse(self, what: str, advice: str) -> NoReturn:
        """End the scan."""
        raise ModelError(f"{self.name} {what}; {advice}")

    def text(self, size: int) -> bytes:
        """The next bytes."""
        found = self.pickle[self.at : self.at + size]
        if len(found) != size:
            raise IndexError
        self.at += size
        return found

    def line(self) -> str:
        """Up to the next end of a line."""
        end = self.pickle.index(b"\n", self.at)
        found = self.pickle[self.at : end].decode("utf-8")
        self.at = end + 1
        return found

    def number(self, form: str, size: int) -> Any:  # noqa: ANN401  (as the form says)
        """The next number in a form of :mod:`struct`."""
        found = struct.unpack_from(form, self.pickle, self.at)[0]
        self.at += size
        return found

    def items(self) -> list[object]:
        """What was put on the stack since the last mark."""
        found = self.stack
        self.stack = self.marked.pop()
        return found

    def add(self, holder: Node, items: list[object]) -> None:
        """Put items into a container, and what they weigh on it."""
        if holder.placed:
            # Its weight has been counted where it lies; growing now could even close a circle.
            self.refuse("changes a value that is part of another already", SAVE_AGAIN)
        for item in items:
            if item is holder:
                self.refuse("holds a value that is part of itself", SAVE_AGAIN)
            if isinstance(item, Node):
                item.placed = True
                holder.depth = max(holder.depth, item.depth + 1)
                holder.size += item.size
            else:
                holder.size += 1
        if holder.depth > DEEPEST:
            self.refuse(f"nests values more than {DEEPEST} deep", WEIGHTS_ALONE)
        if holder.size > MOST_NODES:
            self.refuse(
                f"holds more than {MOST_NODES:,} values, one of them named many times",
                WEIGHTS_ALONE,
            )
