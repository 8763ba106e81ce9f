"""What an audit calls a problem, and what it says in words."""

import functools
import math
from dataclasses import replace

import numpy as np
import pytest

from gatekeeper.data.audit import audit as auditing
from gatekeeper.data.audit import findings as audit_verdict
from gatekeeper.data.audit.leakage import find_leakage
from gatekeeper.data.audit.near_pairs import WORK
from gatekeeper.data.synthetic.worlds import FORWARD, TRAP, build_world
from gates.bank import build_bank
from gates.contracts import Bank, IntArray
from schemas.errors import DataError
from schemas.reading.codec import encode
from schemas.reading.policy import load_policy
from schemas.reading.schema import violation
from schemas.records.audit import (
    HeldOut,
    LeakSearch,
)
from tests.gatekeeper.data.audit.audits import (
    CHUNKS,
    GAPPED,
    SPLITS,
    UNDEMANDING,
    audited,
    bank_of,
    figures,
    with_copies,
)

# Problems.


SEEN = "leaks: 55 of 660 targets (8.3%) lie in articles outside it too, the policy seed-5cat allows 5.0%"


def test_sound_splits_have_no_problem(forward: Bank) -> None:
    found = audited(forward)
    assert found.problems == ()
    assert found.leaks == LeakSearch(
        3600,
        0.98,
        found.leaks.usual,
        None,
        {"train": HeldOut(2160, 0), "val": HeldOut(720, 0), "ood": HeldOut(720, 0)},
        (),
        0,
    )


def test_a_split_that_an_evaluation_will_refuse_is_a_problem(forward: Bank) -> None:
    policy = load_policy("seed-5cat").policy
    splits = {"train": np.arange(2), "val": np.arange(36, 40), "ood": np.arange(40, 45)}
    found = audited(forward, splits, policy=policy)
    assert found.problems[0] == "val has 4 articles, the policy seed-5cat needs at least 5"
    assert not any("ood has" in problem for problem in found.problems)


@pytest.mark.parametrize(
    ("size", "problems"),
    [
        ((100, 5), []),
        ((99, 5), ["val has 99 windows, the policy seed-5cat needs at least 100"]),
        ((100, 4), ["val has 4 articles, the policy seed-5cat needs at least 5"]),
        (
            (0, 0),
            [
                "val has 0 windows, the policy seed-5cat needs at least 100",
                "val has 0 articles, the policy seed-5cat needs at least 5",
            ],
        ),
    ],
)
def test_small_is_what_the_policy_calls_small(size: tuple[int, int], problems: list[str]) -> None:
    assert list(audit_verdict.find_small({"val": size}, load_policy("seed-5cat").policy)) == problems


def test_a_train_article_in_val_under_another_number_is_a_problem(forward: Bank) -> None:
    found = audited(with_copies(forward, train=3, val=40, count=60))
    assert found.problems == (
        "val leaks: 60 of 720 chunks (8.3%) have a near duplicate in another split",
        "article 3 (train) and article 40 (val) share 60 chunks, 100% of one of them",
        f"val {SEEN}",
    )
    assert found.leaks.splits["train"] == HeldOut(2160, 60)
    (pair,) = found.leaks.pairs
    assert (pair.first, pair.second, pair.splits, pair.shared, pair.share) == (
        3,
        40,
        ("train", "val"),
        60,
        1.0,
    )


@pytest.mark.parametrize(
    ("count", "problems"),
    [
        (3, ()),  # 0.42% of 720
        (4, ("val leaks: 4 of 720 chunks (0.6%) have a near duplicate in another split",)),
        (11, ("val leaks: 11 of 720 chunks (1.5%) have a near duplicate in another split",)),
        (
            12,  # a fifth of an article
            (
                "val leaks: 12 of 720 chunks (1.7%) have a near duplicate in another split",
                "article 0 (train) and article 36 (val) share 12 chunks, 20% of one of them",
            ),
        ),
    ],
)
def test_leaks_are_problems_from_half_a_percent_of_a_split_or_a_fifth_of_an_article(
    forward: Bank, count: int, problems: tuple[str, ...]
) -> None:
    assert audited(with_copies(forward, train=0, val=36, count=count)).problems == problems


def test_leaks_between_val_and_ood_are_told_of_both(forward: Bank) -> None:
    found = audited(with_copies(forward, train=41, val=50, count=60))
    assert found.problems == (
        "val leaks: 60 of 720 chunks (8.3%) have a near duplicate in another split",
        "ood leaks: 60 of 720 chunks (8.3%) have a near duplicate in another split",
        "article 41 (val) and article 50 (ood) share 60 chunks, 100% of one of them",
        f"val {SEEN}",
        f"ood {SEEN}",
    )


