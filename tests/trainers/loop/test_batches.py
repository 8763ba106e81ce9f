"""Batches against a naive lookup by (article, chunk), on banks with gaps and with very short articles."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from gates.bank import build_bank
from gates.contracts import Bank, Window
from gates.windows import make_dataset, window_rows
from schemas.errors import DataError
from trainers.loop.batches import WindowBatches

CPU = torch.device("cpu")
OFFSETS = range(-3, 4)

Chunks = dict[int, set[int]]
Vector = npt.NDArray[np.float32]

cases = given(
    chunks=st.dictionaries(
        st.integers(-1, 5), st.sets(st.integers(-2, 12), min_size=1), min_size=1, max_size=5
    ),
    context=st.integers(1, 5),
    horizon=st.integers(1, 3),
    width=st.integers(1, 4),
    seed=st.integers(0, 2**32 - 1),
)


@dataclass
class Case:
    """Windows and what is true of them, by article and chunk number."""

    bank: Bank
    batches: WindowBatches
    places: list[tuple[int, int]]
    vectors: dict[tuple[int, int], Vector]
    context: int
    horizon: int

    def target(self, row: int) -> tuple[int, int]:
        article, chunk = self.places[row]
        return article, chunk + self.horizon

    def naive_context(self, row: int) -> list[Vector]:
        article, last = self.places[row]
        return [self.vectors[article, chunk] for chunk in range(last - self.context + 1, last + 1)]

    def naive_neighbour(self, row: int, offset: int) -> Vector | None:
        """Walks from the target one chunk at a time, and stops where there is none."""
        article, chunk = self.target(row)
        for _ in range(abs(offset)):
            chunk += 1 if offset > 0 else -1
            if (article, chunk) not in self.vectors:
                return None
        return self.vectors[article, chunk]


def make_case(chunks: Chunks, context: int, horizon: int, width: int, seed: int) -> Case:
    """The chunks in any order become a bank; examples without a window are passed over."""
    rng = np.random.default_rng(seed)
    pairs = rng.permutation([(article, chunk) for article in chunks for chunk in chunks[article]])
    vectors = rng.standard_normal((len(pairs), width))
    bank = build_bank(vectors, pairs[:, 0], pairs[:, 1], source="bank")
    rows = window_rows(bank, None, Window(context, horizon))
    if len(rows) == 0:
        reject()
    dataset = make_dataset(bank, {"train": rows}, Window(context, horizon))
    places = [(int(a), int(c)) for a, c in zip(bank.articles, bank.chunks, strict=True)]
    lookup = dict(zip(places, bank.vectors, strict=True))
    # The lookup itself rests on the vectors that were given, not on the order of the bank.
    for pair, vector in zip(pairs, vectors, strict=True):
        assert lookup[int(pair[0]), int(pair[1])] == pytest.approx(vector / np.linalg.norm(vector), abs=1e-6)
    batches = WindowBatches(dataset, "train", device=CPU, seed=seed)
    return Case(bank, batches, places, lookup, context, horizon)


def some_case(context: int = 5, horizon: int = 2) -> Case:
    """Five articles, one with a gap and two too short; runs of 14, 9, 10 and 9 chunks hold windows."""
    chunks = {0: set(range(14)), 1: {0, 1, 2}, 2: set(range(20)) - {9}, 5: set(range(3, 12)), 6: {0}}
    return make_case(chunks, context, horizon, width=3, seed=0)


@cases
@settings(max_examples=100, deadline=None)
def test_gather_is_slicing(chunks: Chunks, context: int, horizon: int, width: int, seed: int) -> None:
    case = make_case(chunks, context, horizon, width, seed)
    # Any windows in any order, some of them twice.
    rows = np.random.default_rng(seed).choice(case.batches.last_rows, size=9)
    batch = case.batches.gather(rows)
    assert batch.contexts.shape == (9, context, width)
    assert batch.targets.shape == (9, width)
    assert batch.contexts.dtype == batch.targets.dtype == torch.float32
    assert np.array_equal(batch.contexts.numpy(), [case.naive_context(row) for row in rows])
    assert np.array_equal(batch.targets.numpy(), [case.vectors[case.target(row)] for row in rows])
    assert batch.last_rows.tolist() == rows.tolist()
    assert batch.whole.tolist() == rows.tolist()


@cases
@settings(max_examples=100, deadline=None)
def test_neighbours_are_looked_up(chunks: Chunks, context: int, horizon: int, width: int, seed: int) -> None:
    case = make_case(chunks, context, horizon, width, seed)
    rows = np.random.default_rng(seed).permutation(case.batches.last_rows)
    for offset in OFFSETS:
        naive = [case.naive_neighbour(row, offset) for row in rows]
        found, exists = case.batches.neighbours(torch.from_numpy(rows), offset)
        there = [vector is not None for vector in naive]
        assert exists.dtype == torch.bool
        assert exists.tolist() == there
        assert case.batches.exists(torch.from_numpy(rows), offset).tolist() == there
        # The target itself stands in for what is not there.
        stand_ins = [case.vectors[case.target(row)] for row in rows]
        expected = [stand_in if v is None else v for v, stand_in in zip(naive, stand_ins, strict=True)]
        assert np.array_equal(found.numpy(), expected)


def test_neighbours_by_hand() -> None:
    # Article 0 holds chunks 0 to 3 and 5, article 1 chunks 0 to 2: rows 0 to 3, 4, 5 to 7.
    bank = build_bank(np.eye(8), np.array([0] * 5 + [1] * 3), np.array([0, 1, 2, 3, 5, 0, 1, 2]), source="b")
    dataset = make_dataset(bank, {"train": np.array([1, 2, 6])}, Window(2, 1))
    batches = WindowBatches(dataset, "train", device=CPU, seed=0)
    rows = torch.tensor([1, 2, 6])  # targets: rows 2, 3 and 7
    expected = {
        -3: ([2, 0, 7], [False, True, False]),  # row 0 is three before row 3; row 4 is another article's
        -2: ([0, 1, 5], [True, True, True]),
        -1: ([1, 2, 6], [True, True, True]),
        0: ([2, 3, 7], [True, True, True]),
        1: ([3, 3, 7], [True, False, False]),  # row 4 is chunk 5, beyond the gap; row 8 is no row
        2: ([2, 3, 7], [False, False, False]),
        3: ([2, 3, 7], [False, False, False]),
    }
    for offset in OFFSETS:
        vectors, exists = batches.neighbours(rows, offset)
        assert (vectors.argmax(dim=1).tolist(), exists.tolist()) == expected[offset]


def test_a_part_of_a_batch_knows_the_whole() -> None:
    case = some_case()
    rows = case.batches.last_rows
    batch = case.batches.gather(rows[2:5], rows[:7])
    assert batch.last_rows.tolist() == rows[2:5].tolist()
    assert batch.whole.tolist() == rows[:7].tolist()
    assert len(batch.contexts) == len(batch.targets) == 3


def test_a_batch_of_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="at least one window"):
        some_case().batches.gather(np.array([], dtype=np.int64))


def test_the_bank_is_not_copied() -> None:
    case = some_case()
    bank = case.bank.vectors
    for view in (case.batches.vectors, case.batches.windows):
        assert view.untyped_storage().data_ptr() == bank.ctypes.data
        assert view.untyped_storage().nbytes() == bank.nbytes


def test_a_batch_is_the_callers_to_change() -> None:
    case = some_case()
    before = case.bank.vectors.copy()
    rows = case.batches.last_rows[:4]
    batch = case.batches.gather(rows)
    neighbours, _ = case.batches.neighbours(batch.last_rows, -1)
    for tensor in (batch.contexts, batch.targets, neighbours):
        tensor.zero_()
    assert np.array_equal(case.bank.vectors, before)
    assert case.batches.gather(rows).contexts.abs().sum() > 0


def naive_hash(row: int, seed: int, stream_crc: int) -> int:
    """SplitMix64's finaliser in Python integers, applied as the engine says: to the key, twice to the row."""
    mask = 2**64 - 1

    def finalise(state: int) -> int:
        state = (state + 0x9E3779B97F4A7C15) & mask
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & mask
        return state ^ (state >> 31)

    key = finalise(finalise(seed) ^ stream_crc)
    return finalise(finalise(row ^ key) ^ key)


