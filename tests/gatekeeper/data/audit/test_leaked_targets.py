"""The worst leaks in words."""

import numpy as np
import pytest

from gatekeeper.data.audit.leaked_targets import SHOWN, Found, splits_of, worst_leaks
from gates.bank import build_bank
from schemas.records.audit import LeakedTarget
from tests.gatekeeper.data.audit.audits import audited, bank_of, with_copies

TEXTS = [f"chunk\n {row} " + "x" * 500 for row in range(40)]


def test_they_are_told_nearest_first_by_article_and_text() -> None:
    rows = np.random.default_rng(0).standard_normal((40, 6))
    bank = build_bank(
        rows,
        [f"a{row // 10}" for row in range(40)],
        np.arange(40) % 10,
        source="x",
        texts=TEXTS,
        titles={"a3": "T\nt"},
    )
    found = Found(
        np.array([3, 4, 5, 6]),
        np.array([30, -1, 11, 12]),
        np.array([0.99, -1.0, 1.0, 0.99]),
        np.array([0.98, -1.0, 1.0 + 1e-15, 0.985]),
    )
    worst = worst_leaks(bank, found, {1: "train"})
    assert [(each.target, each.other, each.cosine) for each in worst] == [
        (5, 11, 1.0),
        (3, 30, 0.99),
        (6, 12, 0.99),
    ]
    text = ("chunk 3 " + "x" * 400)[:400]
    assert worst[1] == LeakedTarget(
        3, 30, 0.99, 0.98, ("a0", "a3"), ("", "T t"), (3, 0), "", (text, ("chunk 30 " + "x" * 400)[:400])
    )
    assert (worst[0].split, worst[0].centred) == ("train", 1.0)


def test_of_many_the_first_ten_are_told() -> None:
    bank = build_bank(np.eye(40), np.arange(40) // 20, np.arange(40) % 20, source="x")
    found = Found(np.arange(20), np.arange(20, 40), np.ones(20), np.ones(20))
    worst = worst_leaks(bank, found, {})
    assert [each.target for each in worst] == list(range(SHOWN))
    assert worst[0].texts == worst[0].titles == ("", "")


def test_an_article_is_known_by_its_split() -> None:
    assert splits_of({"train": np.array([1, 2]), "val": np.array([5])}) == {1: "train", 2: "train", 5: "val"}


@pytest.mark.parametrize(("count", "blocked"), [(35, False), (45, True)])
def test_an_audit_tells_them_and_says_where_the_policy_would_block(count: int, blocked: bool) -> None:
    # 12 articles of val have 55 targets each; of the copied rows the first five are none.
    clean = bank_of(np.random.default_rng(0).standard_normal((3600, 32)))
    found = audited(with_copies(clean, train=3, val=40, count=count))
    leaked = found.leaked["val"]
    assert (leaked.share.n, round((leaked.share.value or 0) * 660)) == (660, count - 5)
    assert [(each.target, each.other) for each in leaked.worst] == [
        (40 * 60 + place, 3 * 60 + place) for place in range(5, 15)
    ]
    assert {each.split for each in leaked.worst} == {"train"}
    assert (found.leaked["ood"].share.value, found.leaked["ood"].worst) == (0.0, ())
    told = f"val leaks: {count - 5} of 660 targets ({(count - 5) / 660:.1%}) lie in articles outside it too"
    sentence = f"{told}, the policy seed-5cat allows 5.0%"
    assert (sentence in found.problems) is blocked