def test_copies_within_train_are_no_problem(forward: Bank) -> None:
    found = audited(with_copies(forward, train=3, val=4, count=60))
    assert found.problems == ()
    assert [(pair.first, pair.second, pair.splits) for pair in found.leaks.pairs] == [
        (3, 4, ("train", "train"))
    ]


@pytest.mark.parametrize("splits", [{"val": np.arange(35, 48)}, {"ood": np.arange(47, 60)}])
def test_an_article_that_two_splits_share_is_a_problem_or_refused(
    forward: Bank, splits: dict[str, IntArray]
) -> None:
    try:
        problems = audited(forward, SPLITS | splits).problems
    except DataError:
        return
    assert problems


@pytest.mark.parametrize("work", [WORK, 0.0])
def test_one_common_chunk_is_no_repeated_article(
    forward: Bank, monkeypatch: pytest.MonkeyPatch, work: float
) -> None:
    # One chunk of 60, whether all are compared with all or the bank is divided.
    monkeypatch.setattr(auditing, "find_leakage", functools.partial(find_leakage, work=work))
    found = audited(with_copies(forward, train=3, val=40, count=1))
    assert found.problems == ()
    assert found.leaks.splits["val"] == HeldOut(720, 1)
    assert (found.leaks.lists is None) == (work > 0)


def noisy_bank() -> Bank:
    return bank_of(np.random.default_rng(0).standard_normal((60 * CHUNKS, 8)))


@pytest.mark.parametrize("count", [2, 3])
def test_too_few_articles_cannot_decide_a_margin(count: int) -> None:
    splits = {"train": np.arange(36), "val": np.arange(36, 36 + count), "ood": np.arange(40, 60)}
    found = audited(noisy_bank(), splits)
    margin = found.frontier["val"].points[0].margin
    assert margin.low is not None
    assert margin.high is not None
    assert found.problems[0] == (
        "val cannot decide a margin of 0.05: the interval of a linear model's margin is "
        f"{margin.high - margin.low:.3f} wide with {count} articles; add articles"
    )


def test_one_article_leaves_the_width_of_the_interval_unknown(forward: Bank) -> None:
    found = audited(forward, {"train": np.arange(36), "val": np.array([40])})
    assert found.problems == (
        "val cannot decide a margin of 0.05: the interval of a linear model's margin is unknown wide with "
        "1 articles; add articles",
    )
    assert found.direction == "none"


