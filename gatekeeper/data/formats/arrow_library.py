"""pyarrow, an extra: it reads Parquet and Arrow tables, and inflates ``*.zst``. Loaded when it is needed."""

import importlib
from typing import Any

from gatekeeper.config.extras import from_extra


def arrow(part: str = "") -> Any:  # noqa: ANN401  (pyarrow is untyped)
    """The module, or a part of it.

    Args:
        part: e.g. ``parquet``.

    Raises:
        UsageError: it is not installed.
    """
    with from_extra("pyarrow", "parquet"):
        return importlib.import_module(f"pyarrow.{part}" if part else "pyarrow")
