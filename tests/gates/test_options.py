"""The knobs of an evaluation, checked where they enter."""

import pytest

from gates.options import Options
from schemas.errors import UsageError


@pytest.mark.parametrize(
    "knobs",
    [{"seed": -1}, {"confidence": 1.0}, {"bin_edges": (0.5, 0.5)}, {"batch_size": 0}],
)
def test_options_are_validated_at_the_door(knobs: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Options(**knobs)  # type: ignore[arg-type]
