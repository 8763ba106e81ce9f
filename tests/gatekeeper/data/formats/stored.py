"""A small bank with every feature, written as a data set, for the tests of its folder."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from gatekeeper.data.building.dataset import Contents, write_dataset
from gatekeeper.data.formats.dataset import Dtype, open_dataset
from gates.bank import build_bank
from gates.contracts import Bank, FloatArray, IntArray, Window
from schemas.errors import DataError
from schemas.records.dataset import DatasetRecord, Origin

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
ORIGIN = Origin("bank.npz", "ab" * 32, "MiniLM", "CC0-1.0", None)
ARTICLES = {"train": np.array([0, 1, 2, 6]), "val": np.array([3, 5]), "ood": np.array([4])}
LENGTHS = (12, 10, 14, 11, 13, 9, 3)
"""Article 2 has a gap, article 6 is too short for a window."""
FILES = (
    "articles.npy",
    "chunks.npy",
    "dataset.json",
    "ood.npy",
    "text_offsets.npy",
    "texts_utf8.npy",
    "titles.json",
    "train.npy",
    "val.npy",
    "vectors.npy",
)
"""Of a whole data set that was not converted."""


def rich_bank(*, width: int = 8, seed: int = 0, texts: bool = True, titles: bool = True) -> Bank:
    """Seven articles with texts that are not ASCII, some empty, and titles for some."""
    rng = np.random.default_rng(seed)
    articles = np.repeat(np.arange(len(LENGTHS)), LENGTHS)
    chunks = np.concatenate(
        [np.arange(length) + (np.arange(length) > 6) * (a == 2) for a, length in enumerate(LENGTHS)]
    )
    rows = len(articles)
    written = ["", "ä\n", "中文 𝄞", *(f"chunk {row} é" for row in range(3, rows))]
    return build_bank(
        rng.standard_normal((rows, width)) * rng.uniform(0.5, 4.0, (rows, 1)),
        articles,
        chunks,
        source="bank.npz",
        texts=written if texts else None,
        titles={0: "First — ünïcode", 4: ""} if titles else None,
    )


def store(
    folder: Path,
    bank: Bank | None = None,
    *,
    articles: Mapping[str, IntArray] | None = None,
    context: int = 5,
    horizon: int = 1,
    dtype: Dtype = "float32",
    windows: Mapping[str, IntArray] | None = None,
    unmatched: str | None = None,
    overwrite: bool = True,
) -> DatasetRecord:
    return write_dataset(
        folder,
        Contents(
            rich_bank() if bank is None else bank,
            ARTICLES if articles is None else articles,
            Window(context, horizon),
            windows,
            unmatched,
        ),
        dtype=dtype,
        origin=ORIGIN,
        overwrite=overwrite,
        now=NOW,
    )


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def bank_digest(vectors: FloatArray, articles: IntArray, chunks: IntArray) -> str:
    """Of the shape and the bytes of unit rows, article and chunk numbers, as reports name a bank."""
    data = f"{vectors.shape}".encode() + vectors.tobytes() + articles.tobytes() + chunks.tobytes()
    return hashlib.sha256(data).hexdigest()


def refusal(folder: Path) -> str:
    """The one line with which opening a folder is refused; "" where it is not."""
    line = ""
    try:
        open_dataset(folder)
    except DataError as error:
        line = str(error)
    assert "\n" not in line
    return line
