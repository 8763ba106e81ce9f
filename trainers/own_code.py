"""Code of the user's own, named as ``package.module:name``: importing it, and what is said when it fails.

Only what a user names is ever imported, on the command line or from Python. No file has anything imported.
"""

import contextlib
import importlib
import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from schemas.errors import GatekeeperError, ModelError
from schemas.reasons import reason
from schemas.text import printable

_SPEC = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


def is_spec(text: str) -> bool:
    """Whether a text names an object of a module.

    Example:
        >>> is_spec("my_model:Net"), is_spec("transformer")
        (True, False)
    """
    return _SPEC.fullmatch(text) is not None


def import_object(spec: str) -> tuple[object, ModuleType]:
    """The object, and the module it was found in; the working directory is looked into as well.

    Raises:
        ModelError: it cannot be imported.
    """
    module_name, _, attribute = spec.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")  # the console script, unlike python -m, leaves the working directory out
    with running(spec):
        home = importlib.import_module(module_name)
        found: object = home
        for part in attribute.split("."):
            found = getattr(found, part)
    return found, home


def spec_of(named: Any) -> str:  # noqa: ANN401  (whatever a user holds)
    """What an object held in Python would be called: by its own name, or by that of its class."""
    kind = named if hasattr(named, "__qualname__") else type(named)
    return printable(f"{kind.__module__}:{kind.__qualname__}")


def named_again(architecture: str) -> str:
    """The flag that a command to go on needs where the architecture is the user's own; "" where it is not.

    Example:
        >>> named_again("my_model:Net"), named_again("gru")
        (' --architecture my_model:Net', '')
    """
    return f" --architecture {architecture}" if is_spec(architecture) else ""


@contextlib.contextmanager
def running(spec: str) -> Iterator[None]:
    """The user's own code runs within the block; whatever it raises ends in one line.

    Raises:
        ModelError: it raised something, or wanted to exit.
    """
    try:
        yield
    except (KeyboardInterrupt, GatekeeperError):
        raise
    except BaseException as error:  # an exit from user code would look like a pass
        raise ModelError(f"{spec} cannot be loaded: {type(error).__name__}: {reason(error)}") from error
