"""Object arrays as numpy pickles them, read without numpy's own constructors."""

import io
from typing import Any

import numpy as np

from gatekeeper.data.formats.restricted_pickle import load_objects


def load(data: bytes) -> list[object]:
    return load_objects(io.BytesIO(data), source="test", spend=lambda amount, what: None)[0]


def object_array(items: list[Any]) -> np.ndarray[Any, Any]:
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


class _Reduce:
    """Pickles as the call ``function(*arguments)``, then ``state`` applied to the result."""

    def __init__(self, function: object, arguments: tuple[object, ...], state: object = None) -> None:
        self.function, self.arguments, self.state = function, arguments, state

    def __reduce__(self) -> Any:  # noqa: ANN401  (as object declares it)
        return (self.function, self.arguments) + (() if self.state is None else (self.state,))
