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

The order of chunks may have another of the names in :data:`gatekeeper.config.bank_keys.CHUNKS`,
and any array can be named by :class:`~gatekeeper.config.bank_keys.BankKeys`. Old banks may have no
order. Their rows are then
numbered in file order inside each article, which is only right if the rows of an article lie together;
where they do not, the file is refused (:mod:`gatekeeper.data.formats.chunk_order`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gatekeeper.config.bank_keys import ARTICLES, JOINED, OFFSETS, TEXTS, TITLES, VECTORS, BankKeys
from gatekeeper.data.formats.article_column import read_articles
from gatekeeper.data.formats.chunk_order import find_chunk_key, read_chunks
from gatekeeper.data.formats.npz import Array, Npz, open_npz
from gatekeeper.data.formats.npz_writing import npz_bytes
from gatekeeper.data.formats.repair import Repairs
from gatekeeper.data.formats.sequence_labels import CONTEXTS
from gates.article_ids import Numbered, id_array
from gates.bank import build_bank
from gates.contracts import ArticleId, Bank
from gates.packed_texts import PackedTexts
from schemas.disk.atomic import write_bytes
from schemas.errors import DataError

_ROW = 160  # bytes a bank needs for the numbers of a row, while it is built
_WIDEST = 2**20
_IS_SPLIT = "these are sequences: name them with --train, --val or --ood, and their bank with --bank"


@dataclass(frozen=True, eq=False)
class BankFile:
    """A bank that was read.

    Attributes:
        bank: the bank.
        notes: what a user should know about the file, one sentence each.
        columns: what else is known of its articles: name -> a value for each distinct one, in the order of
            the bank; None where there is none.
    """

    bank: Bank
    notes: tuple[str, ...]
    columns: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)


def read_bank(path: Path, *, source: str | None = None, keys: BankKeys | None = None) -> Bank:
    """Read, validate, sort and normalise a bank; :func:`read_bank_file` without the notes."""
    return read_bank_file(path, source=source, keys=keys).bank


def read_bank_file(path: Path, *, source: str | None = None, keys: BankKeys | None = None) -> BankFile:
    """Read, validate, sort and normalise a bank.

    Args:
        path: a bank file.
        source: how messages and reports call it; the path by default.
        keys: what its arrays are called, where their names are not the known ones.

    Raises:
        DataError: the file is missing, broken, misses an array or asks for more memory than its size
            warrants, or its content is no bank (see :func:`gates.bank.build_bank`).
    """
    keys, repairs = keys or BankKeys(), Repairs()
    with open_npz(path) as npz:
        names = find_arrays(npz, keys)
        vectors = npz.array(names.vectors)
        articles = read_articles(npz, names.articles)
        chunks, notes = read_chunks(npz, articles, names.chunks, keys)
        bank = build_bank(
            vectors,
            articles,
            chunks,
            source=source or str(path),
            texts=_read_texts(npz, len(articles.numbers), keys, repairs),
            titles=_read_titles(npz, articles),
        )
    return BankFile(bank, (*notes, *repairs.told(str(path))))


@dataclass(frozen=True)
class BankArrays:
    """Which arrays of a file hold the bank; ``chunks`` is None where the order of the file counts."""

    vectors: str
    articles: str
    chunks: str | None


def find_arrays(npz: Npz, keys: BankKeys) -> BankArrays:
    """Find the arrays of a bank and check what they declare, before any is read.

    Raises:
        DataError: one is missing, they do not fit each other, or they ask for too much memory.
    """
    vectors = _find(npz, VECTORS, keys.vectors, "--vectors-key")
    articles = _find(npz, ARTICLES, keys.articles, "--article-key")
    header = npz.header(vectors)
    if len(npz.header(articles).shape) != 1:
        raise DataError(
            f"{npz.source}: article indices must be one-dimensional; found {npz.header(articles).shape}"
        )
    if len(header.shape) != 2 or header.dtype.kind not in "fiu":
        why = ", which is not read because it could run code" if header.dtype.kind == "O" else ""
        raise DataError(
            f"{npz.source}: vectors must be a float matrix (chunks, width); found {header.dtype} "
            f"{header.shape}{why}"
        )
    rows, width = header.shape
    if not rows or not width:
        raise DataError(
            f"{npz.source}: the bank is empty (shape {header.shape}); it needs at least one chunk"
        )
    if width > _WIDEST:
        raise DataError(f"{npz.source}: its vectors have width {width}; at most {_WIDEST} is read")
    npz.check_rows(articles, rows, "article indices")
    npz.allowance.spend(rows * (4 * width + _ROW), f"a bank of {rows} vectors of width {width}")
    return BankArrays(vectors, articles, find_chunk_key(npz, rows, keys))


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
    joined, lengths = bytearray(), np.zeros(len(texts) + 1, dtype=np.int64)
    for row, text in enumerate(texts, start=1):
        encoded = text.encode("utf-8")
        joined += encoded
        lengths[row] = len(encoded)
    return {JOINED: np.frombuffer(joined, dtype=np.uint8), OFFSETS: np.cumsum(lengths)}


def _find(npz: Npz, known: tuple[str, str], named: str | None, flag: str) -> str:
    if named is not None:
        return npz.require(named, flag=flag)
    name = npz.pick(*known)
    if name is None:
        raise DataError(
            f"{npz.source}: a bank needs an array {known[0]!r} (or {known[1]!r}); found {npz.listed}; "
            + (_IS_SPLIT if npz.pick(*CONTEXTS) else f"if it has another name, {flag} says which")
        )
    return name


def _read_texts(npz: Npz, rows: int, keys: BankKeys, repairs: Repairs) -> PackedTexts | None:
    name = npz.pick(JOINED, TEXTS) if keys.texts is None else npz.require(keys.texts, flag="--text-key")
    if name is None:
        return None
    if name == JOINED:
        return _joined_texts(npz, rows)
    shape = npz.header(name).shape
    if shape != (rows,):
        raise DataError(f"{npz.source}: expected {rows} texts, one a vector; found {name} {shape}")
    return npz.texts(name, repairs)


def _joined_texts(npz: Npz, rows: int) -> PackedTexts:
    data, offsets = npz.header(JOINED), npz.header(OFFSETS)
    fits = (
        data.dtype == np.uint8
        and len(data.shape) == 1
        and offsets.shape == (rows + 1,)
        and offsets.dtype.kind in "iu"
    )
    bounds = npz.array(OFFSETS).astype(np.int64) if fits else np.full(1, -1)
    if bounds[0] != 0 or bounds[-1] != data.shape[0] or (bounds[1:] < bounds[:-1]).any():
        raise DataError(f"{npz.source}: {OFFSETS} must be {rows + 1} ascending offsets into {JOINED}")
    texts = PackedTexts(npz.array(JOINED).astype(np.uint8, copy=False), bounds[:-1], bounds[1:])
    try:
        texts.check()
    except UnicodeDecodeError as error:
        raise DataError(
            f"{npz.source}: {JOINED} is not UTF-8 ({error.reason}); write the file again"
        ) from None
    return texts


def _read_titles(npz: Npz, articles: Numbered) -> dict[ArticleId, str]:
    if not npz.pick(TITLES):
        return {}
    titles = npz.texts(TITLES, Repairs())
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
