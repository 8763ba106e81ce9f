"""What a list of articles means in banks whose ids are numbers, hashes and text."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from gatekeeper.config.articles import ArticleList, list_articles, parse_articles
from gatekeeper.config.file import load_config
from gatekeeper.config.written import write_config
from gatekeeper.data.article_lookup import find_articles, listed_articles
from gates.bank import outline_bank
from gates.contracts import ArticleId, Bank
from schemas.errors import DataError

BIG = 2**63


def bank_of(ids: Sequence[ArticleId]) -> Bank:
    return outline_bank(ids, np.zeros(len(ids), dtype=int), source="bank.npz")


NUMBERS: tuple[ArticleId, ...] = (-(2**63), -3, -2, -1, 0, 1, 2, 7, 2**63 - 1)
HASHES: tuple[ArticleId, ...] = (0, 1, 2, 5, BIG, BIG + 1, 2**64 - 1)
TEXT: tuple[ArticleId, ...] = ("007", "1", "10", "2", "2020-01", "a, b", "iris", "über")


@pytest.mark.parametrize(
    ("ids", "text", "expected"),
    [
        (NUMBERS, "-3--1,7", [-3, -2, -1, 7]),
        (NUMBERS, f"-{2**63},{2**63 - 1}", [-(2**63), 2**63 - 1]),
        (NUMBERS, "0-2,1-2,007", [0, 1, 2, 7]),
        (NUMBERS, '"7"', [7]),
        (HASHES, f"{2**64 - 1},0-2,{BIG}-{BIG + 1}", [0, 1, 2, BIG, BIG + 1, 2**64 - 1]),
        (HASHES, '005,"1"', [1, 5]),
        (TEXT, 'iris,"a, b", über', ["a, b", "iris", "über"]),
        (TEXT, '1-2,10,007,"2020-01"', ["007", "1", "10", "2", "2020-01"]),
        (TEXT, '"10"', ["10"]),
    ],
)
def test_listed_articles_are_found(ids: Sequence[ArticleId], text: str, expected: list[ArticleId]) -> None:
    bank = bank_of(ids)
    found = find_articles(bank, parse_articles(text), "val")
    assert [bank.id_of(number) for number in found] == expected


@pytest.mark.parametrize(
    ("ids", "text", "count", "first"),
    [
        (NUMBERS, "0-9", 6, "3, 4, 5, 6, 8"),
        (NUMBERS, f"{2**64}", 1, f"{2**64}"),
        (NUMBERS, "-9--4", 6, "-9, -8, -7, -6, -5"),
        (NUMBERS, "iris", 1, "iris"),
        (HASHES, f"4-5,{BIG + 2}", 2, f"4, {BIG + 2}"),
        (TEXT, "irsi", 1, "irsi"),
        (TEXT, "7,2020-2021", 3, "7, 2020, 2021"),
        (TEXT, "0010", 1, "0010"),
    ],
)
def test_what_the_bank_lacks_is_named(ids: Sequence[ArticleId], text: str, count: int, first: str) -> None:
    bank = bank_of(ids)
    with pytest.raises(DataError) as refused:
        find_articles(bank, parse_articles(text), "val")
    low, high = bank.id_of(np.unique(bank.articles)[0]), bank.id_of(np.unique(bank.articles)[-1])
    assert str(refused.value).startswith(
        f"split 'val' names {count} article(s) that bank.npz lacks, first {first}; its articles are {low} "
        f"to {high}"
    )


@pytest.mark.parametrize("ids", [NUMBERS, HASHES, TEXT, ("\\", 'say "hi"', "tab?", "日本", "😀", "x.npz")])
def test_a_configuration_reads_back_what_is_written_of_a_bank(
    ids: Sequence[ArticleId], tmp_path: Path
) -> None:
    bank = bank_of(ids)
    every = np.unique(bank.articles)
    spec = load_config(write_config(tmp_path, {"val": listed_articles(bank, every)})).data.val
    assert isinstance(spec, ArticleList)
    assert find_articles(bank, spec, "val").tolist() == every.tolist()
    again = parse_articles(str(list_articles([bank.id_of(number) for number in every])))
    assert find_articles(bank, again, "val").tolist() == every.tolist()


def test_a_huge_range_costs_nothing_in_a_small_bank() -> None:
    wanted = parse_articles(",".join(f"{start}-{start + 9_999_999}" for start in range(0, 10**9, 10**7)))
    with pytest.raises(DataError, match=r"names 999999993 article\(s\) that bank.npz lacks, first 3, 4, 5"):
        find_articles(bank_of((0, 1, 2, 7, 8, 9, 10)), wanted, "val")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("iriss", "; did you mean 'iris'?"), ("sunflower", ""), ("Iris", "; did you mean 'iris'?")],
)
def test_a_mistyped_name_is_told_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(DataError) as refused:
        find_articles(bank_of(["iris", "zinnia"]), parse_articles(name), "val")
    assert str(refused.value).endswith(f"its articles are iris to zinnia{hint}")
