"""Numbers as people and numpy write them."""

import math

import numpy as np
import pytest

from schemas.reading.number import real, whole


@pytest.mark.parametrize(
    ("value", "as_whole", "as_real"),
    [
        (32, 32, 32.0),
        (32.0, 32, 32.0),
        (-3, -3, -3.0),
        (0.5, None, 0.5),
        (2**70, 2**70, float(2**70)),
        (10**400, 10**400, None),
        (math.nan, None, None),
        (math.inf, None, None),
        (-math.inf, None, None),
        (True, None, None),
        (False, None, None),
        ("32", None, None),
        (None, None, None),
        (1 + 0j, None, None),
        ([1], None, None),
        (np.int64(7), 7, 7.0),
        (np.float32(0.5), None, 0.5),
        (np.float64(4.0), 4, 4.0),
        (np.bool_(True), None, None),
    ],
)
def test_what_is_a_number(value: object, as_whole: int | None, as_real: float | None) -> None:
    assert (whole(value), real(value)) == (as_whole, as_real)
    assert type(whole(value)) in (int, type(None))
    assert type(real(value)) in (float, type(None))
