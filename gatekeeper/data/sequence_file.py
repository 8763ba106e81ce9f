"""What a sequence file holds: copied contexts and targets, and labels that say where they come from.

Two styles exist. Both hold contexts (N, L, D) and targets (N, D):

=======================  ==================  ===================================================
contexts                 targets             where a target lies
=======================  ==================  ===================================================
``context_sequences``    ``target_vectors``  ``metadata`` (N,), an object array of dicts with
                                             ``article_index`` and ``target_chunk_index``
``contexts``             ``targets``         ``article_ids`` (N,) and ``target_indices`` (N,), the
                                             chunk index of the target inside its article
=======================  ==================  ===================================================

``p6_offset``, an array or a key of the metadata, states a horizon of 1 + p6_offset.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gatekeeper.data.article_column import read_articles
from gatekeeper.data.npz import Array, Npz
from gates.article_ids import Numbered, number_articles
from gates.contracts import Bank, FloatArray, IntArray
from schemas.errors import DataError

CONTEXTS = ("context_sequences", "contexts")
TARGETS = ("target_vectors", "targets")


def vector_keys(npz: Npz) -> tuple[str, str]:
    """Names of the arrays of contexts and targets.

    Raises:
        DataError: one is missing.
    """
    found = npz.pick(*CONTEXTS), npz.pick(*TARGETS)
    if found[0] is None or found[1] is None:
        raise DataError(
            f"{npz.source}: a sequence file needs {' or '.join(CONTEXTS)}, and {' or '.join(TARGETS)}; "
            f"found {', '.join(npz.keys) or 'nothing'}"
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
    return shape[0], shape[1]


@dataclass(frozen=True, eq=False)
class Labels:
    """Where the targets of a file lie.

    Attributes:
        articles: of each target (N,), numbered as the file's own ids ask for.
        chunks: (N,) chunk index of each target.
        offset: the stated P6 offset, or None.
    """

    articles: Numbered
    chunks: IntArray
    offset: int | None


def read_labels(npz: Npz, count: int) -> Labels:
    """Read the labels of ``count`` targets.

    Raises:
        DataError: the labels are missing, too few or no ids and whole numbers, or state several offsets.
    """
    records: list[object] = []
    if npz.pick("metadata"):
        records = npz.objects("metadata")
        ids = [_field(record, "article_index", row, npz.source) for row, record in enumerate(records)]
        articles = number_articles(ids, source=f"{npz.source}: metadata")
        chunks = _whole_numbers(records, "target_chunk_index", npz.source)
    elif npz.pick("article_ids") and npz.pick("target_indices"):
        articles = read_articles(npz, "article_ids")
        chunks = _integers(npz.array("target_indices"), "target_indices", npz)
    else:
        raise DataError(
            f"{npz.source}: nothing says where the sequences come from; expected metadata, or article_ids "
            f"and target_indices, found {', '.join(npz.keys)}"
        )
    if len(articles.numbers) != count or len(chunks) != count:
        raise DataError(f"{npz.source}: expected labels for {count} sequences, found {len(articles.numbers)}")
    return Labels(articles, chunks, _stated_offset(npz, records))


def _field(record: object, key: str, row: int, source: str) -> object:
    if not isinstance(record, dict) or key not in record:
        raise DataError(f"{source}: metadata row {row} must be a dict with {key!r}")
    return record[key]


def _whole_numbers(records: list[object], key: str, source: str) -> IntArray:
    values = np.empty(len(records), dtype=np.int64)
    for row, record in enumerate(records):
        value = _field(record, key, row, source)
        if type(value) is not int or abs(value) >= 2**62:
            raise DataError(f"{source}: metadata row {row} must be a dict with the whole number {key!r}")
        values[row] = value
    return values


def _integers(values: Array, key: str, npz: Npz) -> IntArray:
    if values.ndim != 1 or not np.issubdtype(values.dtype, np.integer):
        raise DataError(
            f"{npz.source}: {key} must be a list of integers; found {values.dtype} {values.shape}"
        )
    return values.astype(np.int64)


def _stated_offset(npz: Npz, records: list[object]) -> int | None:
    stated: set[object] = set()
    if npz.pick("p6_offset"):
        stated.update(npz.array("p6_offset").reshape(-1).tolist())
    stated.update(
        record["p6_offset"] for record in records if isinstance(record, dict) and "p6_offset" in record
    )
    if not stated:
        return None
    offset = stated.pop()
    if stated or type(offset) is not int or not 0 <= offset < 1000:
        raise DataError(
            f"{npz.source}: p6_offset must be one whole number for all sequences; found {offset!r} and "
            f"{len(stated)} other value(s)"
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
