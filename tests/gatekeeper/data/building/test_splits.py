"""Which articles belong to which split: every form of ``--split``, and how shares are divided."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.config.articles import ArticleList
from gatekeeper.data.building.splits import SplitRequest, divide, parse_split, split_notes
from gates.bank import build_bank
from gates.contracts import Bank
from gates.seeded import hash_rows
from schemas.errors import DataError, UsageError
from schemas.records.splits import SPLITS


def bank_of(articles: int, *, first: int = 0, chunks: int = 2) -> Bank:
    ids = np.repeat(np.arange(first, first + articles), chunks)
    return build_bank(
        np.random.default_rng(0).standard_normal((len(ids), 3)),
        ids,
        np.tile(np.arange(chunks), articles),
        source="bank.npz",
    )


def shared(bank: Bank, shares: Mapping[str, float], *, seed: int = 0) -> dict[str, list[int]]:
    requests = [SplitRequest(name, None, share) for name, share in shares.items()]
    return {name: articles.tolist() for name, articles in divide(bank, requests, seed=seed).items()}


@pytest.mark.parametrize(
    ("text", "articles"),
    [
        ("train=0", ArticleList(((0, 0),))),
        ("val=0-3", ArticleList(((0, 3),))),
        ("ood=7,0-2,7", ArticleList(((0, 2), (7, 7)))),
        ("train= 3 , 5 - 6 ", ArticleList(((3, 3), (5, 6)))),
        ("train=2", ArticleList(((2, 2),))),
        ("train=10", ArticleList(((10, 10),))),
        ("train=01", ArticleList((), ("01",))),
        ("train=-3--1", ArticleList(((-3, -1),))),
        ('train=iris,"0.5"', ArticleList((), ("iris", "0.5"))),
    ],
)
def test_a_split_may_name_its_articles(text: str, articles: ArticleList) -> None:
    assert parse_split(text) == SplitRequest(text.partition("=")[0], articles, None)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("train=0.8", 0.8),
        ("train=.8", 0.8),
        ("val=0.05", 0.05),
        ("val=80%", 0.8),
        ("val=7%", 0.07),
        ("ood=2.5%", 0.025),
        ("ood=99.9%", 0.999),
        ("train=1.0", 1.0),
        ("train=1.", 1.0),
        ("train=1", 1.0),
    ],
)
def test_a_split_may_name_its_share(text: str, share: float) -> None:
    request = parse_split(text)
    assert (request.name, request.articles) == (text.partition("=")[0], None)
    assert request.share == pytest.approx(share, abs=1e-12)


def test_all_of_it_may_be_written_as_a_percentage() -> None:
    assert parse_split("train=100%").share == 1.0


NAMED = "expected NAME=ARTICLES or NAME=SHARE with NAME among train, select, val, ood"
LIST = "expected numbers and ranges such as 0-39,45, or names, found"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f"--split '': {NAMED}"),
        ("train", f"--split 'train': {NAMED}"),
        ("0-3", f"--split '0-3': {NAMED}"),
        ("=0-3", f"--split '=0-3': {NAMED}"),
        ("test=0-3", f"--split 'test=0-3': {NAMED}"),
        ("Train=0-3", f"--split 'Train=0-3': {NAMED}"),
        (" train=0-3", f"--split ' train=0-3': {NAMED}"),
        ("train:0-3", f"--split 'train:0-3': {NAMED}"),
        ("train=0.0", "--split 'train=0.0': a share must be above 0 and at most 1"),
        ("train=.0", "--split 'train=.0': a share must be above 0 and at most 1"),
        ("train=0%", "--split 'train=0%': a share must be above 0 and at most 1"),
        ("train=00.0%", "--split 'train=00.0%': a share must be above 0 and at most 1"),
        ("train=", f"article list '': {LIST} ''"),
        ("train=0,,3", f"article list '0,,3': {LIST} ''"),
        ('train="a', f"article list '\"a': {LIST} '\"a'"),
        (
            "train=5-3",
            "article list '5-3': range 5-3 runs backwards; write 3-5, or \"5-3\" in quotes if that is an id",
        ),
        (
            "train=0-99999999999",
            "article list '0-99999999999': range 0-99999999999 names more than 10000000 articles",
        ),
    ],
)
def test_anything_else_is_refused_with_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_split(text)
    assert str(refused.value) == message


@given(st.text(max_size=12))
def test_no_text_is_anything_but_a_split_or_a_usage_error(value: str) -> None:
    try:
        request = parse_split(f"train={value}")
    except UsageError:
        return
    forms = (request.articles, request.share, request.choice, request.rest or None)
    assert sum(form is not None for form in forms) == 1
    if request.choice is None and not request.rest:
        assert (request.articles or ArticleList()).size or 0 < (request.share or 0.0) <= 1


def test_named_articles_are_taken_as_they_are() -> None:
    found = divide(bank_of(10), [parse_split("val=4-6"), parse_split("train=9,0-1")], seed=3)
    assert {name: articles.tolist() for name, articles in found.items()} == {
        "val": [4, 5, 6],
        "train": [0, 1, 9],
    }


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        (("train=0-3", "train=4"), "--split train is given twice; join its articles with commas"),
        (("val=0.5", "val=0.2"), "--split val is given twice; join its articles with commas"),
        (("train=rest", "val=rest"), "--split train and val both take the rest; one can"),
        (("train=0.8", "val=0.3"), "the shares of --split add up to 1.1, more than 1"),
        (("train=1.0", "val=1%"), "the shares of --split add up to 1.01, more than 1"),
    ],
)
def test_requests_that_contradict_each_other_are_refused(splits: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError) as refused:
        divide(bank_of(10), [parse_split(text) for text in splits], seed=0)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (
            "val=8-11",
            "split 'val' names 2 article(s) that bank.npz lacks, first 10, 11; its articles are 0 to 9",
        ),
        ("ood=77", "split 'ood' names 1 article(s) that bank.npz lacks, first 77; its articles are 0 to 9"),
        (
            "ood=1.5",
            "split 'ood' names 1 article(s) that bank.npz lacks, first 1.5; its articles are 0 to 9, named "
            "by numbers and ranges such as 0-39,45",
        ),
        ("ood=4%", "split 'ood': a share of 0.04 of 10 articles is none; ask for more"),
    ],
)
def test_articles_that_are_not_there_are_refused(split: str, message: str) -> None:
    with pytest.raises(DataError) as refused:
        divide(bank_of(10), [parse_split(split)], seed=0)
    assert str(refused.value) == message


def test_a_missing_article_between_present_ones_is_noticed() -> None:
    bank = build_bank(np.eye(3), np.array([0, 2, 4]), np.zeros(3, int), source="bank.npz")
    with pytest.raises(DataError, match=r"names 2 article\(s\) that bank.npz lacks, first 1, 3; its art"):
        divide(bank, [parse_split("train=0-4")], seed=0)


SHARES = (
    {"train": 0.8, "val": 0.1, "ood": 0.1},
    {"train": 0.5, "val": 0.25},
    {"ood": 1 / 3, "val": 1 / 3, "train": 1 / 3},
    {"train": 1.0},
    {"train": 0.7, "val": 0.2, "ood": 0.1},
)


@pytest.mark.parametrize("shares", SHARES)
@pytest.mark.parametrize("count", [10, 23, 97])
def test_shares_are_disjoint_ascending_and_of_the_size_that_was_asked_for(
    shares: dict[str, float], count: int
) -> None:
    found = shared(bank_of(count, first=5), shares)
    assert list(found) == list(shares)
    every = [article for articles in found.values() for article in articles]
    assert len(every) == len(set(every))
    assert set(every) <= set(range(5, 5 + count))
    for name, articles in found.items():
        assert articles == sorted(articles)
        assert abs(len(articles) - shares[name] * count) <= 1
    assert len(every) == round(sum(shares.values()) * count)


@pytest.mark.parametrize("count", [10, 19, 99, 1000])
@pytest.mark.parametrize("shares", [each for each in SHARES if sum(each.values()) > 0.999])
def test_shares_that_add_up_to_one_leave_no_article_out(shares: dict[str, float], count: int) -> None:
    found = shared(bank_of(count), shares)
    assert sorted(article for articles in found.values() for article in articles) == list(range(count))


def test_shares_are_parts_of_a_seeded_order_of_all_articles() -> None:
    bank = bank_of(20)
    articles = np.arange(20)
    order = sorted(range(20), key=lambda a: int(hash_rows(articles, seed=7, stream="splits")[a]))
    found = shared(bank, {"val": 0.25, "train": 0.5}, seed=7)
    assert found == {"val": sorted(order[:5]), "train": sorted(order[5:15])}


def test_the_same_seed_gives_the_same_articles_and_another_seed_others() -> None:
    shares, bank = {"train": 0.5, "val": 0.5}, bank_of(40)
    divisions = [shared(bank, shares, seed=seed) for seed in range(6)]
    assert divisions == [shared(bank, shares, seed=seed) for seed in range(6)]
    assert len({tuple(each["train"]) for each in divisions}) == 6


def test_the_division_depends_on_the_articles_only() -> None:
    long, short = bank_of(30, chunks=7), bank_of(30, chunks=2)
    assert shared(long, SHARES[0]) == shared(short, SHARES[0])


def test_shares_do_not_follow_the_numbers_of_the_articles() -> None:
    found = shared(bank_of(200), {"train": 0.5, "val": 0.5})
    # The mean of 100 of 200 numbers has a standard error of about 4 around 99.5.
    assert abs(np.mean(found["train"]) - 99.5) < 16
    assert abs(np.mean([a % 2 for a in found["train"]]) - 0.5) < 0.2


@pytest.mark.parametrize("more", [1, 5, 20, 50])
@pytest.mark.parametrize("seed", range(3))
def test_a_bank_that_has_grown_is_divided_nearly_as_before(seed: int, more: int) -> None:
    shares = {"train": 0.8, "val": 0.1, "ood": 0.1}
    before, after = shared(bank_of(200), shares, seed=seed), shared(bank_of(200 + more), shares, seed=seed)
    # New articles move each of the two borders by at most their number; on average by far less.
    moved = {a for name in shares for a in before[name] if a not in after[name]}
    assert len(moved) <= 2 * more
    assert len(moved) <= 0.2 * 200
    assert sorted(a for each in after.values() for a in each) == list(range(200 + more))


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**31), st.floats(0.05, 0.95))
def test_growth_never_moves_more_articles_than_were_added(
    count: int, more: int, seed: int, share: float
) -> None:
    try:
        before = shared(bank_of(count), {"train": share}, seed=seed)["train"]
    except DataError:
        return  # a share of so few articles is none
    after = shared(bank_of(count + more), {"train": share}, seed=seed)["train"]
    old = [article for article in after if article < count]
    assert len(set(before) ^ set(old)) <= more
    # Whoever stays has not changed sides: one of the two is part of the other.
    assert set(before) <= set(old) or set(old) <= set(before)


# Choices, shares and the rest together.


def mixed(*splits: str, bank: Bank | None = None, **columns: tuple[str | None, ...]) -> dict[str, list[int]]:
    found = divide(bank or bank_of(20), [parse_split(each) for each in splits], seed=0, columns=columns)
    return {name: articles.tolist() for name, articles in found.items()}


def test_shares_are_of_what_lists_and_choices_leave_and_the_rest_takes_what_is_left() -> None:
    found = mixed("train=rest", "val=20%", "ood=glob:1?")
    assert list(found) == ["train", "val", "ood"]
    assert found["ood"] == list(range(10, 20))
    assert len(found["val"]) == 2
    assert sorted(found["val"] + found["train"]) == list(range(10))
    assert mixed("val=20%", "train=80%", "ood=10-19") == {**found, "val": found["val"]}


def test_the_rest_of_nothing_else_is_everything() -> None:
    assert mixed("train=rest") == {"train": list(range(20))}


def test_the_past_trains_and_the_future_is_ood() -> None:
    years = tuple(None if place % 10 == 9 else str(2000 + place) for place in range(20))
    found = mixed("train=rest", "val=0.25", "ood=date:year>=2015", year=years)
    assert found["ood"] == [15, 16, 17, 18]
    # Nobody knows whether 9 and 19 are of the past.
    assert sorted(found["val"] + found["train"]) == [*range(9), *range(10, 15)]


@pytest.mark.parametrize(
    ("splits", "line"),
    [
        (("ood=glob:x*",), "split 'ood': glob:x* takes no article of bank.npz; they are 0 to 19"),
        (("train=0-19", "val=rest"), "split 'val': the other splits leave no article"),
        (("train=0-18", "val=0.2"), "split 'val': a share of 0.2 of 1 articles is none; ask for more"),
        (("ood=column:x=y",), "bank.npz has no column 'x'; it has no columns"),
    ],
)
def test_a_split_without_articles_is_refused(splits: tuple[str, ...], line: str) -> None:
    with pytest.raises(DataError) as refused:
        mixed(*splits)
    assert str(refused.value) == line


def test_what_was_chosen_is_told_once() -> None:
    bank, columns = bank_of(20), {"day": ("2020", *[None] * 3, *["2021"] * 16)}
    requests = [parse_split(each) for each in ("train=rest", "val=10%", "select=5", "ood=date:day<2021")]
    found = divide(bank, requests, seed=0, columns=columns)
    assert split_notes(bank, requests, found, columns) == [
        "train: rest takes 13 of 20 articles",
        "ood: date:day<2021 takes 1 of 20 articles",
        "3 article(s) without a date are in no split that is not chosen or listed",
    ]


PARTS = st.sampled_from(
    ["0-4", "glob:1?", "glob:?", "0.3", "50%", "rest", "7,9", "column:c=a", "date:d<2005"]
)


@given(st.lists(PARTS, min_size=1, max_size=4, unique=True))
def test_shares_and_rest_never_take_what_others_have(parts: list[str]) -> None:
    columns = {
        "c": tuple("ab"[place % 2] for place in range(20)),
        "d": tuple(str(2000 + p) for p in range(20)),
    }
    requests = [parse_split(f"{name}={part}") for name, part in zip(SPLITS, parts, strict=False)]
    try:
        found = divide(bank_of(20), requests, seed=1, columns=columns)
    except (DataError, UsageError):
        return
    named = [request.name for request in requests if request.share is not None or request.rest]
    for name in named:
        others = {article for other in found if other != name for article in found[other].tolist()}
        assert not others.intersection(found[name].tolist())
    if any(request.rest for request in requests):
        assert {article for each in found.values() for article in each.tolist()} == set(range(20))
