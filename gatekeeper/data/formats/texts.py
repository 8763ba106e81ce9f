"""Texts of chunks as JSON lines: an object a line with ``article``, ``chunk``, ``text``, maybe ``title``."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gatekeeper.data.formats.jsonl import read_objects
from gatekeeper.data.formats.repair import Repairs, is_missing
from gates.article_ids import Numbered, check_id, number_distinct, refuse_mixed
from gates.contracts import ArticleId, IntArray
from gates.packed_texts import Packer
from schemas.errors import DataError

_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True, eq=False)
class Texts:
    """Chunks as texts, in the order of the file.

    Attributes:
        articles: of each of the N chunks. chunks: (N,) place of each in its article.
        texts: N, decoded when they are asked for.
        titles: article id -> title, possibly empty.
        notes: what a user should know about them, one sentence each.
        columns: what else is known of the articles (metadata, dates, file names): name -> a value for each
            distinct article, in the ascending order of their numbers; None where there is none.
        whole: whether each text is a whole document (one an article, chunk 0) that is yet to be cut into
            chunks.
    """

    articles: Numbered
    chunks: IntArray
    texts: Sequence[str]
    titles: dict[ArticleId, str]
    notes: tuple[str, ...]
    columns: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    whole: bool = False


def is_texts(path: Path) -> bool:
    """Whether a file is one of texts, by its name (``*.jsonl`` or ``*.jsonl.gz``)."""
    return path.name.endswith((".jsonl", ".jsonl.gz"))


def read_texts(path: Path) -> Texts:
    """Read all lines.

    A text that is missing, null or empty is kept as an empty one; halves of characters and NUL are replaced.

    Raises:
        DataError: the file is missing or broken, or a line is no such object; it names the line.
    """
    places: dict[ArticleId, int] = {}
    articles, chunks, packer = array("q"), array("q"), Packer()
    titles: dict[ArticleId, str] = {}
    repairs, other = Repairs(), Repairs()
    keys: dict[str, object] = {}
    for number, value in read_objects(path):
        keys = value
        where = f"{path} line {number}"
        article = check_id(value.get("article"), f"{where}: article")
        if article not in places:
            _refuse_other_kind(article, places, where)
        articles.append(places.setdefault(article, len(places)))
        chunks.append(_chunk(value.get("chunk"), where))
        packer.add([repairs.text(_text(value.get("text"), where))])
        title = value.get("title")
        if isinstance(title, str) and article not in titles:
            titles[article] = other.text(title)
    if repairs.empty == len(chunks):
        raise DataError(f"{path} holds no texts; {_advice(keys)}")
    ranked = number_distinct(list(places), source=str(path))
    return Texts(
        Numbered(ranked.numbers[np.frombuffer(articles, dtype=np.int64)], ranked.ids),
        np.frombuffer(chunks, dtype=np.int64),
        packer.packed(),
        {_as_ranked(article, ranked): title for article, title in titles.items()},
        repairs.told(str(path)),
    )


def _as_ranked(article: ArticleId, ranked: Numbered) -> ArticleId:
    """The id as the bank will have it: integers beyond 64 bits are text there."""
    return str(article) if ranked.ids is not None and isinstance(ranked.ids[0], str) else article


def _refuse_other_kind(article: ArticleId, known: dict[ArticleId, int], where: str) -> None:
    first = next(iter(known), article)
    if isinstance(first, str) and not isinstance(article, str):
        refuse_mixed(article, first, where)
    if isinstance(article, str) and not isinstance(first, str):
        refuse_mixed(first, article, where)


def _chunk(value: object, where: str) -> int:
    if type(value) is not int or value not in _INT64:
        raise DataError(
            f"{where}: chunk, the place in the article, must be a whole number of 64 bits; found "
            f"{str(value)[:40]!r}"
        )
    return value


def _text(value: object, where: str) -> str | None:
    if isinstance(value, str):
        return value
    if not is_missing(value):
        raise DataError(f"{where}: text must be text; found {type(value).__name__} {str(value)[:40]!r}")
    return None


def _advice(keys: dict[str, object]) -> str:
    if not keys:
        return "expected an object a line with article, chunk and text"
    shown = ", ".join(repr(key[:40]) for key in list(keys)[:10])
    return f"expected an object a line with article, chunk and text, found the keys {shown}"
