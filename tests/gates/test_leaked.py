"""Shares of targets that were seen, for models and controls, and what lies outside a split."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from gates import leaks
from gates.bank import build_bank
from gates.contracts import Bank, Dataset, IntArray, Queries, Window
from gates.controls import make_controls
from gates.leaked import BY_HEART, Leaked, leaked_values, split_articles
from gates.options import Options
from gates.suite import make_gates, measure, prepare
from gates.windows import make_dataset, window_rows
from schemas.records.evidence import CONTROLS
from schemas.records.splits import EVALUATED
from tests.gates.conftest import OPTIONS, Fixed, mixer_for, quiet, run_all

CHUNKS, WIDTH = 14, 20
SPLITS = {"train": [0, 1, 2], "val": [3, 4], "ood": [5, 6]}
"""Articles 7 and 8 are in none."""


def bank_of(copies: dict[int, int] | None = None) -> Bank:
    """Nine articles; some rows are copies of others."""
    vectors = np.random.default_rng(0).standard_normal((9 * CHUNKS, WIDTH))
    for to, source in (copies or {}).items():
        vectors[to] = vectors[source]
    return build_bank(vectors, np.repeat(np.arange(9), CHUNKS), np.tile(np.arange(CHUNKS), 9), source="x")


def data(bank: Bank) -> Dataset:
    rows = {name: window_rows(bank, np.array(each), Window(5, 1)) for name, each in SPLITS.items()}
    return make_dataset(bank, rows, Window(5, 1))


@pytest.mark.parametrize(
    ("source", "where"),
    [(2, "train"), (5 * CHUNKS + 9, "ood"), (8 * CHUNKS, "none of them"), (3 * CHUNKS + 2, "")],
)
def test_a_target_leaks_whatever_lies_outside_its_split(source: int, where: str) -> None:
    target = 4 * CHUNKS + 7
    measured = run_all(data(bank_of({target: source})), mixer_for(data(bank_of())))
    metric = measured.metrics["val"]["data.leaked"]
    assert metric.n == 2 * (CHUNKS - 5)
    assert metric.value == (1 / 18 if where else 0.0)
    arrays = measured.samples["val"]["data"].arrays
    assert arrays["row"][arrays["leaked"]].tolist() == ([source] if where else [])


def test_a_row_that_is_no_target_leaks_nothing() -> None:
    # The first five rows of an article are read, and never asked for.
    measured = run_all(data(bank_of({4 * CHUNKS + 4: 2})), mixer_for(data(bank_of())))
    assert measured.metrics["val"]["data.leaked"].value == 0.0


def test_the_share_is_of_the_data_and_the_same_for_every_predictor() -> None:
    dataset = data(bank_of({4 * CHUNKS + 7: 2, 5 * CHUNKS + 8: 2}))
    bench = prepare(dataset, OPTIONS, quiet)
    mine = measure(bench, mixer_for(dataset), quiet).metrics
    assert mine["val"]["data.leaked"].value == mine["ood"]["data.leaked"].value == 1 / 18
    assert set(bench.control_metrics) == set(CONTROLS)
    for metrics in bench.control_metrics.values():
        for split in EVALUATED:
            assert metrics[split]["data.leaked"] == mine[split]["data.leaked"]


def test_the_bank_is_searched_once_a_split_for_all_predictors(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[int] = []
    search = leaks.find_leaks

    def counting(bank: Bank, targets: IntArray, inside: IntArray, *, device: torch.device) -> leaks.Leaks:
        searched.append(len(targets))
        return search(bank, targets, inside, device=device)

    monkeypatch.setattr(leaks, "find_leaks", counting)
    dataset = data(bank_of())
    measure(prepare(dataset, replace(OPTIONS, search_controls=False), quiet), mixer_for(dataset), quiet)
    assert len(searched) == 2


def test_who_answers_with_the_targets_recites_them() -> None:
    dataset = data(bank_of())
    oracle = make_controls(dataset, EVALUATED, seed=0)[0]["oracle"]
    assert run_all(dataset, oracle).metrics["val"]["data.recited"].value == 1.0
    assert run_all(dataset, mixer_for(dataset)).metrics["val"]["data.recited"].value == 0.0


@pytest.mark.parametrize(("cosine", "recited"), [(BY_HEART + 1e-5, 1.0), (BY_HEART - 1e-5, 0.0)])
def test_an_answer_is_the_target_from_a_cosine_of_999_per_mille(cosine: float, recited: float) -> None:
    dataset = data(bank_of())
    vectors = torch.from_numpy(dataset.bank.vectors)

    def answer(queries: Queries) -> torch.Tensor:
        target = vectors[queries.target_rows]
        other = target.roll(1, dims=1)
        other -= (other * target).sum(dim=1, keepdim=True) * target
        side = (1 - cosine**2) ** 0.5 * torch.nn.functional.normalize(other, dim=1)
        found: torch.Tensor = 3.0 * (cosine * target + side)
        return found

    measured = run_all(dataset, Fixed(answer))
    assert measured.metrics["val"]["data.recited"].value == recited


def test_where_no_article_lies_outside_the_share_is_undefined() -> None:
    bank = bank_of()
    rows = {"val": window_rows(bank, np.arange(9), Window(5, 1))}
    gate = Leaked(make_dataset(bank, rows, Window(5, 1)), torch.device("cpu"))
    assert split_articles(gate.dataset, rows["val"][:1]).tolist() == list(range(9))
    samples = run_all(data(bank), mixer_for(data(bank))).samples["val"]["data"]
    alone = replace(samples, arrays={**samples.arrays, "compared": np.zeros(len(samples.index), np.int64)})
    metric = gate.score(alone, 0.95)["data.leaked"]
    assert (metric.value, metric.reason) == (None, "no article lies outside the split, so nothing can leak")
    assert leaked_values(samples)["data.leaked"].kind == "share"


def test_a_split_is_known_by_some_of_its_windows() -> None:
    dataset = data(bank_of())
    assert split_articles(dataset, dataset.splits["val"].last_rows[:1]).tolist() == [3, 4]
    unnamed = window_rows(dataset.bank, np.array([8]), Window(5, 1))
    assert split_articles(dataset, unnamed).tolist() == [8]


def test_it_comes_last_of_all_that_is_measured() -> None:
    assert make_gates(data(bank_of()), Options())[-1].name == "data"
