"""Whole documents to chunks, without what repeats over them."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np

from gatekeeper.data.documents.boilerplate import Boilerplate, find_boilerplate
from gatekeeper.data.documents.chunker import Chunking, chunk_spans
from gatekeeper.data.documents.paragraphs import Span, paragraph_spans
from gatekeeper.data.formats.spilled import Spilled
from gatekeeper.data.formats.texts import Texts
from gates.article_ids import Numbered
from gates.contracts import ArticleIds, IntArray
from gates.packed_texts import Packer
from schemas.errors import DataError
from schemas.text import printable

_EXAMPLE = 60


@dataclass(frozen=True)
class Cutting:
    """How documents are cut.

    Attributes:
        chunking: how long a chunk is.
        keep_boilerplate: whether what repeats over documents stays.
    """

    chunking: Chunking = field(default_factory=Chunking)
    keep_boilerplate: bool = False


def cut_texts(texts: Texts, cutting: Cutting, *, source: str) -> Texts:
    """Cut whole documents into chunks; ``places`` of the result says where each lies in its document's text.

    Args:
        texts: whole documents.
        cutting: how.
        source: where they are from, for messages.

    Raises:
        DataError: nothing is left of them.
        UsageError: sentencex is not installed.
    """
    nothing = Boilerplate(frozenset(), 0)
    boilerplate = nothing if cutting.keep_boilerplate else find_boilerplate(texts.texts)
    left_out = _LeftOut(boilerplate)
    packer = Packer(Spilled())
    rows, chunks, places = array("q"), array("q"), array("q")
    for row, text in enumerate(texts.texts):
        spans = chunk_spans(text, cutting.chunking, left_out.kept(text))
        packer.add(text[start:end] for start, end in spans)
        rows.extend([row] * len(spans))
        chunks.extend(range(len(spans)))
        for span in spans:
            places.extend(span)
    if not rows:
        raise DataError(
            f"{source}: nothing is left of its {len(texts.texts)} documents without what repeats over at "
            f"least {boilerplate.documents} of them; --keep-boilerplate keeps that"
        )
    documents = np.frombuffer(rows, dtype=np.int64)
    articles, kept = _numbered(texts.articles, documents)
    named = set(articles.ids) if articles.ids is not None else set(articles.numbers.tolist())
    return replace(
        texts,
        articles=articles,
        chunks=np.frombuffer(chunks, dtype=np.int64),
        texts=packer.packed(),
        titles={article: title for article, title in texts.titles.items() if article in named},
        notes=(*texts.notes, *left_out.notes(source, len(texts.texts), len(kept))),
        columns={name: tuple(values[place] for place in kept) for name, values in texts.columns.items()},
        whole=False,
        places=np.frombuffer(places, dtype=np.int64).reshape(-1, 2),
    )


def _numbered(articles: Numbered, documents: IntArray) -> tuple[Numbered, list[int]]:
    """Articles of chunks by those of their documents, and which of the distinct ones are left."""
    distinct = np.unique(articles.numbers)
    numbers = articles.numbers[documents]
    left = np.unique(numbers)
    kept: list[int] = np.searchsorted(distinct, left).tolist()
    if articles.ids is None:
        return Numbered(numbers, None), kept
    ids = cast(ArticleIds, tuple(articles.ids[number] for number in left.tolist()))
    return Numbered(np.searchsorted(left, numbers), ids), kept


class _LeftOut:
    """Counts what is left out, as the texts go by."""

    def __init__(self, boilerplate: Boilerplate) -> None:
        self._boilerplate = boilerplate
        self._paragraphs = self._documents = self._characters = self._all = 0
        self._example = ""

    def kept(self, text: str) -> Iterator[Span]:
        """The paragraphs of a text that do not repeat over documents."""
        before = self._paragraphs
        for start, end in paragraph_spans(text):
            paragraph = text[start:end]
            self._all += len(paragraph)
            if paragraph in self._boilerplate:
                self._paragraphs += 1
                self._characters += len(paragraph)
                self._example = self._example or " ".join(paragraph.split())
            else:
                yield start, end
        self._documents += self._paragraphs > before

    def notes(self, source: str, documents: int, left: int) -> Iterator[str]:
        """What a user should know."""
        if not self._paragraphs:
            return
        short = self._example[:_EXAMPLE] + ("..." if len(self._example) > _EXAMPLE else "")
        yield (
            f"{source}: {len(self._boilerplate.keys)} paragraph(s) repeat over at least "
            f"{self._boilerplate.documents} documents and are left out, such as {printable(short)!r}: "
            f"{self._characters / self._all:.1%} of the text of {self._documents} document(s); "
            "--keep-boilerplate keeps them"
        )
        if left < documents:
            yield f"{source}: {documents - left} document(s) hold nothing else and are left out"
