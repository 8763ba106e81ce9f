"""Leaked targets, against a plain comparison in float64 from the definition."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
import torch

from gates import leaks
from gates.bank import build_bank
from gates.contracts import Bank, IntArray
from gates.leaks import LIMIT, Leaks, find_leaks

CPU = torch.device("cpu")
CHUNKS = 8
Rows = npt.NDArray[np.float64]


def rows_of(articles: int = 10, width: int = 24, *, common: float = 0.0, seed: int = 0) -> Rows:
    """(articles * CHUNKS, width) unit rows; ``common`` of each lies along one direction of all."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((articles * CHUNKS, width))
    rows[:, 0] = 0.0
    rows *= math.sqrt(1 - common**2) / np.linalg.norm(rows, axis=1, keepdims=True)
    rows[:, 0] = common
    return rows


def bank_of(rows: Rows) -> Bank:
    articles = np.repeat(np.arange(len(rows) // CHUNKS), CHUNKS)
    return build_bank(rows, articles, np.tile(np.arange(CHUNKS), len(rows) // CHUNKS), source="rows")


def searched(bank: Bank, inside: tuple[int, ...] = (0, 1, 2)) -> Leaks:
    return find_leaks(bank, targets_of(bank, inside), np.array(inside), device=CPU)


def targets_of(bank: Bank, inside: tuple[int, ...]) -> IntArray:
    return np.flatnonzero(np.isin(bank.articles, inside))


@dataclass
class Seen:
    """One target: its nearest row outside that is the same, with both cosines."""

    row: int
    raw: float
    centred: float


def cosine(one: Rows, two: Rows) -> float:
    lengths = math.sqrt(float(one @ one)) * math.sqrt(float(two @ two))
    return float(one @ two) / lengths if lengths > 0 else 0.0


def naive(bank: Bank, inside: tuple[int, ...], limit: float = LIMIT) -> list[Seen | None]:
    vectors = bank.vectors.astype(np.float64)
    others = [row for row, article in enumerate(bank.articles.tolist()) if article not in inside]
    mean = sum(vectors[row] for row in others) / len(others)
    found: list[Seen | None] = []
    for target in targets_of(bank, inside).tolist():
        best: Seen | None = None
        for row in others:
            raw = cosine(vectors[target], vectors[row])
            centred = cosine(vectors[target] - mean, vectors[row] - mean)
            if raw >= limit and centred >= limit and (best is None or raw > best.raw + 1e-12):
                best = Seen(row, raw, centred)
        found.append(best)
    return found


def same(found: Leaks, expected: list[Seen | None]) -> None:
    assert found.leaked.tolist() == [each is not None for each in expected]
    assert found.rows.tolist() == [-1 if each is None else each.row for each in expected]
    for place, each in enumerate(expected):
        if each is None:
            assert found.cosines[place] == found.centred[place] == -1.0
        else:
            assert found.cosines[place] == pytest.approx(each.raw, abs=1e-12)
            assert found.centred[place] == pytest.approx(each.centred, abs=1e-12)


def near(rows: Rows, source: int, value: float, seed: int) -> Rows:
    """A unit row at that cosine from another."""
    noise = np.random.default_rng(seed).standard_normal(rows.shape[1])
    noise -= (noise @ rows[source]) * rows[source]
    return np.asarray(value * rows[source] + math.sqrt(1 - value**2) * noise / np.linalg.norm(noise))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("common", [0.0, 0.5, 0.95, 0.999])
@pytest.mark.parametrize("block", [5, 4096])
def test_it_agrees_with_its_definition(
    common: float, seed: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaks, "_ROWS", block)
    monkeypatch.setattr(leaks, "_PAIRS", 3)
    rows = rows_of(common=common, seed=seed)
    rng = np.random.default_rng(seed)
    for place in range(12):
        to, source = rng.integers(0, 24), rng.integers(24, 80)
        rows[to] = near(rows, int(source), float(rng.choice([1.0, 0.999, 0.985, 0.981, 0.979])), place)
    bank = bank_of(rows)
    expected = naive(bank, (0, 1, 2))
    assert any(expected)
    same(searched(bank), expected)


@pytest.mark.parametrize(("cosine_wanted", "leaked"), [(0.9800001, True), (0.9799999, False)])
def test_a_cosine_at_the_limit_is_decided_exactly(cosine_wanted: float, leaked: bool) -> None:
    # Articles 3 and 4 mirror each other, so that the mean of the other side is 0 but for rounding.
    rows = rows_of(5)
    rows[32:40] = -rows[24:32]
    rows[0] = near(rows, 30, cosine_wanted, 1)
    found = searched(bank_of(rows))
    assert found.leaked.tolist() == [leaked] + [False] * 23
    assert found.rows[0] == (30 if leaked else -1)


def test_exactly_the_limit_leaks() -> None:
    # 1.0 and the mirrored rest: the mean is 0, and 0.98 in float32 is a little above 0.98.
    rows = np.zeros((4 * CHUNKS, 16))
    rows[:16, 2] = 1.0
    rows[0, :3] = 0.98, math.sqrt(1 - 0.98**2), 0.0
    rows[16:24, 0], rows[24:32, 0] = 1.0, -1.0
    bank = bank_of(rows)
    assert float(bank.vectors[0, 0]) >= LIMIT
    found = searched(bank, (0, 1))
    assert found.rows[0] == 16
    same(found, naive(bank, (0, 1)))


def test_a_direction_that_all_share_is_no_leak() -> None:
    bank = bank_of(rows_of(common=0.995))
    vectors = bank.vectors.astype(np.float64)
    assert (vectors @ vectors.T).min() > LIMIT  # every chunk is near every other
    assert not searched(bank).leaked.any()


def test_a_leak_is_found_below_a_direction_that_all_share() -> None:
    rows = rows_of(common=0.995)
    rows[3], rows[11] = rows[70], rows[40]
    found = searched(bank_of(rows))
    assert np.flatnonzero(found.leaked).tolist() == [3, 11]
    assert found.rows[[3, 11]].tolist() == [70, 40]


def test_the_mean_is_that_of_the_other_side() -> None:
    # Both sides share a direction each. A target that lies along that of the other side is near all of its
    # rows; what is left of them without their mean says that it is none of them.
    rows = rows_of(common=0.995)
    rows[:24] = np.roll(rows[:24], 1, axis=1)
    rows[5] = 0.0
    rows[5, 0] = 1.0
    bank = bank_of(rows)
    assert float((bank.vectors[24:] @ bank.vectors[5]).min()) > LIMIT
    found = searched(bank)
    assert not found.leaked.any()
    same(found, naive(bank, (0, 1, 2)))


def test_what_the_own_split_repeats_is_no_leak() -> None:
    rows = rows_of()
    rows[10] = rows[3]
    bank = bank_of(rows)
    assert not searched(bank).leaked.any()
    found = searched(bank, (0,))
    assert np.flatnonzero(found.leaked).tolist() == [3]
    assert (found.rows[3], found.compared) == (10, 72)


def test_of_equals_the_first_row_is_named_and_a_nearer_one_before_them() -> None:
    rows = rows_of()
    rows[60] = rows[50] = rows[0]
    rows[40] = near(rows, 0, 0.99, 1)
    found = searched(bank_of(rows))
    assert (found.rows[0], found.cosines[0]) == (50, pytest.approx(1.0, abs=1e-12))


def test_boilerplate_costs_one_decision_a_target_and_block(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_of()
    rows[::2] = rows[0]
    decided: list[int] = []
    decide = leaks._Search._decide

    def counting(search: leaks._Search, queries: IntArray, others: IntArray) -> None:
        decided.append(len(queries))
        decide(search, queries, others)

    monkeypatch.setattr(leaks._Search, "_decide", counting)
    assert searched(bank_of(rows)).leaked.tolist() == [True, False] * 12
    assert sum(decided) == 12


@pytest.mark.parametrize("width", [2, 4, 8, 15])
def test_below_sixteen_dimensions_equal_rows_leak_only(width: int) -> None:
    rows = np.random.default_rng(0).standard_normal((80, width))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rows[7] = near(rows, 33, 0.9999, 1)
    rows[4] = rows[50]
    found = searched(bank_of(rows))
    assert np.flatnonzero(found.leaked).tolist() == [4]
    same(found, naive(bank_of(rows), (0, 1, 2), limit=1 - 1e-12))


def test_a_target_at_the_mean_has_no_direction_and_leaks_nothing() -> None:
    rows = np.tile(rows_of(1)[:1], (32, 1))
    found = searched(bank_of(rows), (0,))
    assert not found.leaked.any()


def test_where_nothing_lies_outside_nothing_is_compared() -> None:
    found = searched(bank_of(rows_of(3)))
    assert not found.leaked.any()
    assert found.compared == 0


def test_a_mapped_bank_is_read_a_block_at_a_time(tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = rows_of()
    rows[3] = rows[70]
    bank = bank_of(rows)
    path = tmp_path_factory.mktemp("bank") / "vectors.npy"
    np.save(path, bank.vectors)
    mapped = bank.__class__(**{**vars(bank), "vectors": np.load(path, mmap_mode="r")})
    same(searched(mapped), naive(bank, (0, 1, 2)))
