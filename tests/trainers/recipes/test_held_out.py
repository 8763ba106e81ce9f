"""Articles of train that choose the epochs: how many, which, and when there are none."""

import numpy as np
import pytest

from gates.bank import build_bank
from gates.contracts import Dataset, Window
from gates.options import Options
from gates.windows import make_dataset, window_rows
from trainers.recipes.held_out import with_select

OPTIONS = Options(min_samples=1, min_articles=5)


def data(articles: int, chunks: int = 8, **splits: range) -> Dataset:
    """So many articles of train, and ten more; a window of 3 chunks has its target 1 further on."""
    total = articles + 10
    vectors = np.random.default_rng(0).standard_normal((total * chunks, 4))
    owners, places = np.repeat(np.arange(total), chunks), np.tile(np.arange(chunks), total)
    bank = build_bank(vectors, owners, places, source="bank")
    named = {"train": range(articles), **splits}
    rows = {name: window_rows(bank, np.array(members), Window(3, 1)) for name, members in named.items()}
    return make_dataset(bank, rows, Window(3, 1))


def articles_of(dataset: Dataset, split: str) -> set[int]:
    return set(dataset.bank.articles[dataset.splits[split].last_rows].tolist())


@pytest.mark.parametrize(
    ("articles", "least", "held"),
    [(24, 5, 8), (80, 5, 8), (120, 5, 12), (125, 5, 12), (60, 15, 15), (45, 15, 15)],
)
def test_a_tenth_is_held_out_and_at_least_eight(articles: int, least: int, held: int) -> None:
    dataset = data(articles)
    found = with_select(dataset, Options(min_samples=1, min_articles=least), seed=0)
    chosen, rest = articles_of(found, "select"), articles_of(found, "train")
    assert (len(chosen), len(rest)) == (held, articles - held)
    assert chosen | rest == set(range(articles))
    rows = np.concatenate([found.splits[name].last_rows for name in ("train", "select")])
    assert np.array_equal(np.sort(rows), dataset.splits["train"].last_rows)


@pytest.mark.parametrize(
    ("dataset", "options"),
    [
        (data(23), OPTIONS),
        (data(44), Options(min_samples=1, min_articles=15)),
        (data(30, select=range(30, 33)), OPTIONS),
        (data(30), Options(min_samples=41, min_articles=5)),  # 8 articles of 5 windows
        (data(30), Options(min_samples=17, min_articles=5, max_per_article=2)),
    ],
)
def test_nothing_is_held_out_where_there_is_a_split_for_it_or_too_little(
    dataset: Dataset, options: Options
) -> None:
    assert with_select(dataset, options, seed=0) is dataset


def test_each_seed_holds_out_others_and_the_same_again() -> None:
    held = [articles_of(with_select(data(60), OPTIONS, seed=seed), "select") for seed in (0, 1, 0)]
    assert held[0] == held[2] != held[1]
