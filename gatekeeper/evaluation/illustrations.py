"""What a page shows of the data, measured while they are loaded: the linear frontier, windows as text."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gatekeeper.data.audit.leaked_targets import Found, splits_of, worst_leaks
from gatekeeper.evaluation.extras import Absent, Chunk, Extras, TextWindow, TextWindows, Training
from gates.contracts import Bank, FloatArray, IntArray, Window
from gates.fitting_windows import RIDGE_WINDOWS
from gates.frontier import linear_frontier
from gates.suite import Bench, Measurement
from gates.windows import context_rows, draw
from schemas.errors import DataError
from schemas.records.audit import FrontierOfSplit, LeakedTarget
from schemas.records.metrics import DATA
from schemas.records.splits import EVALUATED, TRAIN

FRONTIER_WINDOWS = 10_000
"""At most this many seeded windows are measured; as many are fitted as for the ridge control."""

LONGEST = 2_000
"""Characters of a chunk that are shown."""

_BLOCK = 65_536


def illustrate(
    bench: Bench, measurement: Measurement, *, training: Training | Absent | None, run: str
) -> Extras:
    """Everything that only the data and the measurement can tell, beside the training of the model.

    Args:
        bench: data and samples of the evaluation.
        measurement: the model's scores on the bench's samples.
        training: the run that made the model, None where it had no epochs.
        run: its name, "" where it has none.
    """
    return Extras(
        frontier=find_frontier(bench),
        windows=text_windows(bench, measurement),
        training=training,
        run=run,
        leaks=leaked_targets(bench, measurement),
    )


def leaked_targets(bench: Bench, measurement: Measurement) -> Mapping[str, tuple[LeakedTarget, ...]]:
    """The worst leaked targets of each split that has some."""
    bank, horizon = bench.dataset.bank, bench.dataset.window.horizon
    splits = splits_of(
        {name: np.unique(bank.articles[split.last_rows]) for name, split in bench.dataset.splits.items()}
    )
    found = {}
    for split, rows in bench.sampled.items():
        arrays = measurement.samples[split][DATA].arrays
        pairs = Found(rows + horizon, arrays["row"], arrays["cosine"], arrays["centred"])
        found[split] = worst_leaks(bank, pairs, splits)
    return {split: worst for split, worst in found.items() if worst}


def find_frontier(bench: Bench) -> Mapping[str, FrontierOfSplit] | Absent:
    """The linear frontier, fitted on train and measured on the samples of the evaluation."""
    dataset, options = bench.dataset, bench.options
    if TRAIN not in dataset.splits:
        return Absent("There is no linear frontier: it is fitted on a train split, and the data have none.")
    fitted = draw(dataset.splits[TRAIN].last_rows, count=RIDGE_WINDOWS, seed=options.seed)
    tests = {
        name: draw(rows, count=FRONTIER_WINDOWS, seed=options.seed) for name, rows in bench.sampled.items()
    }
    try:
        return linear_frontier(
            dataset.bank,
            fitted,
            tests,
            dataset.window,
            confidence=options.confidence,
            seed=options.seed,
        )
    except DataError as error:
        return Absent(f"There is no linear frontier: {' '.join(str(error).split())}.")


def text_windows(bench: Bench, measurement: Measurement) -> Mapping[str, TextWindows] | Absent:
    """The windows of each split with the highest and the lowest cosine to the target, as text."""
    if bench.dataset.bank.texts is None:
        return Absent("There are no texts to show: the bank holds vectors only.")
    return {split: _of_split(bench, measurement, split) for split in EVALUATED}


def _of_split(bench: Bench, measurement: Measurement, split: str) -> TextWindows:
    cosines = measurement.samples[split]["bins_delta"].arrays["cos"]
    dataset, extremes = bench.dataset, measurement.extremes[split]
    chosen = np.concatenate([extremes.best, extremes.worst])
    rows, similarity = _nearest(extremes.predictions, dataset.bank)
    ranks = measurement.samples[split]["retrieval"].arrays
    windows = [
        _Reader(dataset.bank, dataset.window).window(
            int(bench.sampled[split][sample]),
            cosine=float(cosines[sample]),
            ranks=tuple(
                int(ranks[f"{pool}.{what}"][sample])
                for pool in ("article", "bank")
                for what in ("rank", "size")
            ),
            nearest=int(row),
            nearest_cosine=float(near),
        )
        for sample, row, near in zip(chosen, rows, similarity, strict=True)
    ]
    shown = len(extremes.best)
    return TextWindows(best=tuple(windows[:shown]), worst=tuple(windows[shown:]))


def _nearest(predictions: FloatArray, bank: Bank) -> tuple[IntArray, FloatArray]:
    """Row of the bank closest to each prediction (m, D), the first of equals, and its cosine."""
    rows = np.zeros(len(predictions), dtype=np.int64)
    best = np.full(len(predictions), -np.inf, dtype=np.float32)
    for start in range(0, bank.rows, _BLOCK):
        found = predictions @ bank.vectors[start : start + _BLOCK].T
        place = found.argmax(axis=1)
        value = found[np.arange(len(found)), place]
        better = value > best
        rows[better], best[better] = place[better] + start, value[better]
    return rows, best


@dataclass(frozen=True, eq=False)
class _Reader:
    """Rows of a bank as text."""

    bank: Bank
    shape: Window

    def window(
        self, last: int, *, cosine: float, ranks: tuple[int, ...], nearest: int, nearest_cosine: float
    ) -> TextWindow:
        target = last + self.shape.horizon
        rows = context_rows(np.array([last]), self.shape.context)[0].tolist()
        article_rank, article_size, bank_rank, bank_size = ranks
        return TextWindow(
            title=self._title(target),
            cosine=cosine,
            article_rank=article_rank,
            article_size=article_size,
            bank_rank=bank_rank,
            bank_size=bank_size,
            context=tuple(self._chunk(row) for row in rows),
            skipped=tuple(self._chunk(row) for row in range(last + 1, target)),
            target=self._chunk(target),
            nearest=Chunk(self._text(nearest), self._relation(nearest, target, rows)),
            nearest_cosine=nearest_cosine,
        )

    def _chunk(self, row: int) -> Chunk:
        return Chunk(self._text(row), self._place(row))

    def _text(self, row: int) -> str:
        texts = self.bank.texts
        text = "" if texts is None else texts[row]
        return text if len(text) <= LONGEST else f"{text[:LONGEST]} … ({len(text) - LONGEST} more characters)"

    def _place(self, row: int) -> str:
        return f"chunk {int(self.bank.chunks[row])}"

    def _title(self, row: int) -> str:
        article = int(self.bank.articles[row])
        return self.bank.titles.get(article) or f"article {self.bank.id_of(article)}"

    def _relation(self, row: int, target: int, context: list[int]) -> str:
        place = self._place(row)
        if row == target:
            return f"{place}, the true chunk itself"
        if row in context:
            return f"{place}, part of the context"
        if self.bank.articles[row] == self.bank.articles[target]:
            return f"{place} of the same article"
        return f"{place} of another article, {self._title(row)}"
