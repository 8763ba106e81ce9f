"""What a sequence file holds: copied contexts and targets, and labels that say where they come from.

Contexts (N, L, D) and targets (N, D) have one of the names in :data:`CONTEXTS` and :data:`TARGETS`. The
labels of a target are the article and the chunk index inside it, in either of two styles:

=====================================================  ================================================
arrays, such as ``article_ids`` and                    (N,) integers each; :data:`ARTICLE_LABELS` and
``target_indices``                                     :data:`CHUNK_LABELS` are the names they may have
``metadata``                                           (N,), an object array of dicts, e.g. with
                                                       ``article_index`` and ``target_chunk_index``
=====================================================  ================================================

Where a file has both, the arrays count: writers put a summary of the file into ``metadata`` too.
``p6_offset``, an array or a key of the metadata, states a horizon of 1 + p6_offset.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gatekeeper.config.bank_keys import VECTORS
from gatekeeper.data.formats.article_column import read_articles
from gatekeeper.data.formats.npz import Array, Npz
from gates.article_ids import Numbered, number_articles
from gates.contracts import Bank, FloatArray, IntArray
from schemas.errors import DataError

CONTEXTS = ("context_sequences", "contexts", "context", "X")
TARGETS = ("target_vectors", "targets", "target", "y")
ARTICLE_LABELS = ("article_ids", "article_id", "article_indices", "article_index")
CHUNK_LABELS = ("target_indices", "target_idx", "target_index", "target_chunk_indices", "target_chunk_index")

_LONGEST = 1000  # chunks of a context
_SEQUENCE = 160  # bytes that the labels of a sequence need, while it is looked up


@dataclass(frozen=True, eq=False)
class Labels:
    """Where the targets of a file come from.

    Attributes:
        articles: of each target, numbered as the file's own ids ask for.
        chunks: (N,) of each target.
        offset: the P6 offset that the file states, or None.
        notes: what a user should know about the labels, one sentence each.
    """

    articles: Numbered
    chunks: IntArray
    offset: int | None
    notes: tuple[str, ...]


def vector_keys(npz: Npz) -> tuple[str, str]:
    """Names of the arrays of contexts and targets.

    Raises:
        DataError: one is missing.
    """
    found = npz.pick(*CONTEXTS), npz.pick(*TARGETS)
    if found[0] is None or found[1] is None:
        hint = "; this is a bank: name it with --bank" if npz.pick(*VECTORS) else ""
        raise DataError(
            f"{npz.source}: a sequence file needs {' or '.join(CONTEXTS[:2])}, and "
            f"{' or '.join(TARGETS[:2])}; found {npz.listed}{hint}"
        )
    return found[0], found[1]


def check_shapes(npz: Npz, contexts: str, targets: str, bank: Bank) -> tuple[int, int]:
    """N and L.

    Raises:
        DataError: the arrays do not fit each other or the bank, or there are no sequences.
    """
    shape, target_shape = npz.header(contexts).shape, npz.header(targets).shape
    if len(shape) != 3 or len(target_shape) != 2 or target_shape != (shape[0], shape[2]):
        raise DataError(
            f"{npz.source}: expected {contexts} (N, L, D) and {targets} (N, D); found {shape} and "
            f"{target_shape}"
        )
    if shape[0] == 0 or shape[1] == 0:
        raise DataError(f"{npz.source}: the file holds no sequences ({contexts} has shape {shape})")
    if shape[2] != bank.dimension:
        raise DataError(
            f"{npz.source}: its vectors have width {shape[2]}, those of the bank {bank.source} "
            f"{bank.dimension}; name the bank it was made from"
        )
    for key in (contexts, targets):
        if npz.header(key).dtype.kind != "f":
            raise DataError(f"{npz.source}: {key} must hold floats; found {npz.header(key).dtype}")
    _count_cost(npz, contexts, targets)
    return shape[0], shape[1]


def _count_cost(npz: Npz, contexts: str, targets: str) -> None:
    """Refuse what would take too much memory or time, before anything is read."""
    headers = [npz.header(key) for key in (contexts, targets)]
    count, length, width = headers[0].shape
    if length > _LONGEST:
        raise DataError(f"{npz.source}: its contexts have {length} chunks; at most {_LONGEST} are read")
    npz.allowance.check_vectors(
        sum(math.prod(header.shape) * header.dtype.itemsize for header in headers), "its sequences"
    )
    npz.allowance.spend(count * _SEQUENCE, f"the labels of {count} sequences")
    npz.allowance.spend(24 * (length + 1) * width, "a single sequence")


def read_labels(npz: Npz, count: int) -> Labels:
    """Article and chunk index of each target, and the stated P6 offset.

    Raises:
        DataError: the labels are missing, too few or no ids and whole numbers, or state several offsets.
    """
    names = npz.pick(*ARTICLE_LABELS), npz.pick(*CHUNK_LABELS)
    notes: tuple[str, ...] = ()
    if names[0] is not None and names[1] is not None:
        shape = npz.header(names[0]).shape
        if shape != (count,):
            raise DataError(f"{npz.source}: expected labels for {count} sequences, found {names[0]} {shape}")
        articles, chunks = read_articles(npz, names[0]), _integers(npz, names[1], count)
        records, notes = _summary(npz)
    elif npz.pick("metadata"):
        records = npz.objects("metadata")
        ids = _fields(records, "article_index", ARTICLE_LABELS, npz.source)
        articles = number_articles(ids, source=f"{npz.source}: metadata")
        chunks = _whole_numbers(records, "target_chunk_index", CHUNK_LABELS, npz.source)
    else:
        raise DataError(
            f"{npz.source}: nothing says where the sequences come from; expected the article and the chunk "
            f"of each target, in {ARTICLE_LABELS[0]} and {CHUNK_LABELS[0]} or in metadata, found {npz.listed}"
        )
    if len(articles.numbers) != count or len(chunks) != count:
        raise DataError(f"{npz.source}: expected labels for {count} sequences, found {len(articles.numbers)}")
    return Labels(articles, chunks, _stated_offset(npz, records), notes)


def _summary(npz: Npz) -> tuple[list[object], tuple[str, ...]]:
    """What stands in the metadata beside label arrays; it may be anything, and nothing depends on it."""
    if not npz.pick("metadata"):
        return [], ()
    try:
        return npz.objects("metadata"), ()
    except DataError as error:
        return [], (f"{error}; the labels are read from the arrays beside it",)


def _fields(records: list[object], key: str, names: tuple[str, ...], source: str) -> list[object]:
    """The value under ``key``, or under the first of ``names`` that is there, in every record."""
    values = []
    for row, record in enumerate(records):
        name = next((each for each in (key, *names) if isinstance(record, dict) and each in record), None)
        if name is None or not isinstance(record, dict):
            raise DataError(f"{source}: metadata row {row} must be a dict with {key!r}")
        values.append(record[name])
    return values


def _whole_numbers(records: list[object], key: str, names: tuple[str, ...], source: str) -> IntArray:
    values = np.empty(len(records), dtype=np.int64)
    for row, value in enumerate(_fields(records, key, names, source)):
        if type(value) is not int or abs(value) >= 2**62:
            raise DataError(f"{source}: metadata row {row} must be a dict with the whole number {key!r}")
        values[row] = value
    return values


def _integers(npz: Npz, key: str, count: int) -> IntArray:
    header = npz.header(key)
    if len(header.shape) != 1 or header.dtype.kind not in "iu":
        raise DataError(
            f"{npz.source}: {key} must be a list of integers; found {header.dtype} {header.shape}"
        )
    if header.shape[0] != count:
        raise DataError(f"{npz.source}: expected labels for {count} sequences, found {header.shape[0]}")
    return npz.array(key).astype(np.int64)


def _stated_offset(npz: Npz, records: list[object]) -> int | None:
    stated: list[object] = []
    if npz.pick("p6_offset"):
        stated += np.unique(npz.array("p6_offset"))[:2].tolist()
    stated += [
        record["p6_offset"] for record in records if isinstance(record, dict) and "p6_offset" in record
    ]
    if not stated:
        return None
    different = [each for each in stated if type(each) is not int or each != stated[0]]
    offset = different[0] if different else stated[0]
    if not isinstance(offset, int) or different or not 0 <= offset < 1000:
        raise DataError(
            f"{npz.source}: p6_offset must be one whole number for all sequences; found "
            f"{str(offset)[:40] if isinstance(offset, (int, float, str)) else type(offset).__name__}"
            + (f" beside {stated[0]}" if different and isinstance(stated[0], int) else "")
        )
    return offset


def read_blocks(npz: Npz, contexts: str, targets: str, rows: int) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Unit contexts (b, L, D) and targets (b, D), block by block."""
    pairs = zip(npz.blocks(contexts, rows), npz.blocks(targets, rows), strict=True)
    return ((_unit(left), _unit(right)) for left, right in pairs)


def _unit(vectors: Array) -> FloatArray:
    # A zero or infinite vector becomes NaN here and is then reported as a disagreement.
    with np.errstate(all="ignore"):
        values = vectors.astype(np.float32)
        values /= np.linalg.norm(values, axis=-1, keepdims=True)
    return values
