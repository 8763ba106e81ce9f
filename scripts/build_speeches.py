"""Build ``bundled:speeches``: ``python -m scripts.build_speeches VECTORS.npz TEXTS.jsonl.gz OUT.npz``.

The inputs are a corpus (``scripts/corpus.py``). Splits: inaugural addresses are ood. Of the State of the
Union addresses, in their order (by year), every third one is val and the rest train, so that both hold
every era. The same inputs give the same bytes.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from schemas.errors import DataError
from schemas.records.splits import OOD, TRAIN, VAL
from scripts.corpus import bundle, read_corpus, run

IN_DISTRIBUTION, OUT_OF_DISTRIBUTION = "state_union", "inaugural"
EVERY = 3
MAX_BYTES = 10 * 2**20


def build(vectors_path: Path, texts_path: Path) -> bytes:
    """The bytes of the bundled file.

    Raises:
        DataError: the two inputs do not fit each other, or the result is too large to bundle.
    """
    corpus = read_corpus(vectors_path, texts_path)
    splits = assign_splits(corpus.collections)
    return bundle(corpus, np.arange(len(corpus.articles)), corpus.titles, splits, most=MAX_BYTES)


def assign_splits(collections: Iterable[str]) -> list[str]:
    """The split of each article; see the module's docstring for the rule."""
    splits: list[str] = []
    seen = 0
    for collection in collections:
        if collection == OUT_OF_DISTRIBUTION:
            splits.append(OOD)
        elif collection == IN_DISTRIBUTION:
            seen += 1
            splits.append(VAL if seen % EVERY == 0 else TRAIN)
        else:
            raise DataError(f"unknown collection {collection!r}")
    return splits


if __name__ == "__main__":
    sys.exit(run(build, __doc__, sys.argv[1:]))
