"""One small corpus in every format that is read, each written by the library that people write it with."""

import csv
import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest


@dataclass(frozen=True, eq=False)
class Rows:
    """A corpus as rows, in the order in which they are written."""

    articles: Sequence[int] | Sequence[str]
    chunks: Sequence[int]
    texts: Sequence[str]
    titles: Sequence[str]
    years: Sequence[int]
    vectors: npt.NDArray[np.float32]

    def columns(self, *, vectors: bool) -> dict[str, Any]:
        found = {
            "article": list(self.articles),
            "chunk": list(self.chunks),
            "text": list(self.texts),
            "title": list(self.titles),
            "year": list(self.years),
        }
        return {**found, "vector": self.vectors.tolist()} if vectors else found

    def arrays(self) -> dict[str, Any]:
        """Without vectors, for libraries that take integers beyond 63 bits in arrays only."""
        columns = self.columns(vectors=False)
        large = any(isinstance(each, int) and each >= 2**63 for each in self.articles)
        return {**columns, "article": np.array(self.articles, dtype=np.uint64)} if large else columns

    def records(self, *, vectors: bool) -> list[dict[str, Any]]:
        columns = self.columns(vectors=vectors)
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def corpus(ids: Sequence[int] | Sequence[str]) -> Rows:
    """Articles of five chunks, shuffled; texts with what formats have to quote."""
    rng = np.random.default_rng(7)
    order = rng.permutation(5 * len(ids))
    names = [ids[row // 5] for row in order]
    return Rows(
        names,
        [int(row % 5) for row in order],
        [f'"Chunk {row}",\n of é;\t{row % 3}' for row in order],
        [f"On {name}" for name in names],
        [1990 + row // 5 for row in order.tolist()],
        rng.standard_normal((len(order), 6)).astype(np.float32),
    )


def _jsonl(path: Path, rows: Rows, vectors: bool) -> Path:
    path.write_text("".join(f"{json.dumps(each)}\n" for each in rows.records(vectors=vectors)))
    return path


def _jsonl_gz(path: Path, rows: Rows, vectors: bool) -> Path:
    plain = _jsonl(path.with_suffix(".plain"), rows, vectors)
    path.write_bytes(gzip.compress(plain.read_bytes()))
    return path


def _jsonl_zst(path: Path, rows: Rows, vectors: bool) -> Path:
    arrow = pytest.importorskip("pyarrow")
    plain = _jsonl(path.with_suffix(".plain"), rows, vectors)
    with arrow.CompressedOutputStream(str(path), "zstd") as file:
        file.write(plain.read_bytes())
    return path


def _csv(path: Path, rows: Rows, vectors: bool) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(
            file, rows.columns(vectors=vectors), delimiter="\t" if path.suffix == ".tsv" else ","
        )
        writer.writeheader()
        writer.writerows(rows.records(vectors=vectors))
    return path


def _pandas_csv(path: Path, rows: Rows, vectors: bool) -> Path:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(rows.arrays())
    if vectors:
        frame["vector"] = list(rows.vectors)  # which pandas prints as numpy does, without commas
    with np.printoptions(floatmode="unique"):
        frame.to_csv(path, sep=";")
    return path


def _parquet(path: Path, rows: Rows, vectors: bool) -> Path:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = rows.arrays()
    if vectors:
        columns["vector"] = arrow.array(list(rows.vectors), type=arrow.list_(arrow.float32()))
    parquet.write_table(arrow.table(columns), path, compression="zstd", row_group_size=7)
    return path


def _pandas_parquet(path: Path, rows: Rows, vectors: bool) -> Path:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(rows.arrays())
    if vectors:
        frame["vector"] = list(rows.vectors)
    frame.to_parquet(path)
    return path


def _feather(path: Path, rows: Rows, vectors: bool) -> Path:
    arrow, feather = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.feather")
    columns = rows.arrays()
    if vectors:
        flat = arrow.array(rows.vectors.reshape(-1))
        columns["vector"] = arrow.FixedSizeListArray.from_arrays(flat, rows.vectors.shape[1])
    feather.write_feather(arrow.table(columns), str(path), chunksize=9)
    return path


def _shards(path: Path, rows: Rows, vectors: bool) -> Path:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path.mkdir()
    table = arrow.table({**rows.columns(vectors=vectors), **rows.arrays()})
    for shard, start in enumerate(range(0, len(rows.articles), 20)):
        parquet.write_table(table.slice(start, 20), path / f"train-{shard:05}.parquet")
    return path


def _saved(path: Path, rows: Rows, vectors: bool) -> Path:
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    datasets.Dataset.from_dict({**rows.columns(vectors=vectors), **rows.arrays()}).save_to_disk(
        path, num_shards=3
    )
    return path


def _saved_splits(path: Path, rows: Rows, vectors: bool) -> Path:
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    whole = datasets.Dataset.from_dict({**rows.columns(vectors=vectors), **rows.arrays()})
    parts = {"train": whole.select(range(20)), "test": whole.select(range(20, len(whole)))}
    datasets.DatasetDict(parts).save_to_disk(path)
    return path


TABLES: dict[str, Callable[[Path, Rows, bool], Path]] = {
    "c.jsonl": _jsonl,
    "c.jsonl.gz": _jsonl_gz,
    "c.jsonl.zst": _jsonl_zst,
    "c.csv": _csv,
    "c.tsv": _csv,
    "pandas.csv": _pandas_csv,
    "c.parquet": _parquet,
    "pandas.parquet": _pandas_parquet,
    "c.feather": _feather,
    "shards": _shards,
    "saved": _saved,
    "saved_splits": _saved_splits,
}
"""Name -> what writes the corpus there, with or without its vectors."""
