"""A text cut into chunks of whole sentences, each of which knows its place.

Sentences are told by sentencex, which knows the abbreviations of many languages. A chunk takes as many as
fit. A sentence that is longer than a chunk is cut where it is cut best: at the ends of lines, else after
commas and the like, else between words, else within one. Chunks do not overlap: the target of a window would
otherwise begin with words that stand in its context, and whoever repeats those would seem to know something.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gatekeeper.config.extras import from_extra
from gatekeeper.data.documents.paragraphs import Span, paragraph_spans
from gatekeeper.data.documents.words import LONGEST, count_words, cut_run

_CUTS = (
    re.compile(r"\n"),
    re.compile(r"[;:,—–](?=\s)|[、,;:،؛]"),
    re.compile(r"\s"),
)
"""After what a sentence is cut, the best place first."""


@dataclass(frozen=True)
class Chunking:
    """How texts are cut.

    Attributes:
        words: a chunk has at most so many (:func:`~gatekeeper.data.documents.words.count_words`), at least 5.
        language: code of the language whose rules and abbreviations tell sentences, such as ``de``.
    """

    words: int = 50
    language: str = "en"


def chunk_spans(text: str, chunking: Chunking, paragraphs: Iterable[Span] | None = None) -> list[Span]:
    """Where the chunks of a text lie: ``text[start:end]`` is one.

    They are in order, do not overlap and cover the paragraphs but white space. None has more words than
    ``chunking`` allows, nor more characters than 40 times that.

    Args:
        text: the text.
        chunking: how long a chunk is.
        paragraphs: those that shall be cut, in order; all by default. No chunk spans what lies between two
            of them unless it is white space.

    Raises:
        UsageError: sentencex is not installed.

    Example:
        >>> text = "Dr. Who came. Nobody knew him, and so on. He left."
        >>> [text[start:end] for start, end in chunk_spans(text, Chunking(words=6))]
        ['Dr. Who came.', 'Nobody knew him, and so on.', 'He left.']
    """
    spans = paragraph_spans(text) if paragraphs is None else paragraphs
    found: list[Span] = []
    words = 0
    for start, end, size in _units(text, chunking, spans):
        if found:
            first, last = found[-1]
            fits = words + size <= chunking.words and end - first <= chunking.words * LONGEST
            if fits and not text[last:start].strip():
                found[-1] = first, end
                words += size
                continue
        found.append((start, end))
        words = size
    return found


def _units(text: str, chunking: Chunking, paragraphs: Iterable[Span]) -> Iterator[tuple[int, int, int]]:
    """Sentences, or parts of those that are too long: first character, the one after the last, and words."""
    with from_extra("sentencex", "documents"):
        from sentencex import segment
    for start, end in paragraphs:
        place = start
        for sentence in segment(chunking.language, text[start:end]):
            after = place + len(sentence)
            yield from _fitting(text, place, after, chunking.words)
            place = after


def _fitting(text: str, start: int, end: int, most: int, level: int = 0) -> Iterator[tuple[int, int, int]]:
    """``text[start:end]`` without the white space around it if a chunk can hold it, else its parts."""
    part = text[start:end]
    start += len(part) - len(part.lstrip())
    part = part.strip()
    end = start + len(part)
    size = count_words(part)
    if not part:
        return
    if size <= most and len(part) <= most * LONGEST:
        yield start, end, size
    elif level < len(_CUTS):
        place = start
        for found in _CUTS[level].finditer(text, start, end):
            yield from _fitting(text, place, found.end(), most, level + 1)
            place = found.end()
        yield from _fitting(text, place, end, most, level + 1)
    else:
        yield from ((first, last, count_words(text[first:last])) for first, last in cut_run(text, start, end))
