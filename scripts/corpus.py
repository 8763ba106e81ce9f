"""A corpus as two files, vectors and texts, of which bundled data is built.

VECTORS.npz holds ``vectors`` (N, D), ``article_indices``, ``chunk_indices``, ``article_titles`` and
``article_collections`` (one an article; articles are numbered from 0). TEXTS.jsonl.gz holds one JSON
object a chunk with the keys ``article``, ``chunk`` and ``text``. The two are joined by (article, chunk);
a chunk that only one of them has is an error.
"""

import argparse
import gzip
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gatekeeper.data.formats.bank import pack_texts
from gatekeeper.data.formats.npz import Array, open_npz
from gatekeeper.data.formats.npz_writing import npz_bytes
from gates.bank import build_bank
from schemas.disk.atomic import write_bytes
from schemas.errors import DataError, GatekeeperError

_ARRAYS = ("vectors", "article_indices", "chunk_indices", "article_titles", "article_collections")


@dataclass(frozen=True, eq=False)
class Corpus:
    """A corpus whose vectors and texts belong together.

    Attributes:
        vectors: (N, D) as stored. articles, chunks: (N,).
        texts: one a vector.
        titles, collections: one an article.
    """

    vectors: Array
    articles: Array
    chunks: Array
    texts: Sequence[str]
    titles: Sequence[str]
    collections: Sequence[str]


def read_corpus(vectors_path: Path, texts_path: Path) -> Corpus:
    """Read and join both files.

    Raises:
        DataError: the two do not fit each other, or are no corpus.
    """
    with open_npz(vectors_path) as npz:
        vectors, articles, chunks, titles, collections = map(npz.array, _ARRAYS)
    texts = _read_texts(texts_path)
    pairs = list(zip(articles.tolist(), chunks.tolist(), strict=True))
    if texts.keys() != set(pairs) or len(texts) != len(pairs):
        wrong = sorted(texts.keys() ^ set(pairs))
        raise DataError(f"{len(wrong)} chunk(s) have a vector or a text but not both, first {wrong[:3]}")
    in_order = [texts[pair] for pair in pairs]
    build_bank(vectors, articles, chunks, source=str(vectors_path), texts=in_order)  # validates
    if np.unique(articles).tolist() != list(range(len(collections))):
        raise DataError(f"{vectors_path}: expected a collection for each article 0 to {articles.max()}")
    return Corpus(vectors, articles, chunks, in_order, titles.tolist(), collections.tolist())


def bundle(
    corpus: Corpus, rows: npt.NDArray[np.int64], titles: Sequence[str], splits: Sequence[str], *, most: int
) -> bytes:
    """The bytes of a bundled file; the same ones for the same arguments.

    Args:
        corpus: where the chunks are from.
        rows: (n,) those that are kept; the articles are numbered anew, in the order in which they come.
        titles: one an article that is kept.
        splits: likewise.
        most: bytes that may be bundled.

    Raises:
        DataError: the result is larger.
    """
    starts = np.diff(corpus.articles[rows], prepend=-1) != 0
    data = npz_bytes(
        {
            "vectors": corpus.vectors[rows],
            "article_indices": (np.cumsum(starts) - 1).astype(np.int32),
            "chunk_indices": corpus.chunks[rows].astype(np.int32),
            "article_titles": np.array(titles),
            "article_split": np.array(splits),
            **pack_texts([corpus.texts[row] for row in rows.tolist()]),
        }
    )
    if len(data) > most:
        raise DataError(f"the result has {len(data)} bytes, more than the {most} that are bundled")
    return data


def run(build: Callable[[Path, Path], bytes], description: str | None, arguments: Sequence[str]) -> int:
    """A script: build the file that its command line names, from the two that it names before."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("vectors", "texts", "out"):
        parser.add_argument(name, type=Path)
    given = parser.parse_args(arguments)
    try:
        data = build(given.vectors, given.texts)
        write_bytes(given.out, data)
    except GatekeeperError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{given.out}: {len(data)} bytes")
    return 0


def _read_texts(path: Path) -> dict[tuple[int, int], str]:
    """(article, chunk) -> text."""
    texts: dict[tuple[int, int], str] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            record: dict[str, Any] = json.loads(line)
            pair = (record["article"], record["chunk"])
            if pair in texts:
                raise DataError(f"{path}: article {pair[0]} chunk {pair[1]} occurs twice")
            texts[pair] = record["text"]
    return texts
