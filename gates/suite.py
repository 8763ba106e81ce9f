"""The whole evaluation: a model and all controls through the five gates, on every split."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from gates.ablations import Ablations
from gates.answers import Progress, ask_split
from gates.arithmetic import usual_arithmetic
from gates.bins_delta import BinsDelta
from gates.centre import mean_row
from gates.clusters import Clusters
from gates.contracts import Dataset, Gate, IntArray, Predictor, Samples
from gates.control_gains import RivalValues, SplitValues, gained_values, gains_over
from gates.controls import make_controls
from gates.extremes import Extremes, find_extremes
from gates.fitted_controls import made_once
from gates.fitting_windows import RidgeSource
from gates.independence import compare_again, compare_company
from gates.leaked import Leaked
from gates.offset_sweep import OffsetSweep
from gates.options import Options
from gates.retrieval import Retrieval
from gates.rollout import Rollout
from gates.spread import Spread
from gates.windows import at_most, draw
from schemas.errors import DataError, EvaluationError
from schemas.records.answers import Answers
from schemas.records.evidence import ORACLE, Evidence, Gains, Metric, Metrics
from schemas.records.metrics import ROLLOUT_STEPS
from schemas.records.splits import EVALUATED, PAIR

GATES_VERSION = 3
"""Raised whenever a gate, a control or the draw measures or scores something differently."""


@dataclass(frozen=True, eq=False)
class Measurement:
    """What one predictor scored.

    Attributes:
        samples: split -> gate -> per-sample arrays.
        metrics: split (or pair) -> metric name -> Metric.
        answers: split -> how the predictor answered there; none of a control, which is known.
        extremes: split -> the base predictions closest to their targets and farthest from them.
    """

    samples: Mapping[str, Mapping[str, Samples]]
    metrics: Metrics
    answers: Mapping[str, Answers]
    extremes: Mapping[str, Extremes]


@dataclass(frozen=True, eq=False)
class Bench:
    """Everything models share: the drawn windows, the gates and the controls' scores.

    Made once by :func:`prepare`; any number of models can then be measured on the same samples.
    """

    dataset: Dataset
    options: Options
    sampled: Mapping[str, IntArray]
    gates: tuple[Gate, ...]
    controls: Mapping[str, Predictor]
    control_metrics: Mapping[str, Metrics]
    ridge: RidgeSource
    rivals: RivalValues
    oracle_gains: Gains

    @usual_arithmetic
    def evidence(self, model: Measurement) -> Evidence:
        """The model's metrics beside the controls', and what it gains over them, ready for a verdict."""
        return Evidence(
            model=model.metrics,
            controls=self.control_metrics,
            answers=model.answers,
            gains=gains_over(self.rivals, gained_values(model.samples), self.options.confidence),
            oracle_gains=self.oracle_gains,
        )

    def of_oracle(self) -> Evidence:
        """The evidence of a model that knows the answer: whether anything could pass on these samples."""
        return Evidence(
            model=self.control_metrics[ORACLE],
            controls=self.control_metrics,
            gains=self.oracle_gains,
            oracle_gains=self.oracle_gains,
        )


def make_gates(dataset: Dataset, options: Options) -> tuple[Gate, ...]:
    """The five gates, A to E, and what is measured beside them.

    What they measure of the data alone they keep: made once, they serve any number of predictors.
    """
    return (
        OffsetSweep(),
        Retrieval(options.retrieval, options.device, mean_row(dataset)),
        Ablations(),
        Rollout(),
        BinsDelta(options.bin_edges),
        Spread(),
        Leaked(dataset, options.device),
    )


def _without_search(gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
    """The same gates, but nothing is ranked among all rows of the bank."""
    return tuple(replace(gate, search=False) if isinstance(gate, Retrieval) else gate for gate in gates)


def passes(dataset: Dataset) -> int:
    """Predictions made per window at most: base, ablations (L + 4), rollout."""
    return 1 + dataset.window.context + 4 + (dataset.window.horizon - 1) + (ROLLOUT_STEPS - 1)


@usual_arithmetic
def prepare(
    dataset: Dataset, options: Options, progress: Progress, splits: tuple[str, str] = EVALUATED
) -> Bench:
    """Draw the samples and measure all controls on them.

    Args:
        dataset: with both splits.
        options: knobs.
        progress: told of every batch.
        splits: what is measured; the second is compared with the first.

    Raises:
        DataError: the data set lacks one of them.
        EvaluationError: a split has fewer windows or articles than the minimum.
    """
    sampled = {name: _draw(dataset, name, options) for name in splits}
    gates = make_gates(dataset, options)
    theirs = gates if options.search_controls else _without_search(gates)
    controls, ridge = make_controls(dataset, splits, seed=options.seed)
    metrics: dict[str, Metrics] = {}
    gained: dict[str, SplitValues] = {}
    with made_once(controls.values()):
        for name, predictor in controls.items():
            found = run_gates(dataset, options, sampled, theirs, predictor, progress, known=True)
            metrics[name], gained[name] = found.metrics, gained_values(found.samples)
    oracle = gained.pop(ORACLE)
    return Bench(
        dataset,
        options,
        MappingProxyType(sampled),
        gates,
        controls,
        MappingProxyType(metrics),
        ridge,
        gained,
        gains_over(gained, oracle, options.confidence),
    )


@usual_arithmetic
def measure(bench: Bench, predictor: Predictor, progress: Progress) -> Measurement:
    """All gates for one predictor on the bench's samples.

    Raises:
        PredictionError: it does not answer with finite vectors that depend on their own context only.
    """
    return run_gates(bench.dataset, bench.options, bench.sampled, bench.gates, predictor, progress)


def drawn_articles(
    dataset: Dataset, options: Options, splits: tuple[str, str] = EVALUATED
) -> dict[str, tuple[int, float]]:
    """Split -> articles of the windows that will be measured, and how many equal ones weigh as they do.

    A split that is missing is left out.
    """
    found = {}
    for name in splits:
        if name in dataset.splits:
            articles = dataset.bank.articles[_rows(dataset, name, options)]
            clusters = Clusters.of(np.unique(articles, return_counts=True)[1])
            found[name] = clusters.articles, clusters.effective
    return found


def _rows(dataset: Dataset, name: str, options: Options) -> IntArray:
    eligible = at_most(
        dataset.bank,
        dataset.splits[name].last_rows,
        per_article=options.max_per_article,
        seed=options.seed,
    )
    return draw(eligible, count=options.max_samples, seed=options.seed)


def _draw(dataset: Dataset, name: str, options: Options) -> IntArray:
    if name not in dataset.splits:
        raise DataError(
            f"an evaluation needs the splits {' and '.join(EVALUATED)}; {name!r} is missing. "
            "Name it with a flag, in gatekeeper.toml or for load_data"
        )
    rows = _rows(dataset, name, options)
    articles = len(set(dataset.bank.articles[rows].tolist()))
    for found, needed, what in (
        (len(rows), options.min_samples, "samples"),
        (articles, options.min_articles, "articles"),
    ):
        if found < needed:
            raise EvaluationError(
                f"split {name!r} has {found} {what}, the policy needs at least {needed}; "
                "evaluate more data or lower the policy's minimum"
            )
    return rows


def run_gates(
    dataset: Dataset,
    options: Options,
    sampled: Mapping[str, IntArray],
    gates: tuple[Gate, ...],
    predictor: Predictor,
    progress: Progress,
    *,
    known: bool = False,
) -> Measurement:
    """Measure a predictor on given windows and score all gates.

    Args:
        dataset: the windows' bank and shape.
        options: knobs.
        sampled: split -> last rows, of the two that are compared.
        gates: in the order they ask.
        predictor: who answers.
        progress: told of every batch of the gates.
        known: it is one of our controls, which answer row by row; nothing is asked again.

    Raises:
        PredictionError: as in :func:`measure`.
    """
    samples: dict[str, dict[str, Samples]] = {}
    metrics: dict[str, dict[str, Metric]] = {}
    answered: dict[str, Answers] = {}
    extremes: dict[str, Extremes] = {}
    for split, rows in sampled.items():
        answers = ask_split(predictor, dataset, split, rows, options, progress)
        company = None if known else compare_company(answers)
        samples[split] = {gate.name: gate.measure(answers) for gate in gates}
        if company is not None:
            zeros = int(samples[split][Rollout.name].arrays["zeros"].sum())
            answered[split] = compare_again(answers, company, zeros)
        extremes[split] = find_extremes(answers.base, samples[split][BinsDelta.name].arrays["cos"])
        metrics[split] = {}
        for gate in gates:
            metrics[split] |= gate.score(samples[split][gate.name], options.confidence)
    bins = BinsDelta(options.bin_edges)
    first, second = (samples[split][bins.name] for split in sampled)
    metrics[PAIR] = bins.compare(first, second, options.confidence)
    return Measurement(samples, metrics, answered, extremes)
