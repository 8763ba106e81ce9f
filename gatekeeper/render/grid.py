"""Tables for terminals and for markdown."""

from collections.abc import Iterable, Sequence
from typing import Any


def grid(
    rows: Iterable[Sequence[object]],
    headers: Sequence[str],
    form: str = "simple",
    *,
    widths: Sequence[int | None] | None = None,
) -> str:
    """Rows below their headers, every cell as it is written: no text is taken for a number.

    Args:
        rows: the cells.
        headers: a title for each column.
        form: tabulate's name for the format: ``simple`` or ``github``.
        widths: where a column is wrapped; None for those that are not.

    Example:
        >>> print(grid([("margin", "0.450")], ("metric", "value")))
        metric    value
        --------  -------
        margin    0.450
    """
    from tabulate import tabulate  # what `check` says fits in a few lines: it starts without tables

    wrapped: dict[str, Any] = {} if widths is None else {"maxcolwidths": list(widths)}
    return tabulate(rows, headers=headers, tablefmt=form, disable_numparse=True, **wrapped)
