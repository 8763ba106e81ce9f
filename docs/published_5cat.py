"""The published 5CAT script's definitions, applied to predictors whose answer is known.

``python docs/published_5cat.py`` prints what the definitions say of them on the bundled speeches at
horizon 1. The definitions are those of ``tools/tests/test_5to1_alignment.py`` in
https://github.com/TrentCarter/lnsp-phase-4 (commit 2e9b0c4), written anew from their description
in ``docs/published-5cat.md``, one sample at a time.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import numpy.typing as npt
from tabulate import tabulate

from gatekeeper.config.record import Config
from gatekeeper.data.source import open_source
from gates.contracts import Dataset, Window

Vector = npt.NDArray[np.float32]
Predict = Callable[[Vector, Vector, Vector], Vector]
"""(L, D) context, (D,) true answer and (D,) chunk after it -> (D,) prediction."""

OFFSETS = (-3, -2, -1, 0, 1, 2, 3)
PUBLISHED_TARGET = 1
STEPS = 5
SAMPLES = 500
"""The script takes the first samples of a file; here the first of each split."""

THRESHOLDS: Mapping[str, Mapping[str, float]] = {
    "val": {"cos": 0.50, "margin": 0.12, "R@1": 0.60, "R@5": 0.95, "MRR": 0.80, "rollout": 0.45},
    "ood": {"cos": 0.48, "margin": 0.10, "R@1": 0.55, "R@5": 0.92, "MRR": 0.75, "rollout": 0.42},
}
ABLATIONS = {"shuffled": -0.15, "reverse": -0.10, "loo_avg": -0.08, "repeat_pad": 0.05, "cross_article": 0.05}


@dataclass(frozen=True, eq=False)
class Article:
    """Its chunks, (n, D) unit rows, and the place of the target of one sample."""

    chunks: Vector
    target: int
    context: Vector

    def at(self, offset: int) -> Vector | None:
        """The chunk ``offset`` places after the target."""
        place = self.target + offset
        return self.chunks[place] if 0 <= place < len(self.chunks) else None

    def answer(self, predict: Predict, context: Vector, step: int = 0) -> Vector:
        """What a predictor says to a context whose right answer lies ``step`` places after the target."""
        nothing = np.zeros_like(self.chunks[0])
        right, after = self.at(step), self.at(step + 1)
        return unit(
            predict(context, nothing if right is None else right, nothing if after is None else after)
        )


def unit(vector: Vector) -> Vector:
    """Divided by its length, in float32 as there; zero stays zero."""
    return vector / (np.linalg.norm(vector) + np.float32(1e-9))


def cosine(first: Vector, second: Vector) -> float:
    """Cosine; 0 with a zero vector."""
    return float(unit(first) @ unit(second))


def offset_sweep(samples: Iterable[Article], predict: Predict) -> dict[str, float]:
    """A: the target is taken to be k = +1, one chunk after the true target."""
    found: dict[int, list[float]] = {k: [] for k in OFFSETS}
    for sample in samples:
        around = {k: sample.at(k) for k in OFFSETS}
        answer = sample.answer(predict, sample.context)
        if all(chunk is not None for chunk in around.values()):
            for k, chunk in around.items():
                found[k].append(cosine(answer, chunk) if chunk is not None else 0.0)
    means = {k: fmean(values) for k, values in found.items()}
    best = max(value for k, value in means.items() if k != PUBLISHED_TARGET)
    return {"cos": means[PUBLISHED_TARGET], "margin": means[PUBLISHED_TARGET] - best}


def retrieval(samples: Iterable[Article], predict: Predict) -> dict[str, float]:
    """B: rank 1 + the number of chunks of the article that are strictly closer."""
    ranks = []
    for sample in samples:
        answer = sample.answer(predict, sample.context)
        true = cosine(answer, sample.chunks[sample.target])
        ranks.append(1 + int((sample.chunks @ answer > true).sum()))
    return {
        "R@1": fmean(rank <= 1 for rank in ranks),
        "R@5": fmean(rank <= 5 for rank in ranks),
        "MRR": fmean(1 / rank for rank in ranks),
    }


def ablations(samples: Iterable[Article], predict: Predict) -> dict[str, float]:
    """C: the last chunk comes back when it is the one left out; "cross article" repeats the first chunk."""
    changes: dict[str, list[float]] = {name: [] for name in ABLATIONS}
    orders = random.Random(17)
    for sample in samples:
        context, target = sample.context, sample.chunks[sample.target]

        def cos(damaged: Vector, sample: Article = sample, target: Vector = target) -> float:
            return cosine(sample.answer(predict, damaged), target)

        before = cos(context)
        order = list(range(len(context)))
        orders.shuffle(order)
        left_out = [np.vstack([np.delete(context, i, axis=0), context[-1:]]) for i in range(len(context))]
        damaged = {
            "shuffled": [context[order]],
            "reverse": [context[::-1]],
            "loo_avg": left_out,
            "repeat_pad": [np.repeat(context[-1:], len(context), axis=0)],
            "cross_article": [np.vstack([context[:-1], context[:1]])],
        }
        for name, contexts in damaged.items():
            changes[name].append(fmean(cos(each) - before for each in contexts))
    return {name: fmean(values) for name, values in changes.items()}


def rollout(samples: Iterable[Article], predict: Predict) -> float:
    """D: step h predicts the chunk at target + h - 1 and is compared with the one at target + h."""
    found = []
    for sample in samples:
        wanted = [sample.at(step) for step in range(1, STEPS + 1)]
        if any(chunk is None for chunk in wanted):
            continue
        context, cosines = sample.context, []
        for step, chunk in enumerate(wanted):
            answer = sample.answer(predict, context, step)
            cosines.append(cosine(answer, chunk) if chunk is not None else 0.0)
            context = np.vstack([context[1:], answer])
        found.append(fmean(cosines))
    return fmean(found)


def normal_bin(samples: Iterable[Article], predict: Predict) -> float:
    """E: mean cosine of the contexts with a coherence of 0.45 to 0.55; more coherent ones are dropped."""
    found = []
    for sample in samples:
        coherence = fmean(cosine(a, b) for a, b in zip(sample.context, sample.context[1:], strict=False))
        if 0.45 <= coherence <= 0.55:
            found.append(cosine(sample.answer(predict, sample.context), sample.chunks[sample.target]))
    return fmean(found)


def judge(splits: Mapping[str, list[Article]], predict: Predict) -> tuple[dict[str, float], dict[str, bool]]:
    """Figures and gates of one predictor."""
    figures: dict[str, float] = {}
    for name, samples in splits.items():
        found = offset_sweep(samples, predict) | retrieval(samples, predict) | ablations(samples, predict)
        found |= {"rollout": rollout(samples, predict), "normal": normal_bin(samples, predict)}
        figures |= {f"{key} {name}": value for key, value in found.items()}

    def reached(*keys: str) -> bool:
        return all(figures[f"{key} {name}"] >= THRESHOLDS[name][key] for key in keys for name in splits)

    return figures, {
        "A": reached("cos", "margin"),
        "B": reached("R@1", "R@5", "MRR"),
        "C": all(figures[f"{key} {name}"] <= most for key, most in ABLATIONS.items() for name in splits),
        "D": reached("rollout"),
        "E": abs(figures["normal val"] - figures["normal ood"]) <= 0.05,
    }


def predictors(dataset: Dataset) -> dict[str, Predict]:
    """Name -> predictor."""
    mean: Vector = dataset.bank.vectors.mean(axis=0, dtype=np.float32)
    return {
        "the true target": lambda context, right, after: right,
        "the chunk after it": lambda context, right, after: after,
        "the last chunk read": lambda context, right, after: context[-1],
        "a constant": lambda context, right, after: mean,
        "zero": lambda context, right, after: np.zeros_like(mean),
        "not a number": lambda context, right, after: np.full_like(mean, np.nan),
    }


def samples_of(dataset: Dataset, split: str, count: int) -> list[Article]:
    """The first windows of a split."""
    bank, found = dataset.bank, []
    for last in dataset.splits[split].last_rows[:count]:
        first, end = int(bank.article_first[last]), int(bank.article_last[last]) + 1
        chunks: Vector = bank.vectors[first:end].astype(np.float32)
        context = chunks[last - first - dataset.window.context + 1 : last - first + 1]
        found.append(Article(chunks, int(last) + dataset.window.horizon - first, context))
    return found


def main() -> None:
    """Print the table."""
    dataset = open_source(Config()).dataset(Window(5, 1))
    splits = {name: samples_of(dataset, name, SAMPLES) for name in ("val", "ood")}
    rows = []
    for name, predict in predictors(dataset).items():
        figures, gates = judge(splits, predict)
        shown = [figures[f"{key} val"] for key in ("margin", "R@1", "loo_avg", "rollout", "normal")]
        rows.append(
            [name, *(f"{value:.3f}" for value in shown), " ".join(g for g, ok in gates.items() if ok)]
        )
    headers = ["answers with", "A margin", "B R@1", "C loo_avg", "D avg_cos", "E normal", "passes"]
    print(f"{SAMPLES} samples of val and of ood; figures of val")
    print(tabulate(rows, headers, disable_numparse=True))


if __name__ == "__main__":
    main()
