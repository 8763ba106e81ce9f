"""Where in a bank the sequences of a file lie, confirmed by their vectors.

The horizon is 1 + ``p6_offset`` where the file states it; otherwise the vectors tell: the last
context chunk is searched 1, 2, ... places before the target. The stated target chunk may also mean
the target before the P6 shift. Whatever is assumed must be confirmed by the vectors of every
sequence.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gatekeeper.data.formats.npz import open_npz
from gatekeeper.data.formats.sequence_labels import check_shapes, read_blocks, read_labels, vector_keys
from gates.article_ids import Numbered
from gates.contracts import Bank, BoolArray, FloatArray, IntArray, Window

TOLERANCE = 2e-3
"""Largest difference between entries of unit vectors; half precision rounds by up to 5e-4."""

_LONGEST_HORIZON = 8  # searched in a file that states none
_BLOCK_BYTES = 16 * 2**20


@dataclass(frozen=True)
class _Reading:
    """One way to understand the labels: targets lie ``shift`` chunks after the stated index."""

    horizon: int
    shift: int


@dataclass(frozen=True, eq=False)
class Resolution:
    """What became of every sequence of a file.

    Attributes:
        source: the file.
        articles: of the stated target of each of the n sequences, by the file's own numbers.
        chunks: (n,) of the stated target, after the shift that the vectors show.
        last_rows: (n,) bank row of the last context chunk; meaningless where ``reason`` is set.
        reason: (n,) index into :data:`REASONS` of why it is no window of the bank; 0 where it is one.
        window: their shape.
        shift: by how many chunks the stated target lies before the true one.
        notes: what a user should know about the labels, one sentence each.
    """

    source: str
    articles: Numbered
    chunks: IntArray
    last_rows: IntArray
    reason: IntArray
    window: Window
    shift: int
    notes: tuple[str, ...]


REASONS = (
    "",
    "its target is not in the bank",
    "its vectors disagree with the bank",
    "it crosses an article or a gap in the chunk index",
    "it repeats another sequence",
)
MISSING, DISAGREES, OUTSIDE, REPEATS = range(1, len(REASONS))


def resolve_sequences(path: Path, bank: Bank) -> Resolution:
    """Find every sequence of a file in a bank, and say why where that fails.

    Raises:
        DataError: the file is broken or misses something, or not one of its sequences is in the bank.
    """
    with open_npz(path) as npz:
        contexts, targets = vector_keys(npz)
        count, context = check_shapes(npz, contexts, targets, bank)
        labels = read_labels(npz, count)
        places, chunks = _places(bank, labels.articles), labels.chunks
        rows_per_block = max(1, _BLOCK_BYTES // (4 * (context + 1) * bank.dimension))
        blocks = read_blocks(npz, contexts, targets, rows_per_block)
        reading = _choose(bank, next(blocks), places, chunks, labels.offset)
        blocks = read_blocks(npz, contexts, targets, rows_per_block)
        target_rows = _find_rows(bank, places, chunks + reading.shift)
        disagrees = _disagreement(bank, blocks, target_rows, reading.horizon)
    last_rows = target_rows - reading.horizon
    reason = np.zeros(count, dtype=np.int64)
    reason[~_inside(bank, target_rows, context, reading.horizon)] = OUTSIDE
    reason[disagrees] = DISAGREES
    reason[target_rows < 0] = MISSING
    windows = np.flatnonzero(reason == 0)
    first = np.unique(last_rows[windows], return_index=True)[1]
    repeats = np.ones(len(windows), dtype=bool)
    repeats[first] = False
    reason[windows[repeats]] = REPEATS
    return Resolution(
        str(path),
        labels.articles,
        chunks + reading.shift,
        last_rows,
        reason,
        Window(context, reading.horizon),
        reading.shift,
        labels.notes,
    )


def _choose(
    bank: Bank,
    block: tuple[FloatArray, FloatArray],
    places: IntArray,
    chunks: IntArray,
    offset: int | None,
) -> _Reading:
    """The reading that confirms most windows of the first block; the plainest one among equals."""
    if offset is None:
        readings = [_Reading(horizon, 0) for horizon in range(1, _LONGEST_HORIZON + 1)]
    else:
        readings = [_Reading(1 + offset, shift) for shift in dict.fromkeys((0, offset))]
    size, context = block[0].shape[:2]
    scores = []
    for reading in readings:
        rows = _find_rows(bank, places[:size], chunks[:size] + reading.shift)
        confirmed = ~_disagrees(bank, block, rows, reading.horizon)
        # Contexts outside the target's run were not compared, so they confirm nothing.
        scores.append(int((confirmed & _inside(bank, rows, context, reading.horizon)).sum()))
    return readings[scores.index(max(scores))]


def _places(bank: Bank, labels: Numbered) -> IntArray:
    """(n,) place of each label's article among those of the bank, -1 where the bank has none."""
    known = np.unique(bank.articles)
    if bank.ids is None and labels.ids is None:
        places = np.minimum(np.searchsorted(known, labels.numbers), len(known) - 1)
        return np.where(known[places] == labels.numbers, places, -1)
    # As text: 7 and "7" are one article here, and the vectors have the last word.
    place_of = {str(bank.id_of(number)): place for place, number in enumerate(known.tolist())}
    distinct, codes = np.unique(labels.numbers, return_inverse=True)
    found = [place_of.get(str(labels.id_of(number)), -1) for number in distinct.tolist()]
    return np.array(found, dtype=np.int64)[codes]


