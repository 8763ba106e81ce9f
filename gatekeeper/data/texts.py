"""Texts of chunks as JSON lines: an object a line with ``article``, ``chunk``, ``text``, maybe ``title``."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np

from gates.contracts import IntArray
from schemas.errors import DataError

_MAX_LINE = 2**24


@dataclass(frozen=True, eq=False)
class Texts:
    """Chunks as texts, in the order of the file.

    Attributes:
        articles, chunks: (N,). texts: N. titles: article -> title, possibly empty.
    """

    articles: IntArray
    chunks: IntArray
    texts: tuple[str, ...]
    titles: dict[int, str]


def is_texts(path: Path) -> bool:
    """Whether a file is one of texts, by its name (``*.jsonl`` or ``*.jsonl.gz``)."""
    return path.name.endswith((".jsonl", ".jsonl.gz"))


def read_texts(path: Path) -> Texts:
    """Read all lines.

    Raises:
        DataError: the file is missing or broken, or a line is no such object; it names the line.
    """
    articles: list[int] = []
    chunks: list[int] = []
    texts: list[str] = []
    titles: dict[int, str] = {}
    for number, line in _lines(path):
        value = _object(line, path, number)
        article, chunk, text = value.get("article"), value.get("chunk"), value.get("text")
        if (
            type(article) is not int
            or type(chunk) is not int
            or not isinstance(text, str)
            or not text.strip()
        ):
            raise DataError(f"{path} line {number}: expected whole numbers article and chunk, and a text")
        articles.append(article)
        chunks.append(chunk)
        texts.append(text)
        if isinstance(value.get("title"), str):
            titles.setdefault(article, str(value["title"]))
    if not texts:
        raise DataError(f"{path} holds no texts")
    return Texts(np.array(articles, dtype=np.int64), np.array(chunks, dtype=np.int64), tuple(texts), titles)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with _open(path) as file:
            number = 0
            while line := file.readline(_MAX_LINE):
                number += 1
                if line.strip():
                    yield number, line
    except (OSError, EOFError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise DataError(f"cannot read {path}: {why}") from None


def _open(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _object(line: bytes, path: Path, number: int) -> dict[str, object]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise DataError(f"{path} line {number}: expected a JSON object") from None
    if not isinstance(value, dict):
        raise DataError(f"{path} line {number}: expected a JSON object, found {type(value).__name__}")
    return value
