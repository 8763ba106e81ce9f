"""Numbers as people's files hold them: numpy's count as numbers, and 32.0 as the whole number 32."""

import math
import numbers


def whole(value: object) -> int | None:
    """The whole number that a value is, None where it is none; truth values are none.

    Example:
        >>> whole(32), whole(32.0), whole(32.5), whole(True), whole("32")
        (32, 32, None, None, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, numbers.Integral):  # numpy registers its whole numbers there
        return int(value)
    found = real(value)
    return int(found) if found is not None and found.is_integer() else None


def real(value: object) -> float | None:
    """The finite number that a value is, None where it is none; truth values are none.

    Example:
        >>> real(0), real(0.1), real(float("nan")), real(False)
        (0.0, 0.1, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None
