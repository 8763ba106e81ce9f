"""Windows as text and the frontier, against a naive reading of the same data."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from gatekeeper.evaluation import illustrations
from gatekeeper.evaluation.extras import Absent, TextWindow
from gatekeeper.evaluation.illustrations import LONGEST, find_frontier, leaked_targets, text_windows
from gates.bank import build_bank
from gates.contracts import Bank, Dataset, Queries, Window
from gates.extremes import SHOWN
from gates.frontier import linear_frontier
from gates.options import Options
from gates.suite import Bench, Measurement, measure, prepare
from gates.windows import draw, make_dataset, window_rows
from schemas.records.answers import Format

ARTICLES, CHUNKS, WIDTH, CONTEXT, HORIZON = 12, 20, 8, 5, 2
SPLITS = {"train": np.arange(6), "val": np.arange(6, 9), "ood": np.arange(9, 12)}
OPTIONS = Options(min_samples=1, min_articles=1)


class Model:
    """Half copies the last chunk, half goes its own way."""

    name = "model"
    device = torch.device("cpu")
    weight_format: Format | None = None
    reads_targets = False

    def predict(self, queries: Queries) -> torch.Tensor:
        return queries.contexts[:, -1] + 0.8 * queries.contexts[:, 0].flip(1)


def quiet(count: int) -> None:
    """No progress."""


def make_bank(*, texts: bool = True) -> Bank:
    vectors = np.random.default_rng(7).standard_normal((ARTICLES * CHUNKS, WIDTH))
    written = [f"text {row}" for row in range(len(vectors))]
    written[150] = "x" * (LONGEST + 5)
    return build_bank(
        vectors,
        np.repeat(np.arange(ARTICLES), CHUNKS),
        np.tile(np.arange(CHUNKS), ARTICLES),
        source="bank.npz",
        texts=written if texts else None,
        titles={6: "Six", 7: "Seven"},
    )


def make_bench(dataset: Dataset | None = None) -> Bench:
    return prepare(dataset or make_data(make_bank()), OPTIONS, quiet)


def make_data(bank: Bank, splits: tuple[str, ...] = ("train", "val", "ood")) -> Dataset:
    rows = {name: window_rows(bank, SPLITS[name], Window(CONTEXT, HORIZON)) for name in splits}
    return make_dataset(bank, rows, Window(CONTEXT, HORIZON))


@pytest.fixture(scope="module")
def bench() -> Bench:
    return make_bench()


@pytest.fixture(scope="module")
def measured(bench: Bench) -> Measurement:
    return measure(bench, Model(), quiet)


def naive(bank: Bank, last: int) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], int]:
    """Cosines of a window's prediction with all rows, and its target."""
    context = bank.vectors[last - CONTEXT + 1 : last + 1].astype(np.float64)
    prediction = context[-1] + 0.8 * context[0][::-1]
    return bank.vectors @ prediction / np.linalg.norm(prediction), last + HORIZON


def place(row: int) -> str:
    return f"chunk {row % CHUNKS}"


def relation(row: int, target: int) -> str:
    if row == target:
        return f"{place(row)}, the true chunk itself"
    if target - HORIZON - CONTEXT < row <= target - HORIZON:
        return f"{place(row)}, part of the context"
    if row // CHUNKS == target // CHUNKS:
        return f"{place(row)} of the same article"
    article = row // CHUNKS
    return f"{place(row)} of another article, { {6: 'Six', 7: 'Seven'}.get(article, f'article {article}') }"


def check(window: TextWindow, bank: Bank, last: int) -> None:
    cosines, target = naive(bank, last)
    nearest = int(cosines.argmax())
    own = slice(target // CHUNKS * CHUNKS, (target // CHUNKS + 1) * CHUNKS)
    texts = bank.texts
    assert texts is not None
    assert window.cosine == pytest.approx(cosines[target], abs=1e-6)
    assert (window.article_rank, window.article_size) == ((cosines[own] >= cosines[target]).sum(), CHUNKS)
    assert (window.bank_rank, window.bank_size) == ((cosines >= cosines[target]).sum(), ARTICLES * CHUNKS)
    context = range(last - CONTEXT + 1, last + 1)
    assert [each.place for each in window.context] == [place(row) for row in context]
    assert [each.text for each in window.context if len(each.text) < 20] == [
        texts[row] for row in context if row != 150
    ]
    assert [each.text for each in window.skipped] == [texts[last + 1]] or last + 1 == 150
    assert window.target.place == place(target)
    assert window.nearest.place == relation(nearest, target)
    assert window.nearest_cosine == pytest.approx(cosines[nearest], abs=1e-6)
    article = target // CHUNKS
    assert window.title == {6: "Six", 7: "Seven"}.get(article, f"article {article}")


@pytest.mark.parametrize("split", ["val", "ood"])
def test_the_best_and_the_worst_are_those_a_naive_reading_finds(
    bench: Bench, measured: Measurement, split: str
) -> None:
    bank, rows = bench.dataset.bank, bench.sampled[split].tolist()
    found = text_windows(bench, measured)
    assert not isinstance(found, Absent)
    ordered = sorted(rows, key=lambda last: -naive(bank, last)[0][naive(bank, last)[1]])
    assert len(found[split].best) == len(found[split].worst) == SHOWN
    for window, last in zip(found[split].best, ordered, strict=False):
        check(window, bank, last)
    for window, last in zip(found[split].worst, reversed(ordered), strict=False):
        check(window, bank, last)


class First:
    """Answers with the first chunk of the article."""

    name = "first"
    device = torch.device("cpu")
    weight_format: Format | None = None
    reads_targets = True

    def __init__(self, bank: Bank) -> None:
        self.bank = bank

    def predict(self, queries: Queries) -> torch.Tensor:
        return torch.from_numpy(self.bank.vectors[self.bank.article_first[queries.target_rows]])


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("oracle", "chunk 1?[0-9], the true chunk itself"),
        ("copy_last", "chunk 1?[0-9], part of the context"),
        ("first", "chunk 0(, part of the context| of the same article)"),
    ],
)
def test_the_nearest_chunk_is_called_what_it_is(bench: Bench, who: str, words: str) -> None:
    predictor = First(bench.dataset.bank) if who == "first" else bench.controls[who]
    found = text_windows(bench, measure(bench, predictor, quiet))
    assert not isinstance(found, Absent)
    places = [window.nearest.place for split in found.values() for window in (*split.best, *split.worst)]
    assert len(places) == 40
    assert all(re.fullmatch(words, place) for place in places)
    assert who != "first" or any("same article" in place for place in places)


