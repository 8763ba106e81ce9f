"""The whole evaluation: what is measured, with how many calls, and on too little data."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from gates.contracts import Dataset, Window
from gates.options import Options
from gates.suite import make_gates, measure, passes, prepare, run_gates
from gates.windows import make_dataset
from schemas.errors import DataError, EvaluationError
from schemas.records.metrics import METRICS, SEARCHED
from schemas.records.splits import EVALUATED, PAIR
from tests.gates.conftest import OPTIONS, Mixer, quiet, run_all


def test_every_known_metric_is_measured(
    make_data: Callable[..., Dataset], make_mixer: Callable[..., Mixer]
) -> None:
    dataset = make_data()
    metrics = run_all(dataset, make_mixer(dataset)).metrics
    for name, info in METRICS.items():
        assert (name in metrics[PAIR]) == info.pair
        assert all((name in metrics[split]) != info.pair for split in EVALUATED)


def test_all_model_calls_are_batched_and_counted(
    make_data: Callable[..., Dataset], make_mixer: Callable[..., Mixer]
) -> None:
    for horizon in (1, 2):
        dataset = make_data(horizon=horizon)
        model = make_mixer(dataset)
        told: list[int] = []
        rows = {name: split.last_rows for name, split in dataset.splits.items()}
        run_gates(dataset, OPTIONS, rows, make_gates(dataset, OPTIONS), model, told.append, known=True)
        windows = sum(len(last) for last in rows.values())
        assert sum(model.batches) <= passes(dataset) * windows
        assert max(model.batches) <= OPTIONS.batch_size
        # 10 undamaged and damaged passes of every split, then at most horizon + 3 of rollout, each
        # in ceil(windows / batch size) calls.
        calls = sum(-(-len(last) // OPTIONS.batch_size) for last in rows.values())
        assert len(model.batches) <= passes(dataset) * calls
        assert sum(told) == sum(model.batches)
        # Whoever is not known is asked again: two batches and at most 16 single windows on each split.
        other = make_mixer(dataset)
        run_gates(dataset, OPTIONS, rows, make_gates(dataset, OPTIONS), other, told.append)
        assert len(other.batches) == len(model.batches) + len(rows) * (2 + 16)
        assert other.batches.count(1) == 16 * len(rows)
        assert set(other.batches) == {1, *model.batches}  # no size that was not asked before


def test_inputs_are_not_modified(make_data: Callable[..., Dataset], make_mixer: Callable[..., Mixer]) -> None:
    dataset = make_data()
    bank = dataset.bank
    before = [array.copy() for array in (bank.vectors, bank.articles, dataset.splits["val"].last_rows)]
    prepare(dataset, OPTIONS, quiet)
    run_all(dataset, make_mixer(dataset))
    after = (bank.vectors, bank.articles, dataset.splits["val"].last_rows)
    assert all((old == new).all() for old, new in zip(before, after, strict=True))


def test_too_little_data_never_passes(make_data: Callable[..., Dataset]) -> None:
    with pytest.raises(EvaluationError, match=r"split 'val' has \d+ samples, the policy needs at least 1000"):
        prepare(make_data(), Options(min_samples=1000, min_articles=1), quiet)
    with pytest.raises(EvaluationError, match=r"split 'val' has 4 articles, the policy needs at least 5"):
        prepare(make_data(), Options(min_samples=1, min_articles=5), quiet)


def test_missing_split_is_an_error(make_data: Callable[..., Dataset]) -> None:
    dataset = make_data()
    only = make_dataset(dataset.bank, {"val": dataset.splits["val"].last_rows}, Window(5, 1))
    with pytest.raises(DataError, match="'ood' is missing"):
        prepare(only, OPTIONS, quiet)


def test_the_same_seed_gives_the_same_figures(
    make_data: Callable[..., Dataset], make_mixer: Callable[..., Mixer]
) -> None:
    dataset = make_data()
    options = Options(seed=5, max_samples=40, min_samples=1, min_articles=1)
    first, second = (prepare(dataset, options, quiet) for _ in range(2))
    assert first.control_metrics == second.control_metrics
    model = make_mixer(dataset)
    assert measure(first, model, quiet).metrics == measure(second, model, quiet).metrics


def test_controls_are_searched_in_the_bank_where_that_is_asked_and_the_model_always(
    make_data: Callable[..., Dataset], make_mixer: Callable[..., Mixer]
) -> None:
    dataset = make_data()
    full, spared = (
        prepare(dataset, replace(OPTIONS, search_controls=search), quiet) for search in (True, False)
    )
    for name, metrics in full.control_metrics.items():
        for split, rows in metrics.items():
            kept = {key: value for key, value in rows.items() if not key.startswith(SEARCHED)}
            assert spared.control_metrics[name][split] == kept
            assert (len(kept) < len(rows)) == (split != PAIR)
    model = make_mixer(dataset)
    assert measure(spared, model, quiet).metrics == measure(full, model, quiet).metrics
