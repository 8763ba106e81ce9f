"""Bytes, stack and memory of a pickle: nothing is made of what is not there."""

import pytest

from gatekeeper.data.formats.pickle_reader import PickleReader
from gatekeeper.data.formats.pickled_names import Refused


def reader(data: bytes = b"") -> PickleReader:
    return PickleReader(data, lambda amount, what: None)


def test_bytes_lines_and_sizes_are_taken_in_turn() -> None:
    found = reader(b"ab12\n\x05\x01rest")
    assert (found.take(2), found.line(), found.size(2), found.at) == (b"ab", b"12", 0x105, 7)


@pytest.mark.parametrize("count", [-1, 3, 2**40])
def test_no_more_is_taken_than_there_is(count: int) -> None:
    found = reader(b"ab")
    with pytest.raises(ValueError, match="it is cut short"):
        found.take(count)
    assert found.at == 0


def test_what_is_spent_is_told_with_what_it_is_for() -> None:
    told: list[tuple[int, str]] = []
    PickleReader(b"", lambda amount, what: told.append((amount, what))).spend(7)
    assert told == [(7, "the pickled values")]


def test_the_values_since_a_mark_leave_those_below() -> None:
    found = reader()
    found.outer, found.stack = [[1]], [2, 3]
    assert (found.marked(), found.stack, found.outer) == ([2, 3], [1], [])


def test_only_a_value_of_the_kind_is_filled() -> None:
    found = reader()
    found.stack = [{}]
    assert found.top(dict) is found.stack[0]
    with pytest.raises(Refused, match="entries for something that is no list"):
        found.top(list)