def crc32(text: str) -> int:
    """The CRC of zip files, bit by bit."""
    value = 0xFFFFFFFF
    for byte in text.encode():
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0xEDB88320 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def order(seed: int, epoch: int) -> list[int]:
    case = some_case()
    dataset = make_dataset(case.bank, {"train": case.batches.last_rows}, Window(5, 2))
    found: list[int] = WindowBatches(dataset, "train", device=CPU, seed=seed).order(epoch).tolist()
    return found


@given(seed=st.integers(0, 2**63 - 1), epoch=st.integers(1, 10**6))
@settings(max_examples=50, deadline=None)
def test_the_order_is_that_of_the_hashes(seed: int, epoch: int) -> None:
    rows: list[int] = some_case().batches.last_rows.tolist()
    stream = crc32(f"epoch {epoch}")
    assert order(seed, epoch) == sorted(rows, key=lambda row: naive_hash(row, seed, stream))


def test_every_epoch_of_every_seed_has_an_order_of_its_own() -> None:
    rows = sorted(order(0, 1))
    assert rows == some_case().batches.last_rows.tolist()
    # A run of n chunks holds n - 4 - 2 windows: 8 + 3 + 4 + 3. Of 18! orders none comes twice by chance.
    assert len(rows) == 18
    orders = {(seed, epoch): order(seed, epoch) for seed in range(4) for epoch in range(1, 6)}
    assert len({tuple(found) for found in orders.values()}) == 4 * 5
    assert all(sorted(found) == rows for found in orders.values())
    assert orders == {(seed, epoch): order(seed, epoch) for seed, epoch in orders}


def test_an_order_leaves_the_split_alone() -> None:
    case = some_case()
    before = case.batches.last_rows.copy()
    case.batches.order(1)[:] = 0
    assert np.array_equal(case.batches.last_rows, before)


@pytest.mark.parametrize("size", [1, 5, 18, 40])
def test_an_epoch_is_its_order_cut_into_steps(size: int) -> None:
    batches = some_case().batches
    steps = batches.cut(3, size)
    assert np.concatenate(steps).tolist() == batches.order(3).tolist()
    assert len(steps) == batches.steps(size) == -(-18 // size)
    assert {len(step) for step in steps[:-1]} <= {size}


def test_a_module_is_given_contexts_and_what_is_made_of_them() -> None:
    case = some_case()
    rows = case.batches.last_rows[:4]
    plain = case.batches.gather(rows)
    assert plain.features is None
    assert len(plain.inputs) == 1
    assert plain.inputs[0] is plain.contexts
    dataset = make_dataset(case.bank, {"train": case.batches.last_rows}, Window(5, 2))
    batches = WindowBatches(
        dataset, "train", device=CPU, seed=0, features=lambda contexts, last: contexts.sum(1) + last[:, None]
    )
    batch = batches.gather(rows)
    contexts, features = batch.inputs
    assert torch.equal(contexts, plain.contexts)
    assert torch.equal(features, contexts.sum(1) + torch.from_numpy(rows)[:, None])
