"""Data sets and predictors on which every gate is held against the per-sample reference, to 1e-5."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pytest
import torch

from gates.contracts import Bank, Dataset, Predictor, Queries, Window
from gates.controls import make_controls
from gates.options import Options
from gates.suite import Measurement
from gates.windows import make_dataset, window_rows
from schemas.records.evidence import Metric
from schemas.records.splits import EVALUATED
from tests.gates import naive, naive_intervals
from tests.gates.conftest import Mixer, awkward_data, first_speeches, mixer_for, run_all

CLOSE = 1e-5
CONFIDENCE = 0.9
OPTIONS = Options(confidence=CONFIDENCE, batch_size=64, min_samples=1, min_articles=1)


@dataclass(frozen=True)
class Case:
    """A data set and a predictor, made when first asked for, and the same two as the reference sees them.

    Attributes:
        source: of the data set, ``awkward`` or ``speeches``.
        context: L.
        horizon: of the data set.
        name: of the predictor, ``mixer`` or a control's.
    """

    source: str
    context: int
    horizon: int
    name: str

    def __str__(self) -> str:
        return f"{self.source}-L{self.context}-h{self.horizon}-{self.name}"

    @cached_property
    def dataset(self) -> Dataset:
        if self.source == "speeches":
            return speech_data(first_speeches(), self.horizon)
        return awkward_data(context=self.context, horizon=self.horizon)

    @cached_property
    def model(self) -> Predictor:
        if self.name == "mixer":
            return mixer_for(self.dataset)
        return make_controls(self.dataset, EVALUATED, seed=0)[0][self.name]

    @cached_property
    def measured(self) -> Measurement:
        return run_all(self.dataset, self.model, OPTIONS)

    @cached_property
    def world(self) -> naive.World:
        bank = self.dataset.bank
        places = list(zip(bank.articles.tolist(), bank.chunks.tolist(), strict=True))
        chunks = {place: bank.vectors[row].astype(np.float64) for row, place in enumerate(places)}
        row_of = {place: row for row, place in enumerate(places)}
        return naive.World(
            chunks, self._asker(row_of), self.dataset.window.context, self.dataset.window.horizon
        )

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
        "val": window_rows(bank, articles[:2], Window(5, horizon))[::6],
        "ood": window_rows(bank, articles[-3:], Window(5, horizon))[::12],
    }
    return make_dataset(bank, rows, Window(5, horizon))


CASES = (
    Case("awkward", 1, 1, "mixer"),
    Case("awkward", 1, 3, "mixer"),
    Case("awkward", 2, 1, "mixer"),
    Case("awkward", 3, 3, "mixer"),
    Case("awkward", 5, 1, "mixer"),
    Case("awkward", 5, 2, "mixer"),
    *(Case("awkward", 5, 2, name) for name in ("oracle", "copy_last", "mean_context", "constant", "ridge")),
    Case("speeches", 5, 1, "mixer"),
    Case("speeches", 5, 2, "mixer"),
    Case("speeches", 5, 2, "mean_context"),
    Case("speeches", 5, 1, "ridge"),
)
EVERY_CASE = pytest.mark.parametrize("case", CASES, ids=str)
