"""Build the bundled data set: ``python scripts/build_speeches.py VECTORS.npz TEXTS.jsonl.gz OUT.npz``.

VECTORS.npz holds ``vectors`` (N, D), ``article_indices``, ``chunk_indices``, ``article_titles`` and
``article_collections`` (one an article). TEXTS.jsonl.gz holds one JSON object a chunk with the keys
``article``, ``chunk`` and ``text``. The two are joined by (article, chunk); a chunk that only one of
them has is an error.

Splits: inaugural addresses are ood. Of the State of the Union addresses, in their order (by year),
every third one is val and the rest train, so that both hold every era. The same inputs give the
same bytes.
"""

import argparse
import gzip
import json
import sys
from pathlib import Path

import numpy as np

from gatekeeper.data.formats.bank import pack_texts
from gatekeeper.data.formats.npz import Array, open_npz
from gatekeeper.data.formats.npz_writing import npz_bytes
from gates.bank import build_bank
from schemas.disk.atomic import write_bytes
from schemas.errors import DataError, GatekeeperError
from schemas.records.splits import OOD, TRAIN, VAL

IN_DISTRIBUTION, OUT_OF_DISTRIBUTION = "state_union", "inaugural"
EVERY = 3
MAX_BYTES = 10 * 2**20


def main() -> int:
    """Build the file named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("vectors", type=Path)
    parser.add_argument("texts", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    try:
        data = build(arguments.vectors, arguments.texts)
        write_bytes(arguments.out, data)
    except GatekeeperError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{arguments.out}: {len(data)} bytes")
    return 0


def build(vectors_path: Path, texts_path: Path) -> bytes:
    """The bytes of the bundled file.

    Raises:
        DataError: the two inputs do not fit each other, or the result is too large to bundle.
    """
    with open_npz(vectors_path) as npz:
        vectors, articles, chunks, titles, collections = (
            npz.array(key)
            for key in (
                "vectors",
                "article_indices",
                "chunk_indices",
                "article_titles",
                "article_collections",
            )
        )
    texts = read_texts(texts_path)
    pairs = list(zip(articles.tolist(), chunks.tolist(), strict=True))
    if texts.keys() != set(pairs) or len(texts) != len(pairs):
        wrong = sorted(texts.keys() ^ set(pairs))
        raise DataError(f"{len(wrong)} chunk(s) have a vector or a text but not both, first {wrong[:3]}")
    in_order = [texts[pair] for pair in pairs]
    build_bank(vectors, articles, chunks, source=str(vectors_path), texts=in_order)  # validates
    if np.unique(articles).tolist() != list(range(len(collections))):
        raise DataError(f"{vectors_path}: expected a collection for each article 0 to {articles.max()}")
    data = npz_bytes(
        {
            "vectors": vectors,
            "article_indices": articles.astype(np.int32),
            "chunk_indices": chunks.astype(np.int32),
            "article_titles": titles,
            "article_split": np.array(assign_splits(collections)),
            **pack_texts(in_order),
        }
    )
    if len(data) > MAX_BYTES:
        raise DataError(f"the result has {len(data)} bytes, more than the {MAX_BYTES} that are bundled")
    return data


def read_texts(path: Path) -> dict[tuple[int, int], str]:
    """(article, chunk) -> text."""
    texts: dict[tuple[int, int], str] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            pair = (record["article"], record["chunk"])
            if pair in texts:
                raise DataError(f"{path}: article {pair[0]} chunk {pair[1]} occurs twice")
            texts[pair] = record["text"]
    return texts


def assign_splits(collections: Array) -> list[str]:
    """The split of each article; see the module's docstring for the rule."""
    splits: list[str] = []
    seen = 0
    for collection in collections.tolist():
        if collection == OUT_OF_DISTRIBUTION:
            splits.append(OOD)
        elif collection == IN_DISTRIBUTION:
            seen += 1
            splits.append(VAL if seen % EVERY == 0 else TRAIN)
        else:
            raise DataError(f"unknown collection {collection!r}")
    return splits


if __name__ == "__main__":
    sys.exit(main())