def _find_rows(bank: Bank, places: IntArray, chunks: IntArray) -> IntArray:
    """Bank row of each chunk of the article at a place among the bank's; -1 where the bank has none."""
    known_articles, article_codes = np.unique(bank.articles, return_inverse=True)
    known_chunks, chunk_codes = np.unique(bank.chunks, return_inverse=True)
    keys = article_codes * len(known_chunks) + chunk_codes  # ascending, as the bank is sorted
    chunk_places = np.minimum(np.searchsorted(known_chunks, chunks), len(known_chunks) - 1)
    wanted = np.maximum(places, 0) * len(known_chunks) + chunk_places
    rows = np.minimum(np.searchsorted(keys, wanted), bank.rows - 1)
    found = (bank.articles[rows] == known_articles[places]) & (bank.chunks[rows] == chunks) & (places >= 0)
    return np.where(found, rows, -1).astype(np.int64)


def _inside(bank: Bank, target_rows: IntArray, context: int, horizon: int) -> BoolArray:
    """Which targets have their whole context in their own gap-free run."""
    return target_rows - horizon - (context - 1) >= bank.run_first[target_rows]


def _disagrees(
    bank: Bank, block: tuple[FloatArray, FloatArray], target_rows: IntArray, horizon: int
) -> BoolArray:
    """Which sequences of a block differ from the bank, as far as they lie in the target's own run."""
    contexts, targets = block
    length = contexts.shape[1]
    bad = ~_equal(targets, bank.vectors[target_rows]) | (target_rows < 0)
    for position in range(length):
        rows = target_rows - horizon - (length - 1 - position)
        inside = rows >= bank.run_first[target_rows]
        bad |= inside & ~_equal(contexts[:, position], bank.vectors[np.maximum(rows, 0)])
    return bad


def _equal(found: FloatArray, expected: FloatArray) -> BoolArray:
    with np.errstate(invalid="ignore"):
        return np.asarray((np.abs(found - expected) <= TOLERANCE).all(axis=-1))


def _disagreement(
    bank: Bank, blocks: Iterator[tuple[FloatArray, FloatArray]], target_rows: IntArray, horizon: int
) -> BoolArray:
    bad = np.zeros(len(target_rows), dtype=np.bool_)
    start = 0
    for block in blocks:
        part = slice(start, start + len(block[1]))
        bad[part] = _disagrees(bank, block, target_rows[part], horizon)
        start = part.stop
    return bad
