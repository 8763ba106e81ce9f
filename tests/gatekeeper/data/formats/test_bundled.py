"""What is bundled is what is said of it."""

import itertools
from collections import Counter

import numpy as np
import pytest

from gatekeeper.config.bundled import BUNDLED, Bundled
from gatekeeper.config.record import Config
from gatekeeper.config.sections import DataConfig
from gatekeeper.data.formats.bundled import BundledData, read_bundled
from gatekeeper.data.source import open_source
from gates.contracts import Bank, IntArray, Window

Speeches = tuple[Bank, dict[str, IntArray]]

OF_FIVE = ("Middlemarch", "Moby-Dick", "Pride and Prejudice", "Roderick Random", "Twenty Years After")
OF_OTHERS = ("A Tale of Two Cities", "Dracula", "Frankenstein", "The Enchanted April")


@pytest.fixture(scope="module")
def books() -> BundledData:
    return read_bundled("books")


@pytest.fixture(params=BUNDLED)
def any_of_them(request: pytest.FixtureRequest, books: BundledData, speeches: Speeches) -> BundledData:
    return books if request.param == "books" else BundledData(*speeches)


def test_size_and_content(speeches: Speeches) -> None:
    bank, splits = speeches
    assert (bank.rows, bank.dimension, len(np.unique(bank.articles))) == (9302, 384, 122)
    assert {name: len(articles) for name, articles in splits.items()} == {"train": 44, "val": 21, "ood": 57}
    assert bank.texts is not None
    assert "Speaker, Mr. President, Members of the Congress" in bank.texts[0]
    assert bank.titles[0] == "1945-Truman"


@pytest.mark.parametrize(("distance", "expected"), [(1, 0.4228), (2, 0.3611), (3, 0.3332)])
def test_known_mean_cosines(speeches: Speeches, distance: int, expected: float) -> None:
    # The published values are of float32 vectors; storing float16 moves the fourth digit.
    bank, _ = speeches
    cosines = [
        float(bank.vectors[row].astype(float) @ bank.vectors[row + distance].astype(float))
        for row in range(bank.rows - distance)
        if bank.articles[row] == bank.articles[row + distance]
    ]
    assert np.mean(cosines) == pytest.approx(expected, abs=2e-4)


def test_splits_are_disjoint_and_val_mixes_with_train(speeches: Speeches) -> None:
    bank, splits = speeches
    together = np.concatenate(list(splits.values()))
    assert sorted(together.tolist()) == np.unique(bank.articles).tolist()
    years = {
        name: [int(bank.titles[int(article)][:4]) for article in articles]
        for name, articles in splits.items()
    }
    assert min(years["ood"]) == 1789
    assert min(years["train"] + years["val"]) == 1945
    # Every era is in both: no ten years of train without an address in val.
    assert max(np.diff(sorted(years["val"]))) <= 10


def book_of(bank: Bank, article: int) -> str:
    return bank.titles[article].partition(" #")[0]


def test_size_and_content_of_the_books(books: BundledData) -> None:
    bank, splits = books.bank, books.splits
    sizes = {name: len(articles) for name, articles in splits.items()}
    assert sizes == {"train": 229, "val": 44, "ood": 44, "strangers": 40}
    strange = np.isin(bank.articles, splits["strangers"])
    assert (int((~strange).sum()), int(strange.sum()), bank.dimension) == (15_905, 2_328, 384)
    lengths = np.unique(bank.articles, return_counts=True)[1]
    assert (int(lengths.min()), int(lengths.max())) == (30, 66)
    assert bank.texts is not None
    assert bank.titles[356] == "Frankenstein #25"
    assert bank.texts[int(bank.article_first[-1])].startswith("Chapter 22 The voyage came to an end.")


def test_each_book_has_as_many_chapters_in_val_as_at_its_end_in_ood(books: BundledData) -> None:
    bank, splits = books.bank, books.splits
    chapters = {name: Counter(book_of(bank, int(each)) for each in splits[name]) for name in splits}
    assert tuple(sorted(chapters["train"])) == OF_FIVE
    assert chapters["val"] == chapters["ood"]
    for book in OF_FIVE:
        count = sum(chapters[name][book] for name in ("train", "val", "ood"))
        assert chapters["ood"][book] == count * 15 // 100
        of_book = [each for name in splits for each in splits[name] if book_of(bank, int(each)) == book]
        assert sorted(of_book)[-chapters["ood"][book] :] == [
            each for each in splits["ood"] if book_of(bank, int(each)) == book
        ]
    assert chapters["strangers"] == dict.fromkeys(OF_OTHERS, 10)


def test_no_two_splits_share_an_article_and_every_article_has_one(any_of_them: BundledData) -> None:
    together = np.concatenate(list(any_of_them.splits.values()))
    assert sorted(together.tolist()) == np.unique(any_of_them.bank.articles).tolist()


def test_rows_have_length_one_and_texts(any_of_them: BundledData) -> None:
    bank = any_of_them.bank
    assert np.abs(np.linalg.norm(bank.vectors.astype(np.float64), axis=1) - 1).max() < 1e-6
    assert bank.texts is not None
    assert len(bank.texts) == bank.rows
    assert all(text.strip() for text in itertools.islice(bank.texts, 0, None, 7))


def test_a_split_may_be_what_came_under_another_name(books: BundledData) -> None:
    source = open_source(Config(data=DataConfig(bank=Bundled("books"))))
    assert list(source.splits) == ["train", "val", "ood"]
    assert source.spare["strangers"].tolist() == books.splits["strangers"].tolist()


@pytest.mark.parametrize("horizon", [1, 2])
@pytest.mark.parametrize("name", BUNDLED)
def test_windows_stay_in_their_article_and_run(name: str, horizon: int) -> None:
    dataset = open_source(Config(data=DataConfig(bank=Bundled(name)))).dataset(Window(5, horizon))
    bank = dataset.bank
    seen: dict[int, str] = {}
    for name, split in dataset.splits.items():
        for row in split.last_rows.tolist():
            window = [*range(row - 4, row + 1), row + horizon]
            articles = {int(bank.articles[place]) for place in window}
            assert len(articles) == 1
            chunks = bank.chunks[window]
            assert chunks.tolist() == [chunks[0] + step for step in (0, 1, 2, 3, 4, 4 + horizon)]
            assert seen.setdefault(articles.pop(), name) == name
