"""What somebody hands over, from a file or from Python."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gatekeeper.config.given import abridged, count_given, path_given, plain
from schemas.errors import UsageError


def test_a_value_is_shown_on_one_line_and_a_long_one_in_part() -> None:
    assert abridged([1, 2]) == "[1, 2]"
    assert abridged("x" * 1000) == "'" + "x" * 159 + "..."
    assert abridged(np.zeros((2, 1))) == "array([[0.], [0.]])"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.int64(3), 3),
        (np.arange(2), [0, 1]),
        (torch.tensor(0.5), 0.5),
        ("0-9", "0-9"),
        (None, None),
    ],
)
def test_numbers_of_libraries_are_taken_for_plain_ones(value: object, expected: object) -> None:
    found = plain(value)
    assert found == expected
    assert type(found) is type(expected)


def test_a_path_and_a_count_are_what_they_should_be() -> None:
    assert path_given("a/b.pt", "a file") == path_given(Path("a/b.pt"), "a file") == Path("a/b.pt")
    assert count_given("every", np.int32(2)) == 2


@pytest.mark.parametrize("value", [0, -1, 1.0, "1", None, True])
def test_what_is_no_count_is_told(value: Any) -> None:  # noqa: ANN401  (whatever somebody passes)
    with pytest.raises(UsageError) as refused:
        count_given("every", value)
    assert str(refused.value) == f"every= must be a whole number of at least 1; found {value!r}"


@pytest.mark.parametrize("value", [None, 3, b"x", ["x"]])
def test_what_is_no_path_is_told(value: Any) -> None:  # noqa: ANN401
    with pytest.raises(UsageError) as refused:
        path_given(value, "a file")
    assert str(refused.value) == f"expected a file, found {value!r}"
