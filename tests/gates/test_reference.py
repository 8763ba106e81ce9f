"""Every metric of every gate, intervals included, against the per-sample reference, to 1e-5."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import pytest
import torch

from gates.ablations import cross_article, shuffle
from gates.contracts import Bank, Dataset, IntArray, Predictor, Queries
from gates.controls import make_controls
from gates.suite import Measurement, Options
from gates.windows import context_rows, make_dataset, window_rows
from schemas.records.evidence import Metric
from schemas.records.metrics import ABLATIONS, BINS, OFFSETS, POOLS, RECALL_AT, ROLLOUT_STEPS
from schemas.records.splits import EVALUATED, PAIR
from tests.gates import naive, naive_intervals
from tests.gates.conftest import Mixer, run_all

CLOSE = 1e-5
CONFIDENCE = 0.9
OPTIONS = Options(confidence=CONFIDENCE, batch_size=64, min_samples=1, min_articles=1)


@dataclass
class Case:
    """A data set, a predictor and the same two as the reference sees them."""

    dataset: Dataset
    model: Predictor

    @cached_property
    def measured(self) -> Measurement:
        return run_all(self.dataset, self.model, OPTIONS)

    @cached_property
    def world(self) -> naive.World:
        bank = self.dataset.bank
        places = list(zip(bank.articles.tolist(), bank.chunks.tolist(), strict=True))
        chunks = {place: bank.vectors[row].astype(np.float64) for row, place in enumerate(places)}
        row_of = {place: row for row, place in enumerate(places)}
        return naive.World(chunks, self._asker(row_of), self.dataset.context, self.dataset.horizon)

    def _asker(self, row_of: dict[naive.Place, int]) -> naive.Model:
        """The predictor in float64, one question at a time."""
        model, vectors = self.model, self.dataset.bank.vectors.astype(np.float64)
        if isinstance(model, Mixer):
            weight = model.weight.double().numpy()
            return lambda context, _: np.tanh(context.reshape(-1) @ weight) + 0.5 * context[-1]
        if model.name == "ridge":

            def one(context: naive.Vector, place: naive.Place) -> naive.Vector:
                contexts = torch.from_numpy(context.astype(np.float32))[None]
                return model.predict(Queries(contexts, np.array([row_of[place]])))[0].double().numpy()

            return one
        answers: dict[str, naive.Model] = {
            "oracle": lambda _, place: vectors[row_of[place]],
            "copy_last": lambda context, _: context[-1],
            "mean_context": lambda context, _: np.mean(context, axis=0),
            "constant": lambda _, place: np.mean(vectors, axis=0),
        }
        return answers[model.name]

    def places(self, split: str) -> list[naive.Place]:
        bank, rows = self.dataset.bank, self.dataset.splits[split].last_rows
        return list(zip(bank.articles[rows].tolist(), bank.chunks[rows].tolist(), strict=True))


def same(
    metric: Metric, expected: naive_intervals.Interval, articles: Sequence[int], close: float = CLOSE
) -> None:
    assert (metric.value, metric.low, metric.high) == pytest.approx(expected, abs=close)
    assert metric.n == len(articles)
    assert metric.articles == len(set(articles))


def same_mean(metric: Metric, values: Sequence[float], articles: Sequence[int]) -> None:
    if not values:
        assert metric == Metric(None, None, None, 0, 0, "no sample")
    elif len(set(articles)) == 1:
        assert metric.value == pytest.approx(sum(values) / len(values), abs=CLOSE)
        assert (metric.low, metric.high) == (None, None)
        assert metric.n == len(values)
    else:
        same(metric, naive_intervals.of_mean(values, articles, CONFIDENCE), articles)


def speech_data(bank: Bank, horizon: int) -> Dataset:
    """A few windows of real text, spread over five articles."""
    articles = np.unique(bank.articles)
    rows = {
        "val": window_rows(bank, articles[:2], context=5, horizon=horizon)[::6],
        "ood": window_rows(bank, articles[-3:], context=5, horizon=horizon)[::12],
    }
    return make_dataset(bank, rows, context=5, horizon=horizon)


CASES: tuple[tuple[str, int, int, str], ...] = (
    ("awkward", 1, 1, "mixer"),
    ("awkward", 1, 3, "mixer"),
    ("awkward", 2, 1, "mixer"),
    ("awkward", 3, 3, "mixer"),
    ("awkward", 5, 1, "mixer"),
    ("awkward", 5, 2, "mixer"),
    *(("awkward", 5, 2, name) for name in ("oracle", "copy_last", "mean_context", "constant", "ridge")),
    ("speeches", 5, 1, "mixer"),
    ("speeches", 5, 2, "mixer"),
    ("speeches", 5, 2, "mean_context"),
    ("speeches", 5, 1, "ridge"),
)


@pytest.fixture(params=CASES, ids=lambda c: f"{c[0]}-L{c[1]}-h{c[2]}-{c[3]}", scope="module")
def case(request: pytest.FixtureRequest, speeches: Bank) -> Case:
    source, context, horizon, name = request.param
    dataset = (
        speech_data(speeches, horizon)
        if source == "speeches"
        else request.getfixturevalue("make_data")(context=context, horizon=horizon)
    )
    if name == "mixer":
        return Case(dataset, request.getfixturevalue("make_mixer")(dataset))
    return Case(dataset, make_controls(dataset, EVALUATED, seed=0)[0][name])


@pytest.mark.parametrize("split", EVALUATED)
def test_offset_sweep(case: Case, split: str) -> None:
    world, metrics = case.world, case.measured.metrics[split]
    found = [(a, naive.offset_cosines(world, a, c), c) for a, c in case.places(split)]
    rows = [(a, cosines, c) for a, cosines, c in found if cosines is not None]
    assert len(rows) > 10
    articles = [a for a, _, _ in rows]
    for k in OFFSETS:
        same_mean(metrics[f"offset_sweep.cos@{k:+d}"], [c[k] for _, c, _ in rows], articles)
    same_mean(metrics["offset_sweep.cos"], [c[0] for _, c, _ in rows], articles)
    same_mean(metrics["offset_sweep.margin_prev"], [c[0] - c[-1] for _, c, _ in rows], articles)
    last = [c[0] - naive.last_cosine(world, a, end) for a, c, end in rows]
    same_mean(metrics["offset_sweep.margin_last"], last, articles)
    rivals = [[c[0] - c[k] for _, c, _ in rows] for k in OFFSETS if k != 0]
    margin = naive_intervals.of_least(rivals, articles, CONFIDENCE)
    same(metrics["offset_sweep.margin"], margin, articles)
    means = {k: sum(c[k] for _, c, _ in rows) / len(rows) for k in OFFSETS}
    assert margin[0] == pytest.approx(means[0] - max(means[k] for k in OFFSETS if k != 0))
    peak = max(means, key=lambda k: means[k])
    # An offset belongs to the span unless the peak lies significantly above it.
    lead = {
        k: naive_intervals.of_mean([c[peak] - c[k] for _, c, _ in rows], articles, CONFIDENCE)
        for k in OFFSETS
    }
    near = [k for k in OFFSETS if lead[k][1] <= 0.0]
    same(metrics["offset_sweep.peak_offset"], (peak, min(near), max(near)), articles)
    wins = [c[0] > c[-1] for _, c, _ in rows]
    win_rate = naive_intervals.of_share(wins, articles, CONFIDENCE)
    same(metrics["offset_sweep.win_rate_prev"], win_rate, articles)


@pytest.mark.parametrize("backend", ["faiss", "torch"])
def test_retrieval(case: Case, backend: Literal["faiss", "torch"]) -> None:
    split = "ood" if backend == "faiss" else "val"
    measured = run_all(case.dataset, case.model, replace(OPTIONS, retrieval=backend))
    metrics, samples = measured.metrics[split], measured.samples[split]["retrieval"].arrays
    articles = [a for a, _ in case.places(split)]
    for pool in POOLS:
        found = [naive.rank(case.world, a, c, pool) for a, c in case.places(split)]
        ranks, lucky = [r.pessimistic for r in found], [r.optimistic for r in found]
        assert samples[f"{pool}.rank"].tolist() == ranks
        assert samples[f"{pool}.optimistic"].tolist() == lucky
        assert samples[f"{pool}.size"].tolist() == [r.size for r in found]
        for k in RECALL_AT:
            hits = [rank <= k for rank in ranks]
            recall = naive_intervals.of_share(hits, articles, CONFIDENCE)
            same(metrics[f"retrieval.{pool}.r@{k}"], recall, articles)
            chance = [min(k, r.size) / r.size for r in found]
            same_mean(metrics[f"retrieval.{pool}.chance@{k}"], chance, articles)
        same_mean(metrics[f"retrieval.{pool}.mrr"], [1 / rank for rank in ranks], articles)
        for name, places in (("median_rank", ranks), ("median_rank_optimistic", lucky)):
            median = naive_intervals.of_median(places, articles, CONFIDENCE)
            same(metrics[f"retrieval.{pool}.{name}"], median, articles)
        ties = [r.pessimistic > r.optimistic for r in found]
        tie_share = naive_intervals.of_share(ties, articles, CONFIDENCE)
        same(metrics[f"retrieval.{pool}.tie_share"], tie_share, articles)


def test_ablations(case: Case) -> None:
    dataset, world = case.dataset, case.world
    for split in EVALUATED:
        metrics, places = case.measured.metrics[split], case.places(split)
        rows = context_rows(dataset.splits[split].last_rows, dataset.context)

        def damaged(chosen: IntArray, places: Sequence[naive.Place] = places) -> list[float]:
            contexts = dataset.bank.vectors[chosen].astype(np.float64)
            return [
                naive.ablation_change(world, a, c, list(context))
                for (a, c), context in zip(places, contexts, strict=True)
            ]

        windows = [world.window(a, c) for a, c in places]
        pairs = list(zip(places, windows, strict=True))
        expected = {
            # Which permutation and which stranger is drawn is up to the seed; test_ablations.py holds
            # the laws of the draw. What the draw does to the cosine is checked here.
            "shuffle": damaged(shuffle(rows, seed=OPTIONS.seed)),
            "cross_article": damaged(cross_article(rows, dataset.bank, seed=OPTIONS.seed)),
            "reverse": [naive.ablation_change(world, *place, window[::-1]) for place, window in pairs],
            "repeat_last": [
                naive.ablation_change(world, *place, [window[-1]] * len(window)) for place, window in pairs
            ],
            "leave_one_out": [naive.leave_one_out_change(world, a, c) for a, c in places],
        }
        assert set(expected) == set(ABLATIONS)
        for name, changes in expected.items():
            same_mean(metrics[f"ablations.{name}"], changes, [a for a, _ in places])


@pytest.mark.parametrize("split", EVALUATED)
def test_rollout(case: Case, split: str) -> None:
    metrics = case.measured.metrics[split]
    found = [(a, naive.rollout_cosines(case.world, a, c, ROLLOUT_STEPS)) for a, c in case.places(split)]
    rows = [(a, steps) for a, steps in found if steps is not None]
    articles = [a for a, _ in rows]
    assert len(rows) > 10
    for j in range(ROLLOUT_STEPS):
        same_mean(metrics[f"rollout.cos@{j + 1}"], [steps[j] for _, steps in rows], articles)
    same_mean(metrics["rollout.avg_cos"], [sum(steps) / ROLLOUT_STEPS for _, steps in rows], articles)


def test_bins_delta(case: Case) -> None:
    metrics = case.measured.metrics
    cosines: dict[str, list[tuple[float, int, str]]] = {}
    for split in EVALUATED:
        rows = cosines[split] = [
            (naive.target_cosine(case.world, a, c), a, naive.coherence_bin(case.world, a, c))
            for a, c in case.places(split)
        ]
        same_mean(metrics[split]["bins_delta.cos"], [v for v, _, _ in rows], [a for _, a, _ in rows])
        for name in BINS:
            inside = [(v, a) for v, a, found in rows if found == name]
            same_mean(
                metrics[split][f"bins_delta.{name}.cos"], [v for v, _ in inside], [a for _, a in inside]
            )
        # No sample is dropped.
        assert sum(metrics[split][f"bins_delta.{name}.cos"].n for name in BINS) == len(rows)
    for wanted in (None, *BINS):
        kept = {s: [(v, a) for v, a, found in cosines[s] if wanted in (None, found)] for s in EVALUATED}
        val, ood = (([v for v, _ in kept[s]], [a for _, a in kept[s]]) for s in EVALUATED)
        metric = metrics[PAIR]["bins_delta.delta" if wanted is None else f"bins_delta.{wanted}.delta"]
        if not val[0] or not ood[0]:
            assert metric.value is None
            assert metric.reason == "no sample in one of the two splits"
        elif min(len(set(val[1])), len(set(ood[1]))) < 2:
            gap = abs(sum(val[0]) / len(val[0]) - sum(ood[0]) / len(ood[0]))
            assert metric.value == pytest.approx(gap, abs=CLOSE)
            assert (metric.low, metric.high) == (None, None)
        else:
            expected = naive_intervals.of_gap(*val, *ood, CONFIDENCE)
            assert (metric.value, metric.low, metric.high) == pytest.approx(expected, abs=CLOSE)
