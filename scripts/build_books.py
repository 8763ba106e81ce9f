"""Build ``bundled:books``: ``python -m scripts.build_books VECTORS.npz TEXTS.jsonl.gz OUT.npz``.

The inputs are a corpus (``scripts/corpus.py``) whose articles are chapters and whose collections are
books. Of each chapter of 30 chunks and more the first 66 are kept; shorter ones are left out.

- The five books with the most such chapters (of equal ones the longer book): ood is the last 15% of each
  book's chapters, val as many drawn from the rest, train the others.
- ``strangers``: ten chapters each, drawn, of the four books with the most such chapters whose author
  wrote none of the others. Knowing a book, or how somebody writes, does not help there.

The same inputs give the same bytes.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np

from schemas.errors import DataError
from schemas.records.splits import OOD, TRAIN, VAL
from scripts.corpus import Corpus, bundle, read_corpus, run

LEAST_CHUNKS, MOST_CHUNKS = 30, 66
BOOKS, STRANGE_BOOKS, STRANGE_CHAPTERS = 5, 4, 10
OOD_PERCENT = 15
STRANGERS = "strangers"
SEED = 16
MAX_BYTES = 16_000_000

NOVELS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "pg1259.txt": ("Twenty Years After", "Dumas"),
        "pg145.txt": ("Middlemarch", "Eliot"),
        "4085-0.txt": ("Roderick Random", "Smollett"),
        "pg1342.txt": ("Pride and Prejudice", "Austen"),
        "2701-0.txt": ("Moby-Dick", "Melville"),
        "pg6761.txt": ("Ferdinand Count Fathom", "Smollett"),
        "98-0.txt": ("A Tale of Two Cities", "Dickens"),
        "pg345.txt": ("Dracula", "Stoker"),
        "pg84.txt": ("Frankenstein", "Shelley"),
        "pg16389.txt": ("The Enchanted April", "von Arnim"),
    }
)
"""Collection -> title and author, of all books that are long enough to be asked for."""


def build(vectors_path: Path, texts_path: Path) -> bytes:
    """The bytes of the bundled file.

    Raises:
        DataError: the two inputs do not fit each other, are other books, or the result is too large.
    """
    corpus = read_corpus(vectors_path, texts_path)
    chapters = long_chapters(corpus)
    split_of = assign_splits(chapters)
    kept = sorted(split_of, key=lambda chapter: (split_of[chapter] == STRANGERS, chapter))
    rows = [np.flatnonzero(corpus.articles == chapter)[:MOST_CHUNKS] for chapter in kept]
    titles = [_title(corpus, chapter) for chapter in kept]
    return bundle(
        corpus, np.concatenate(rows), titles, [split_of[chapter] for chapter in kept], most=MAX_BYTES
    )


def long_chapters(corpus: Corpus) -> dict[str, list[int]]:
    """Book -> its chapters that are long enough, in their order; the book with the most comes first."""
    lengths = np.bincount(corpus.articles)
    whole: dict[str, int] = {}
    found: dict[str, list[int]] = {}
    for chapter, book in enumerate(corpus.collections):
        whole[book] = whole.get(book, 0) + int(lengths[chapter])
        found.setdefault(book, []).extend([chapter] if lengths[chapter] >= LEAST_CHUNKS else [])
    order = sorted(found, key=lambda book: (-len(found[book]), -whole[book]))
    return {book: found[book] for book in order}


def assign_splits(chapters: Mapping[str, Sequence[int]]) -> dict[int, str]:
    """The split of each chapter that is kept; see the module's docstring for the rule."""
    draw = np.random.default_rng(SEED)
    split_of: dict[int, str] = {}
    books = list(chapters)[:BOOKS]
    for book in books:
        own = chapters[book]
        late = len(own) * OOD_PERCENT // 100
        first = len(own) - late
        split_of |= dict.fromkeys(own[:first], TRAIN) | dict.fromkeys(own[first:], OOD)
        split_of |= dict.fromkeys(_drawn(own[:first], late, draw), VAL)
    for book in _of_other_authors(chapters, books):
        split_of |= dict.fromkeys(_drawn(chapters[book], STRANGE_CHAPTERS, draw), STRANGERS)
    return split_of


def _of_other_authors(chapters: Mapping[str, Sequence[int]], known: Sequence[str]) -> list[str]:
    authors = {_novel(book)[1] for book in known}
    found: list[str] = []
    for book in chapters:
        if len(found) == STRANGE_BOOKS:
            break
        if book not in known and _novel(book)[1] not in authors:
            found.append(book)
            authors.add(_novel(book)[1])
    return found


def _novel(book: str) -> tuple[str, str]:
    """Title and author.

    Raises:
        DataError: it is none of the books that this is about.
    """
    if book not in NOVELS:
        raise DataError(f"unknown book {book!r}; its title and author belong into NOVELS")
    return NOVELS[book]


def _drawn(chapters: Sequence[int], count: int, draw: np.random.Generator) -> list[int]:
    return [chapters[place] for place in draw.choice(len(chapters), size=count, replace=False)]


def _title(corpus: Corpus, chapter: int) -> str:
    """E.g. ``Middlemarch #12``: the place among all pieces of the book, short ones too, from 1 on."""
    book = corpus.collections[chapter]
    return f"{_novel(book)[0]} #{chapter - corpus.collections.index(book) + 1}"


if __name__ == "__main__":
    sys.exit(run(build, __doc__, sys.argv[1:]))
