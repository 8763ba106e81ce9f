"""Every metric of every gate against the per-sample reference in ``naive.py``, to 1e-5."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch

from gates.ablations import cross_article, shuffle
from gates.contracts import Bank, Dataset, IntArray
from gates.suite import Measured, Options, make_gates, run_gates
from gates.windows import context_rows, make_dataset, window_rows
from schemas.metrics import OFFSETS, POOLS, RECALL_AT, ROLLOUT_STEPS
from schemas.report import Metric
from tests.gates import naive
from tests.gates.conftest import Mixer

CLOSE = 1e-5
CONFIDENCE = 0.9


def engine(dataset: Dataset, model: Mixer) -> Measured:
    options = Options(confidence=CONFIDENCE, batch_size=64, min_samples=1, min_articles=1)
    rows = {name: split.last_rows for name, split in dataset.splits.items()}
    return run_gates(dataset, options, rows, make_gates(options), model, lambda count: None)


def naive_world(dataset: Dataset, model: Mixer) -> naive.World:
    bank = dataset.bank
    places = zip(bank.articles.tolist(), bank.chunks.tolist(), strict=True)
    chunks = {place: bank.vectors[row].astype(np.float64) for row, place in enumerate(places)}
    weight = model.weight.double()

    def ask(context: naive.Vector) -> naive.Vector:
        flat = torch.from_numpy(context).reshape(-1)
        answer: naive.Vector = (torch.tanh(flat @ weight) + 0.5 * flat[-bank.dimension :]).numpy()
        return answer

    return naive.World(chunks, ask, dataset.context, dataset.horizon)


def windows(dataset: Dataset, split: str) -> list[tuple[int, int]]:
    rows = dataset.splits[split].last_rows
    return list(zip(dataset.bank.articles[rows].tolist(), dataset.bank.chunks[rows].tolist(), strict=True))


def same_mean(metric: Metric, values: list[float], articles: list[int]) -> None:
    mean, low, high = naive.mean_interval(values, articles, CONFIDENCE)
    assert metric.value == pytest.approx(mean, abs=CLOSE)
    assert metric.low == pytest.approx(low, abs=CLOSE)
    assert metric.high == pytest.approx(high, abs=CLOSE)
    assert metric.n == len(values)
    assert metric.articles == len(set(articles))


def speech_data(bank: Bank, horizon: int) -> Dataset:
    """A few windows of real text, spread over five articles."""
    articles = np.unique(bank.articles)
    rows = {
        "val": window_rows(bank, articles[:2], context=5, horizon=horizon)[::6],
        "ood": window_rows(bank, articles[-3:], context=5, horizon=horizon)[::12],
    }
    return make_dataset(bank, rows, context=5, horizon=horizon)


@pytest.fixture(
    params=[
        ("awkward", 1, 1),
        ("awkward", 5, 1),
        ("awkward", 5, 2),
        ("awkward", 3, 3),
        ("speeches", 5, 1),
        ("speeches", 5, 2),
    ],
    ids=lambda case: f"{case[0]}-L{case[1]}-h{case[2]}",
)
def case(
    request: pytest.FixtureRequest,
    make_data: Callable[..., Dataset],
    make_mixer: Callable[..., Mixer],
    speeches: Bank,
) -> tuple[Dataset, Mixer]:
    name, context, horizon = request.param
    if name == "speeches":
        dataset = speech_data(speeches, horizon)
    else:
        dataset = make_data(context=context, horizon=horizon)
    return dataset, make_mixer(dataset)


def test_offset_sweep(case: tuple[Dataset, Mixer]) -> None:
    dataset, model = case
    world, metrics = naive_world(dataset, model), engine(dataset, model).metrics["val"]
    found = [(a, naive.offset_cosines(world, a, c), c) for a, c in windows(dataset, "val")]
    rows = [(a, cosines, c) for a, cosines, c in found if cosines is not None]
    articles = [a for a, _, _ in rows]
    for k in OFFSETS:
        same_mean(metrics[f"offset_sweep.cos@{k:+d}"], [c[k] for _, c, _ in rows], articles)
    same_mean(metrics["offset_sweep.cos"], [c[0] for _, c, _ in rows], articles)
    same_mean(metrics["offset_sweep.margin_prev"], [c[0] - c[-1] for _, c, _ in rows], articles)
    last = [c[0] - float(world.ask(world.window(a, end)) @ world.chunks[a, end]) for a, c, end in rows]
    same_mean(metrics["offset_sweep.margin_last"], last, articles)
    means = {k: float(np.mean([c[k] for _, c, _ in rows])) for k in OFFSETS}
    margin = means[0] - max(mean for k, mean in means.items() if k != 0)
    assert metrics["offset_sweep.margin"].value == pytest.approx(margin, abs=CLOSE)
    assert metrics["offset_sweep.peak_offset"].value == max(means, key=lambda k: means[k])
    wins = sum(c[0] > c[-1] for _, c, _ in rows) / len(rows)
    assert metrics["offset_sweep.win_rate_prev"].value == pytest.approx(wins, abs=1e-12)


@pytest.mark.parametrize("backend", ["faiss", "torch"])
def test_retrieval(case: tuple[Dataset, Mixer], backend: str) -> None:
    dataset, model = case
    world = naive_world(dataset, model)
    options = Options(
        confidence=CONFIDENCE, retrieval="faiss" if backend == "faiss" else "torch", min_samples=1
    )
    rows = {name: split.last_rows for name, split in dataset.splits.items()}
    measured = run_gates(dataset, options, rows, make_gates(options), model, lambda count: None)
    metrics, samples = measured.metrics["ood"], measured.samples["ood"]["retrieval"].arrays
    places = windows(dataset, "ood")
    articles = [a for a, _ in places]
    for pool in POOLS:
        ranks = [naive.rank(world, a, c, pool) for a, c in places]
        lucky = [naive.rank(world, a, c, pool, optimistic=True) for a, c in places]
        sizes = [naive.pool_size(world, a, pool) for a, _ in places]
        assert samples[f"{pool}.rank"].tolist() == ranks
        assert samples[f"{pool}.optimistic"].tolist() == lucky
        for k in RECALL_AT:
            assert metrics[f"retrieval.{pool}.r@{k}"].value == pytest.approx(naive.recall(ranks, k))
            chance = [min(k, size) / size for size in sizes]
            same_mean(metrics[f"retrieval.{pool}.chance@{k}"], chance, articles)
        same_mean(metrics[f"retrieval.{pool}.mrr"], [1 / rank for rank in ranks], articles)
        assert metrics[f"retrieval.{pool}.median_rank"].value == naive.median(ranks)
        assert metrics[f"retrieval.{pool}.median_rank_optimistic"].value == naive.median(lucky)
        ties = sum(r > o for r, o in zip(ranks, lucky, strict=True)) / len(ranks)
        assert metrics[f"retrieval.{pool}.tie_share"].value == pytest.approx(ties)


def test_ablations(case: tuple[Dataset, Mixer]) -> None:
    dataset, model = case
    world, metrics = naive_world(dataset, model), engine(dataset, model).metrics["val"]
    places = windows(dataset, "val")
    articles = [a for a, _ in places]
    rows = context_rows(dataset.splits["val"].last_rows, dataset.context)

    def damaged(chosen: IntArray) -> list[float]:
        vectors = dataset.bank.vectors[chosen].astype(np.float64)
        return [
            naive.ablation_change(world, a, c, list(context))
            for (a, c), context in zip(places, vectors, strict=True)
        ]

    expected = {
        # Which permutation and which stranger is drawn is up to the seed; test_ablations.py holds
        # the laws of the draw. What the draw does to the cosine is checked here.
        "shuffle": damaged(shuffle(rows, seed=0)),
        "cross_article": damaged(cross_article(rows, dataset.bank, seed=0)),
        "reverse": [naive.ablation_change(world, a, c, world.window(a, c)[::-1]) for a, c in places],
        "repeat_last": [
            naive.ablation_change(world, a, c, [world.window(a, c)[-1]] * dataset.context) for a, c in places
        ],
        "leave_one_out": [naive.leave_one_out_change(world, a, c) for a, c in places],
    }
    for name, values in expected.items():
        same_mean(metrics[f"ablations.{name}"], values, articles)


def test_rollout(case: tuple[Dataset, Mixer]) -> None:
    dataset, model = case
    world, metrics = naive_world(dataset, model), engine(dataset, model).metrics["val"]
    found = [(a, naive.rollout_cosines(world, a, c, ROLLOUT_STEPS)) for a, c in windows(dataset, "val")]
    rows = [(a, steps) for a, steps in found if steps is not None]
    articles = [a for a, _ in rows]
    assert len(rows) > 20
    for j in range(ROLLOUT_STEPS):
        same_mean(metrics[f"rollout.cos@{j + 1}"], [steps[j] for _, steps in rows], articles)
    same_mean(metrics["rollout.avg_cos"], [sum(steps) / ROLLOUT_STEPS for _, steps in rows], articles)


def test_bins_delta(case: tuple[Dataset, Mixer]) -> None:
    dataset, model = case
    world, metrics = naive_world(dataset, model), engine(dataset, model).metrics
    means = {}
    for split in ("val", "ood"):
        bins: dict[str, list[tuple[float, int]]] = {"low": [], "normal": [], "high": []}
        for a, c in windows(dataset, split):
            window = world.window(a, c)
            pairs = list(itertools.pairwise(window))
            coherence = sum(float(x @ y) for x, y in pairs) / len(pairs) if pairs else 1.0
            name = "low" if coherence < 0.45 else "high" if coherence > 0.55 else "normal"
            target = world.chunks[a, c + dataset.horizon]
            bins[name].append((float(world.ask(window) @ target), a))
        everything = [item for items in bins.values() for item in items]
        assert len(everything) == len(windows(dataset, split))  # no sample is dropped
        same_mean(metrics[split]["bins_delta.cos"], [v for v, _ in everything], [a for _, a in everything])
        means[split] = sum(v for v, _ in everything) / len(everything)
        for name, items in bins.items():
            metric = metrics[split][f"bins_delta.{name}.cos"]
            assert metric.n == len(items)
            if items:
                assert metric.value == pytest.approx(sum(v for v, _ in items) / len(items), abs=CLOSE)
            else:
                assert metric.value is None
                assert metric.reason == "no sample"
    delta = metrics["val-ood"]["bins_delta.delta"].value
    assert delta == pytest.approx(abs(means["val"] - means["ood"]), abs=CLOSE)
