"""Data sets for people."""

from collections.abc import Mapping
from pathlib import Path

from gatekeeper.config.articles import parse_articles
from gatekeeper.render.grid import grid
from schemas.records.dataset import DatasetRecord
from schemas.text import printable


def render_built(record: DatasetRecord, folder: Path) -> str:
    """What a data set holds, and how to use it."""
    bank, name = record.bank, printable(str(folder))
    rows = [
        [each, split.windows, parse_articles(split.articles).size, split.sha256[:12]]
        for each, split in record.splits.items()
    ]
    table = grid(rows, ("split", "windows", "articles", "digest"))
    return "\n".join(
        [
            f"{name}: {bank.rows} chunks of width {bank.dimension} in {bank.articles} articles "
            f"({bank.dtype}, bank {bank.sha256[:12]}), context {record.context}, horizon {record.horizon}",
            *([f"version {len(record.parents) + 1}, {_growth(record)}"] if record.parents else []),
            table,
            f"use it with --bank {name}",
        ]
    )


def _growth(record: DatasetRecord) -> str:
    before, now = record.parents[-1], record.bank
    chunks, articles = now.rows - before.rows, now.articles - before.articles
    return f"grown by {chunks} chunks in {articles} articles from bank {before.sha256[:12]}"


def render_counts(counts: Mapping[str, Mapping[str, int]]) -> str:
    """What became of the sequences of each split."""
    rows = [
        [name, reason or "windows", count]
        for name, found in counts.items()
        for reason, count in found.items()
        if count
    ]
    return grid(rows, ("split", "what became of it", "sequences"))