def test_a_long_chunk_is_cut_and_says_so(bench: Bench, measured: Measurement) -> None:
    found = text_windows(bench, measured)
    assert not isinstance(found, Absent)
    texts = [
        chunk.text
        for split in found.values()
        for window in (*split.best, *split.worst)
        for chunk in (*window.context, *window.skipped, window.target, window.nearest)
    ]
    long = {text for text in texts if len(text) > 20}
    assert long == {f"{'x' * LONGEST} … (5 more characters)"}


def test_a_bank_without_texts_has_none_to_show(bench: Bench, measured: Measurement) -> None:
    silent = replace(bench, dataset=replace(bench.dataset, bank=make_bank(texts=False)))
    assert text_windows(silent, measured) == Absent(
        "There are no texts to show: the bank holds vectors only."
    )


def test_few_windows_are_never_both_best_and_worst(bench: Bench, measured: Measurement) -> None:
    few = {split: rows[:3] for split, rows in bench.sampled.items()}
    small = replace(bench, sampled=few)
    found = text_windows(small, measure(small, Model(), quiet))
    assert not isinstance(found, Absent)
    assert [(len(split.best), len(split.worst)) for split in found.values()] == [(1, 1), (1, 1)]


# The frontier.


def test_the_frontier_is_measured_on_val_and_ood(bench: Bench) -> None:
    found = find_frontier(bench)
    assert not isinstance(found, Absent)
    assert list(found) == ["val", "ood"]
    for frontier in found.values():
        assert frontier.points[0].alpha == 0.0
        assert all(point.cos.value is not None for point in frontier.points)


def test_the_frontier_is_fitted_on_the_windows_of_the_ridge_control_and_measured_on_fewer(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(illustrations, "RIDGE_WINDOWS", 40)
    monkeypatch.setattr(illustrations, "FRONTIER_WINDOWS", 30)
    train = bench.dataset.splits["train"].last_rows
    expected = linear_frontier(
        bench.dataset.bank,
        draw(train, count=40, seed=OPTIONS.seed),
        {split: draw(rows, count=30, seed=OPTIONS.seed) for split, rows in bench.sampled.items()},
        Window(CONTEXT, HORIZON),
        confidence=OPTIONS.confidence,
        seed=OPTIONS.seed,
    )
    assert len(train) > 40
    assert min(len(rows) for rows in bench.sampled.values()) > 30
    assert find_frontier(bench) == expected


def test_without_train_there_is_no_frontier() -> None:
    bench = make_bench(make_data(make_bank(), ("val", "ood")))
    assert find_frontier(bench) == Absent(
        "There is no linear frontier: it is fitted on a train split, and the data have none."
    )


def test_a_train_split_that_cannot_be_fitted_is_said() -> None:
    bench = make_bench()
    split = bench.dataset.splits["train"]
    one = replace(split, last_rows=split.last_rows[:5])
    dataset = replace(bench.dataset, splits={**bench.dataset.splits, "train": one})
    found = find_frontier(replace(bench, dataset=dataset))
    assert found == Absent(
        "There is no linear frontier: choosing a regularisation needs windows of at least 2 articles, one to "
        "hold out; found 1."
    )


def test_leaked_targets_are_told_with_article_text_and_split() -> None:
    # Below 16 dimensions equal rows leak.
    bank = make_bank()
    vectors = bank.vectors.copy()
    vectors[7 * CHUNKS + 12], vectors[8 * CHUNKS + 9] = vectors[9 * CHUNKS + 3], vectors[2 * CHUNKS]
    copied = replace(bank, vectors=vectors)
    leaking = make_bench(make_data(copied))
    found = leaked_targets(leaking, measure(leaking, Model(), quiet))
    assert found.keys() == {"val"}
    pairs = [(each.target, each.other, each.split) for each in found["val"]]
    assert pairs == [(152, 183, "ood"), (169, 40, "train")]
    first = found["val"][0]
    assert (first.articles, first.titles, first.chunks) == ((7, 9), ("Seven", ""), (12, 3))
    assert first.texts == ("text 152", "text 183")


def test_where_nothing_leaks_nothing_is_told(bench: Bench, measured: Measurement) -> None:
    assert leaked_targets(bench, measured) == {}
