"""Small corpora as the scripts read them, and the large ones where they are at hand."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

LARGE = Path(__file__).resolve().parents[3] / "shared" / "corpora"


def write_corpus(
    folder: Path, lengths: Sequence[int], collections: Sequence[str], *, drop: int = 0
) -> tuple[Path, Path]:
    """Articles of the given lengths; texts in another order than vectors, the first ``drop`` left out."""
    articles = np.repeat(np.arange(len(lengths)), lengths)
    chunks = np.concatenate([np.arange(length) for length in lengths])
    vectors = np.random.default_rng(1).standard_normal((len(articles), 4)).astype(np.float16)
    np.savez(
        folder / "vectors.npz",
        vectors=vectors,
        article_indices=articles,
        chunk_indices=chunks,
        article_titles=np.array([f"title {article}" for article in range(len(lengths))]),
        article_collections=np.array(collections),
    )
    records = [
        {"article": int(a), "chunk": int(c), "text": f"text {a} {c}"}
        for a, c in zip(articles, chunks, strict=True)
    ][::-1]
    with gzip.open(folder / "texts.jsonl.gz", "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(record) + "\n" for record in records[drop:])
    return folder / "vectors.npz", folder / "texts.jsonl.gz"


def large_corpus(name: str) -> tuple[Path, Path]:
    """Vectors and texts that the bundled data is made of; the test is skipped where they are not."""
    files = LARGE / f"{name}.npz", LARGE / f"{name}.jsonl.gz"
    if not all(file.is_file() for file in files):
        pytest.skip(f"needs {files[0].name} and {files[1].name}, which are not part of the repository")
    return files