def test_an_interval_as_wide_as_the_margin_decides_and_a_wider_one_does_not(
    forward: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    margin = audited(forward).frontier["val"].points[0].margin
    assert margin.low is not None
    assert margin.high is not None
    width = margin.high - margin.low
    splits = {name: SPLITS[name] for name in ("train", "val")}
    for limit, problems in ((width, 0), (math.nextafter(width, 0.0), 1)):
        monkeypatch.setattr(audit_verdict, "MARGIN", limit)
        assert len(audited(forward, splits).problems) == problems


# Findings.


def test_what_a_linear_model_can_buy_is_told_of_each_split() -> None:
    found = audited(build_world(TRAP, source="trap"), horizon=2)
    for name, finding in zip(("val", "ood"), found.findings[1:3], strict=True):
        split = found.frontier[name]
        point = next(p for p in split.points if (p.margin.value or 0.0) >= 0.05)
        assert point.alpha == 0.75
        assert finding == (
            f"{name}: a linear model reaches margin 0.05 at alpha 0.75 with cosine {point.cos.value:.3f} "
            f"(constant {split.constant_cos.value:.3f})"
        )


def test_what_no_linear_model_can_buy_is_told_with_the_best_margin() -> None:
    found = audited(noisy_bank())
    split = found.frontier["val"]
    best = max(split.points, key=lambda point: point.margin.value or 0.0)
    assert found.findings[1] == (
        "val: no linear model of the family reaches margin 0.05 with a cosine above the constant's "
        f"{split.constant_cos.value:.3f}; the best margin is {best.margin.value:.3f} at cosine "
        f"{best.cos.value:.3f}"
    )


def test_a_margin_below_the_cosine_of_a_constant_is_not_bought() -> None:
    # A common part in all chunks: a constant is close to everything, and pushing away loses it first.
    world = build_world(replace(FORWARD, rho=0.5), source="x").vectors.astype(np.float64)
    found = audited(bank_of(world + 1.2 * np.eye(64)[0]))
    for name, finding in zip(("val", "ood"), found.findings[1:3], strict=True):
        split = found.frontier[name]
        constant = split.constant_cos.value or 0.0
        best = max(split.points, key=lambda point: point.margin.value or 0.0)
        assert (best.margin.value or 0.0) > 0.05
        assert 0.0 < (best.cos.value or 0.0) < constant
        assert finding == (
            f"{name}: no linear model of the family reaches margin 0.05 with a cosine above the constant's "
            f"{constant:.3f}; the best margin is {best.margin.value:.3f} at cosine {best.cos.value:.3f}"
        )


@pytest.mark.parametrize(
    "named", [{}, {"val": np.arange(36, 48)}, {"val": np.arange(9), "ood": np.arange(9, 18)}]
)
def test_without_a_train_split_half_of_the_articles_are_held_out(
    forward: Bank, named: dict[str, IntArray]
) -> None:
    found = audited(forward, named)
    assert list(found.frontier) == ["held-out half"]
    assert found.frontier["held-out half"].points[0].margin.articles == 30
    assert figures(found)["seed delta"].metric.articles == 30
    assert (
        found.findings[-1] == "no train split is named: half of the articles, by a seeded hash, were held out"
    )
    assert sorted(found.leaks.splits) == sorted(named)
    assert violation("audit", encode(found, where="audit")) is None


def test_the_half_that_is_held_out_is_seeded_and_never_fitted(forward: Bank) -> None:
    halves = [audited(forward, {}, seed=seed) for seed in (0, 0, 1)]
    assert halves[0] == halves[1]
    assert figures(halves[0])["seed delta"] != figures(halves[2])["seed delta"]


def test_with_train_alone_half_of_all_articles_are_held_out_too(forward: Bank) -> None:
    found = audited(forward, {"train": np.arange(36)})
    assert list(found.frontier) == ["held-out half"]
    assert found.frontier["held-out half"].points[0].margin.articles == 30


def test_with_train_alone_the_halving_is_told(forward: Bank) -> None:
    found = audited(forward, {"train": np.arange(36)})
    assert any("half of the articles" in finding for finding in found.findings)


def test_three_articles_are_too_few_to_halve(forward: Bank) -> None:
    with pytest.raises(DataError) as refused:
        audited(bank_of(forward.vectors[: 3 * CHUNKS].astype(np.float64)), {})
    assert str(refused.value) == (
        "an audit needs at least 4 articles, two to fit and two to hold out; found 3"
    )
    four = audited(bank_of(forward.vectors[: 4 * CHUNKS].astype(np.float64)), {})
    assert four.frontier["held-out half"].points[0].margin.articles == 2


@pytest.mark.parametrize(
    ("context", "horizon", "splits", "message"),
    [
        (60, 1, SPLITS, "no window of 60 chunks with a target 1 further on in 36 article(s)"),
        (5, 56, SPLITS, "no window of 5 chunks with a target 56 further on in 36 article(s)"),
        (60, 1, {}, "no window of 60 chunks with a target 1 further on in 30 article(s)"),
    ],
)
def test_data_without_a_window_is_refused(
    forward: Bank, context: int, horizon: int, splits: dict[str, IntArray], message: str
) -> None:
    with pytest.raises(DataError) as refused:
        audited(forward, splits, context=context, horizon=horizon)
    assert str(refused.value) == message


def test_data_without_a_window_to_fit_the_frontier_on_is_refused(forward: Bank) -> None:
    # Twelve chunks, context 11: every window lacks the chunk after its target.
    rows = forward.vectors[: 12 * 12]
    bank = build_bank(rows, np.repeat(np.arange(12), 12), np.tile(np.arange(12), 12), source="short")
    with pytest.raises(DataError):
        audited(bank, GAPPED, context=11)


@pytest.mark.parametrize("most", [None, 20])
def test_an_article_that_outweighs_the_others_is_named(most: int | None) -> None:
    """Nine of 24 chunks and one of 200, of five chunks a window."""
    sizes = [24] * 10 + [200] + [24] * 9
    bank = build_bank(
        np.random.default_rng(0).standard_normal((sum(sizes), 8)),
        np.repeat(np.arange(20), sizes),
        np.concatenate([np.arange(size) for size in sizes]),
        source="bank.npz",
        titles={10: "One for all"},
    )
    policy = replace(UNDEMANDING, max_per_article=most)
    found = audited(bank, {"train": np.arange(10), "val": np.arange(10, 20)}, policy=policy)
    told = "article 10 'One for all' holds 195 of the 366 windows of val (53%)"
    assert (told in found.findings) is (most is None)
    assert any("holds" in finding for finding in found.findings) is (most is None)
