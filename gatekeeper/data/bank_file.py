"""Bank files: all chunk vectors of a corpus in one ``.npz``.

========================================  =====================================================
array                                     meaning
========================================  =====================================================
``vectors`` or ``embeddings`` (N, D)      float16, float32 or float64, any row length but zero
``article_indices`` or ``article_ids``    (N,) integers of any width, or text
``chunk_indices`` (N,)                    integers; optional, see below
``concept_texts`` (N,)                    optional texts, as text or as an object array of text
``texts_utf8``, ``text_offsets``          optional texts, joined: text i is bytes
                                          ``text_offsets[i]`` to ``text_offsets[i + 1]``
``article_titles``                        optional, one a row, one an article (ascending), or
                                          indexed by article
========================================  =====================================================

Old banks may lack ``chunk_indices``. Their rows are then numbered in file order inside each article,
which is only right if the rows of an article lie together; where they do not, the file is refused.
"""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gatekeeper.data.article_column import read_articles
from gatekeeper.data.npz import Array, Npz, npz_bytes, open_npz
from gates.article_ids import Numbered, id_array
from gates.bank import build_bank
from gates.contracts import ArticleId, Bank, IntArray
from schemas.atomic import write_bytes
from schemas.errors import DataError

VECTORS = ("vectors", "embeddings")
ARTICLES = ("article_indices", "article_ids")


def read_bank(path: Path, *, source: str | None = None) -> Bank:
    """Read, validate, sort and normalise a bank.

    Args:
        path: a bank file.
        source: how messages and reports call it; the path by default.

    Raises:
        DataError: the file is missing, broken or misses an array, or its content is no bank
            (see :func:`gates.bank.build_bank`).
    """
    with open_npz(path) as npz:
        vectors = npz.array(_key(npz, VECTORS))
        articles = read_articles(npz, _key(npz, ARTICLES))
        chunks = (
            npz.array("chunk_indices") if npz.pick("chunk_indices") else _number_chunks(articles, npz.source)
        )
        return build_bank(
            vectors,
            articles,
            chunks,
            source=source or str(path),
            texts=_read_texts(npz, len(articles.numbers)),
            titles=_read_titles(npz, articles),
        )


def write_bank(path: Path, bank: Bank, *, extra: Mapping[str, Array] | None = None) -> None:
    """Write a bank that :func:`read_bank` reads back; equal banks give equal bytes.

    Args:
        path: file to write, atomically.
        bank: the bank.
        extra: further arrays to store.

    Raises:
        OutputError: the file cannot be written.
    """
    write_bytes(path, npz_bytes(bank_arrays(bank) | dict(extra or {})))


def bank_arrays(bank: Bank) -> dict[str, Array]:
    """The arrays of a bank file."""
    arrays: dict[str, Array] = {
        "vectors": bank.vectors,
        "article_indices": id_array(bank),
        "chunk_indices": bank.chunks,
    }
    if bank.texts is not None:
        arrays |= pack_texts(bank.texts)
    if bank.titles:
        numbers = np.unique(bank.articles).tolist()
        arrays["article_titles"] = np.array([bank.titles.get(number, "") for number in numbers])
    return arrays


def pack_texts(texts: Sequence[str]) -> dict[str, Array]:
    """Texts as one array of UTF-8 bytes and one of offsets.

    A numpy text array would spend four bytes a character on the longest text for every text.

    Example:
        >>> pack_texts(["a", "bc"])["text_offsets"].tolist()
        [0, 1, 3]
    """
    encoded = [text.encode("utf-8") for text in texts]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    return {"texts_utf8": np.frombuffer(b"".join(encoded), dtype=np.uint8), "text_offsets": offsets}


def _key(npz: Npz, names: tuple[str, str]) -> str:
    name = npz.pick(*names)
    if name is None:
        raise DataError(
            f"{npz.source}: a bank needs an array {names[0]!r} (or {names[1]!r}); "
            f"found {', '.join(npz.keys) or 'none'}"
        )
    return name


def _number_chunks(articles: Numbered, source: str) -> IntArray:
    """0, 1, 2, ... inside each article, in file order."""
    numbers = articles.numbers
    starts = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1]))
    if len(starts) != len(np.unique(numbers)):
        found, counts = np.unique(numbers[starts], return_counts=True)
        raise DataError(
            f"{source}: there is no array 'chunk_indices' and the rows of article "
            f"{articles.id_of(int(found[counts > 1][0]))} do not lie together, so the order of its chunks is "
            "unknown; add chunk_indices"
        )
    lengths = np.diff(np.append(starts, len(numbers)))
    return np.arange(len(numbers), dtype=np.int64) - np.repeat(starts, lengths)


def _read_texts(npz: Npz, rows: int) -> list[str] | None:
    if npz.pick("texts_utf8"):
        return _unpack_texts(npz.array("texts_utf8"), npz.array("text_offsets"), rows, npz.source)
    if npz.pick("concept_texts"):
        return _all_text(npz.objects("concept_texts"), "concept_texts", npz.source)
    return None


def _unpack_texts(data: Array, offsets: Array, rows: int, source: str) -> list[str]:
    fits = (
        data.dtype == np.uint8
        and data.ndim == 1
        and offsets.shape == (rows + 1,)
        and np.issubdtype(offsets.dtype, np.integer)
    )
    bounds = offsets.tolist() if fits else [-1]
    if bounds[0] != 0 or bounds[-1] != len(data) or any(b < a for a, b in itertools.pairwise(bounds)):
        raise DataError(f"{source}: text_offsets must be {rows + 1} ascending offsets into texts_utf8")
    joined = data.tobytes()
    try:
        return [joined[low:high].decode("utf-8") for low, high in itertools.pairwise(bounds)]
    except UnicodeDecodeError as error:
        raise DataError(f"{source}: texts_utf8 is not UTF-8 ({error.reason}); write the file again") from None


def _read_titles(npz: Npz, articles: Numbered) -> dict[ArticleId, str]:
    if not npz.pick("article_titles"):
        return {}
    titles = _all_text(npz.objects("article_titles"), "article_titles", npz.source)
    ids = [articles.id_of(number) for number in np.unique(articles.numbers).tolist()]
    if len(titles) == len(ids):
        return dict(zip(ids, titles, strict=True))
    if len(titles) == len(articles.numbers):
        rows = (articles.id_of(number) for number in articles.numbers.tolist())
        return dict(zip(rows, titles, strict=True))
    numbers = [each for each in ids if isinstance(each, int)]
    if numbers and numbers[0] >= 0 and len(titles) > numbers[-1]:
        return {number: titles[number] for number in numbers}
    raise DataError(
        f"{npz.source}: article_titles must hold one title an article ({len(ids)}) or a row "
        f"({len(articles.numbers)}); found {len(titles)}"
    )


def _all_text(items: list[object], name: str, source: str) -> list[str]:
    texts = [item for item in items if isinstance(item, str)]
    if len(texts) != len(items):
        found = next(item for item in items if not isinstance(item, str))
        raise DataError(f"{source}: {name} must hold text only; found {type(found).__name__}")
    return texts
