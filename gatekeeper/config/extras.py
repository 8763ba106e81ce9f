"""What is said of an optional package that is not installed."""

import contextlib
from collections.abc import Iterator

from gatekeeper import DISTRIBUTION
from schemas.errors import UsageError


@contextlib.contextmanager
def from_extra(package: str, extra: str | None = None) -> Iterator[None]:
    """Import a package within the block; one that its extra would bring is named with what brings it.

    Args:
        package: its name.
        extra: name of the extra; that of the package by default.

    Raises:
        UsageError: it is not installed.
        ImportError: it is installed, but something that it needs is not.

    Example:
        >>> with from_extra("lighthouse", "coast"):
        ...     import lighthouse
        Traceback (most recent call last):
            ...
        schemas.errors.UsageError: lighthouse is not installed; pip install 'gatekeeper-5cat[coast]'
    """
    try:
        yield
    except ImportError as error:
        if (error.name or "").partition(".")[0] != package:
            raise
        raise UsageError(
            f"{package} is not installed; pip install '{DISTRIBUTION}[{extra or package}]'"
        ) from None
