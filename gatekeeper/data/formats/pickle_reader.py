"""The state in which a pickle is read: bytes, stack and memory, none larger than the file may ask for."""

from collections.abc import Callable
from typing import Any, TypeVar

from gatekeeper.data.formats.pickled_names import Refused

Container = TypeVar("Container", list[Any], dict[Any, Any], set[Any])

Spend = Callable[[int, str], None]

_WHAT = "the pickled values"


class PickleReader:
    """What the instructions of one pickle work on.

    Attributes:
        data, at: the pickle, and how far it was read.
        stack: the values since the last mark; those below it are in ``outer``.
        memo: values that were stored to be asked for again.
    """

    def __init__(self, data: bytes, spend: Spend) -> None:
        self.data, self.at = data, 0
        self.stack: list[object] = []
        self.outer: list[list[object]] = []
        self.memo: list[object] = []
        self._spend = spend

    def spend(self, amount: int) -> None:
        """Take memory off what the file may use, or raise."""
        self._spend(amount, _WHAT)

    def take(self, count: int) -> bytes:
        """The next bytes."""
        found = self.data[self.at : self.at + count]
        if count < 0 or len(found) != count:
            raise ValueError("it is cut short")
        self.at += count
        return found

    def line(self) -> bytes:
        """The next bytes until a line ends."""
        end = self.data.index(b"\n", self.at)
        found = self.data[self.at : end]
        self.at = end + 1
        return found

    def size(self, width: int) -> int:
        """The next number, of so many bytes."""
        return int.from_bytes(self.take(width), "little")

    def marked(self) -> list[object]:
        """What was pushed since the last mark."""
        items, self.stack = self.stack, self.outer.pop()
        return items

    def top(self, kind: type[Container]) -> Container:
        """The value that is to be filled."""
        found = self.stack[-1]
        if type(found) is not kind:
            raise Refused(f"entries for something that is no {kind.__name__}")
        return found
