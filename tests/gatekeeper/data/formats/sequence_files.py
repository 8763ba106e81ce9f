"""Sequence files as the old tools wrote them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatekeeper.data.formats.sequences import read_sequences
from gates.contracts import Bank, IntArray
from schemas.errors import DataError


def save(
    path: Path,
    bank: Bank,
    last_rows: IntArray,
    *,
    horizon: int,
    style: str,
    state: bool = True,
    shift: int = 0,
    dtype: str = "f4",
    scale: float = 1.0,
    context: int = 5,
    change: Callable[[dict[str, Any]], None] | None = None,
) -> Path:
    """Write a sequence file one window at a time, as the old tools did; rows may cross articles."""
    contexts = [[bank.vectors[row - context + 1 + i] for i in range(context)] for row in last_rows.tolist()]
    target_rows = [row + horizon for row in last_rows.tolist()]
    labels = [(int(bank.articles[row]), int(bank.chunks[row]) - shift) for row in target_rows]
    keys = ("context_sequences", "target_vectors") if style == "metadata" else ("contexts", "targets")
    arrays: dict[str, Any] = {
        keys[0]: (np.array(contexts) * scale).astype(dtype),
        keys[1]: (np.array([bank.vectors[row] for row in target_rows]) * scale).astype(dtype),
    }
    if style == "metadata":
        records: list[dict[str, Any]] = [
            {
                "article_index": article,
                "target_chunk_index": np.int64(chunk),
                "target_cpe_id": f"id-{article}-{chunk}",
                "crosses_article": False,
            }
            for article, chunk in labels
        ]
        arrays["metadata"] = np.array(records, dtype=object)
        arrays["context_length"] = context
    else:
        arrays["article_ids"] = np.array([article for article, _ in labels])
        arrays["target_indices"] = np.array([chunk for _, chunk in labels])
    if state and horizon > 1:
        arrays |= {"p6_mode": True, "p6_offset": horizon - 1}
    if change is not None:
        change(arrays)
    np.savez(path, **arrays)
    return path


def fails(path: Path, bank: Bank) -> str:
    with pytest.raises(DataError) as caught:
        read_sequences(path, bank)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message
