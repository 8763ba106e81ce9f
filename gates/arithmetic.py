"""Arithmetic as numpy has it by default, whatever somebody else's code has asked for.

A model's module may call ``np.seterr(all="raise")``; a weight that vanishes in a softmax would then end the
evaluation.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
T = TypeVar("T")


def usual_arithmetic(function: Callable[P, T]) -> Callable[P, T]:
    """Run a function in it, and leave what was asked for as it was."""
    found: Callable[P, T] = np.errstate(divide="warn", over="warn", under="ignore", invalid="warn")(function)
    return found
