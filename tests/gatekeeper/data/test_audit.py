"""What an audit measures, what it calls a problem, and what it says in words."""

import functools
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click.testing
import numpy as np
import pytest

from gatekeeper.cli import cli
from gatekeeper.data import audit as auditing
from gatekeeper.data import audit_rows, audit_verdict
from gatekeeper.data.audit import audit
from gatekeeper.data.leakage import find_leakage
from gatekeeper.data.near_pairs import WORK
from gatekeeper.data.synth import FORWARD, TRAP, build_world, reversed_bank, shuffled_bank
from gatekeeper.render.audit import render_audit
from gates.bank import build_bank
from gates.contracts import Bank, DoubleArray, IntArray
from gates.direction import learned_direction
from gates.frontier import ALPHAS, linear_frontier
from gates.windows import window_rows
from schemas.audit import (
    Audit,
    AuditRow,
    FrontierOfSplit,
    FrontierPoint,
    HeldOut,
    LeakSearch,
    Misplaced,
    SharedText,
)
from schemas.codec import decode, encode
from schemas.errors import DataError
from schemas.report import Metric
from schemas.validation import violation
from tests.gates import naive_intervals

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
SPLITS = {"train": np.arange(36), "val": np.arange(36, 48), "ood": np.arange(48, 60)}
"""Of 60 articles of 60 chunks."""

CHUNKS = 60
NO_DIRECTION = "no learnable direction beyond 0.005 of cosine: the past says as much as the future"


def audited(
    bank: Bank,
    splits: Mapping[str, IntArray] = SPLITS,
    *,
    context: int = 5,
    horizon: int = 1,
    seed: int = 0,
) -> Audit:
    return audit(bank, splits, context=context, horizon=horizon, seed=seed, now=NOW)


def figures(found: Audit) -> dict[str, AuditRow]:
    return {row.name: row for row in found.rows}


@pytest.fixture(scope="module")
def forward() -> Bank:
    return build_world(FORWARD, source="worlds/forward")


@functools.cache
def directed() -> Bank:
    """x[t] = unit([u[t], 3 u[t-1]]) in a random rotation: the future follows better than the past."""
    rng = np.random.default_rng(0)
    turn, _ = np.linalg.qr(rng.standard_normal((8, 8)))
    fresh = rng.standard_normal((60, CHUNKS + 1, 4))
    rows = np.concatenate([fresh[:, 1:], 3.0 * fresh[:, :-1]], axis=2) @ turn
    return bank_of(rows.reshape(-1, 8))


def bank_of(rows: DoubleArray, *, texts: list[str] | None = None) -> Bank:
    """Articles 0, 1, ... of 60 chunks."""
    articles = len(rows) // CHUNKS
    return build_bank(
        rows,
        np.repeat(np.arange(articles), CHUNKS),
        np.tile(np.arange(CHUNKS), articles),
        source="bank.npz",
        texts=texts,
    )


def with_copies(bank: Bank, *, train: int, val: int, count: int) -> Bank:
    """The first chunks of a train article are also in a val article."""
    vectors = bank.vectors.copy()
    vectors[val * CHUNKS : val * CHUNKS + count] = vectors[train * CHUNKS : train * CHUNKS + count]
    return bank_of(vectors.astype(np.float64))


# The bundled speeches.


@pytest.fixture(scope="module")
def spoken() -> click.testing.Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gatekeeper.config.find_config", lambda folder: None)
        arguments = ["data", "audit", "--horizon", "2", "--format", "json"]
        return click.testing.CliRunner().invoke(cli, arguments, catch_exceptions=False)


@pytest.fixture(scope="module")
def speech(spoken: click.testing.Result) -> Audit:
    return decode(Audit, json.loads(spoken.stdout), where="audit")


def test_the_speeches_can_decide_the_gates(spoken: click.testing.Result, speech: Audit) -> None:
    assert spoken.exit_code == 0
    assert spoken.stderr == ""
    assert speech.problems == ()


def test_the_json_follows_the_published_schema(spoken: click.testing.Result) -> None:
    value = json.loads(spoken.stdout)
    assert violation("audit", value) is None
    assert value["schema_version"] == "1.0"
    assert (value["source"], value["context"], value["horizon"]) == ("speeches", 5, 2)
    value["verdict"] = "good"
    assert (violation("audit", value) or "").startswith('$: unknown key "verdict"')


def test_the_speeches_have_no_learnable_direction(speech: Audit) -> None:
    rows = figures(speech)
    ahead, behind = rows["ridge forward"].metric.value, rows["ridge backward"].metric.value
    assert ahead is not None
    assert behind is not None
    assert abs(ahead - behind) < 0.005
    assert rows["ridge difference"].metric.value == pytest.approx(ahead - behind, abs=1e-9)
    assert speech.direction == "none"
    assert speech.findings[0] == NO_DIRECTION


def test_the_seeds_delta_is_negative_at_horizon_two_and_the_matched_one_is_not(speech: Audit) -> None:
    rows = figures(speech)
    assert (rows["seed delta"].metric.high or 0.0) < -0.03
    matched = rows["matched delta"].metric
    assert abs(matched.value or 0.0) < 0.005
    assert matched.low is not None
    assert matched.high is not None
    assert matched.low < 0 < matched.high


def test_the_seeds_delta_names_the_distances_it_compares(speech: Audit) -> None:
    assert figures(speech)["seed delta"].meaning == (
        "cos(last context, target) minus cos(last context, chunk before target): distance 2 against distance "
        "1, negative for any text whose similarity falls with distance"
    )
    assert figures(speech)["matched delta"].meaning == "the same at equal distance: 2 ahead against 2 back"


def test_the_published_thresholds_are_further_rows(speech: Audit) -> None:
    rows = figures(speech)
    coherence, monotonicity = rows["context coherence"], rows["monotonicity"]
    assert (coherence.threshold, coherence.holds) == (">= 0.40", True)
    assert (monotonicity.threshold, monotonicity.holds) == (">= 0.08", False)
    assert [row.name for row in speech.rows] == [
        "seed delta",
        "matched delta",
        *(f"position {place} to target" for place in range(1, 6)),
        "context coherence",
        "monotonicity",
        "ridge forward",
        "ridge backward",
        "ridge difference",
        "order test",
        "texts with vectors",
    ]
    assert [row.name for row in speech.rows if row.threshold] == ["context coherence", "monotonicity"]


def test_no_linear_model_buys_the_margin_on_the_speeches(speech: Audit) -> None:
    assert sorted(speech.frontier) == ["ood", "val"]
    for name, split in speech.frontier.items():
        assert [point.alpha for point in split.points] == list(ALPHAS)
        constant = split.constant_cos.value or 0.0
        assert not any(
            (p.margin.value or 0.0) >= 0.05 and (p.cos.value or 0.0) > constant for p in split.points
        )
        (finding,) = [each for each in speech.findings if each.startswith(f"{name}: ")]
        assert finding.startswith(
            f"{name}: no linear model of the family reaches margin 0.05 with a cosine above the constant's "
            f"{constant:.3f}; the best margin is -0.0"
        )


def test_the_boilerplate_of_the_speeches_is_told_and_is_no_leak(speech: Audit) -> None:
    leaks = speech.leaks
    assert (leaks.rows, leaks.lists, leaks.more) == (9302, None, 0)
    assert {name: (each.chunks, each.shared) for name, each in leaks.splits.items()} == {
        "train": (4796, 2),
        "val": (1994, 1),
        "ood": (2512, 0),
    }
    assert [(pair.first, pair.second, pair.splits, pair.shared) for pair in leaks.pairs] == [
        (13, 16, ("train", "train"), 2),
        (13, 23, ("train", "val"), 1),
        (16, 23, ("train", "val"), 1),
    ]
    assert leaks.pairs[1].example.startswith("Reagan Memorial Page Video")


def test_the_table_says_the_same_as_the_json(speech: Audit) -> None:
    lines = render_audit(speech).split("\n")
    assert lines[0] == "speeches: context 5, horizon 2, held-out articles"
    value = figures(speech)["ridge forward"].metric.value or 0.0
    assert any(line.startswith(f"ridge forward         {value:.3f} ") for line in lines)
    assert "These gates can be decided on this data." in lines
    assert lines[-len(speech.findings) - 1 :] == ["Findings:", *(f"  - {each}" for each in speech.findings)]


# Figures against a plain calculation.


class Reference:
    """Raw figures, one window at a time, keyed by (article, chunk)."""

    def __init__(self, bank: Bank, articles: list[int], context: int, horizon: int) -> None:
        self.chunks = {
            (int(a), int(c)): v.astype(np.float64)
            for a, c, v in zip(bank.articles, bank.chunks, bank.vectors, strict=True)
        }
        self.context, self.horizon = context, horizon
        self.windows = [p for p in self.chunks if p[0] in articles and self.has(p, 1 - context, horizon)]

    def has(self, last: tuple[int, int], first: int, end: int) -> bool:
        return all((last[0], last[1] + step) in self.chunks for step in range(first, end + 1))

    def cosine(self, last: tuple[int, int], one: int, two: int) -> float:
        a, b = (self.chunks[last[0], last[1] + step] for step in (one, two))
        return float(a @ b)

    def rows(self) -> dict[str, tuple[list[float], list[int]]]:
        h, context = self.horizon, self.context
        found: dict[str, Callable[[tuple[int, int]], float]] = {
            "seed delta": lambda p: self.cosine(p, 0, h) - self.cosine(p, 0, h - 1),
            "context coherence": lambda p: (
                math.fsum(self.cosine(p, step, step + 1) for step in range(1 - context, 0)) / (context - 1)
            ),
            "monotonicity": lambda p: self.cosine(p, 0, h) - self.cosine(p, 1 - context, h),
        }
        for place in range(1, context + 1):
            found[f"position {place} to target"] = functools.partial(self.cosine, one=place - context, two=h)
        owners = [article for article, _ in self.windows]
        values = {name: ([figure(p) for p in self.windows], owners) for name, figure in found.items()}
        both = [p for p in self.windows if self.has(p, -h, h)]
        values["matched delta"] = (
            [self.cosine(p, 0, h) - self.cosine(p, 0, -h) for p in both],
            [article for article, _ in both],
        )
        return values


def gapped_bank() -> Bank:
    """Twelve drifting articles of unequal length, one of them with a gap."""
    rng = np.random.default_rng(4)
    lengths = [20, 25, 18, 22, 19, 30, 21, 17, 24, 6, 23, 20]
    rows = np.concatenate([rng.standard_normal(9) + rng.standard_normal((n, 9)) for n in lengths])
    chunks = np.concatenate([np.arange(n) + (np.arange(n) > 8) * (i == 10) for i, n in enumerate(lengths)])
    return build_bank(rows, np.repeat(np.arange(12), lengths), chunks, source="gapped")


GAPPED = {"train": np.arange(6), "val": np.array([6, 7, 8]), "ood": np.array([9, 10, 11])}


@pytest.mark.parametrize(("context", "horizon"), [(5, 1), (5, 2), (2, 4), (7, 2)])
def test_raw_figures_are_those_of_the_held_out_windows_one_by_one(context: int, horizon: int) -> None:
    bank = gapped_bank()
    rows = figures(audited(bank, GAPPED, context=context, horizon=horizon))
    reference = Reference(bank, list(range(6, 12)), context, horizon).rows()
    assert set(reference) == {name for name in rows if not name.startswith(("ridge", "order"))}
    for name, (values, owners) in reference.items():
        metric = rows[name].metric
        assert (metric.value, metric.low, metric.high) == pytest.approx(
            naive_intervals.of_mean(values, owners, 0.95), abs=1e-6
        )
        assert (metric.n, metric.articles) == (len(values), len(set(owners)))


def test_learned_figures_are_those_of_the_gates_on_held_out_articles() -> None:
    bank = gapped_bank()
    found = audited(bank, GAPPED, horizon=2, seed=3)
    fitted, measured = (
        window_rows(bank, articles, context=5, horizon=1) for articles in (np.arange(6), np.arange(6, 12))
    )
    direction = learned_direction(bank, fitted, measured, context=5, confidence=0.95, seed=3)
    rows = figures(found)
    assert rows["ridge forward"].metric == direction.forward
    assert rows["ridge backward"].metric == direction.backward
    assert rows["ridge difference"].metric == direction.difference
    assert rows["order test"].metric == direction.order
    splits = {name: window_rows(bank, each, context=5, horizon=2) for name, each in GAPPED.items()}
    expected = linear_frontier(
        bank, splits.pop("train"), splits, context=5, horizon=2, confidence=0.95, seed=3
    )
    assert list(found.frontier) == ["val", "ood"]
    for name, frontier in expected.items():
        points = tuple(FrontierPoint(p.alpha, p.margin, p.cos, p.recall) for p in frontier.points)
        assert found.frontier[name] == FrontierOfSplit(points, frontier.constant_cos)


def test_a_threshold_is_met_where_it_is_reached(monkeypatch: pytest.MonkeyPatch, forward: Bank) -> None:
    value = figures(audited(forward))["context coherence"].metric.value
    assert value is not None
    for least, holds in ((value, True), (math.nextafter(value, 1.0), False)):
        monkeypatch.setattr(audit_rows, "COHERENCE", least)
        assert figures(audited(forward))["context coherence"].holds is holds


def test_large_data_is_measured_on_a_seeded_draw(monkeypatch: pytest.MonkeyPatch, forward: Bank) -> None:
    monkeypatch.setattr(auditing, "WINDOWS", 100)
    found = audited(forward)
    rows = figures(found)
    assert rows["ridge forward"].metric.n == 100
    assert rows["seed delta"].metric.n == 200  # a draw of each held-out split
    assert found.frontier["val"].points[0].margin.n <= 100
    assert found == audited(forward)
    assert figures(audited(forward, seed=1))["seed delta"] != rows["seed delta"]


def test_the_record_names_data_time_and_shape(forward: Bank) -> None:
    found = audited(forward, horizon=2, context=4)
    assert (found.schema_version, found.created) == ("1.0", "2026-05-04T03:02:01Z")
    assert (found.source, found.bank_sha256) == ("forward", forward.sha256)
    assert (found.context, found.horizon) == (4, 2)
    value = encode(found, where="audit")
    assert violation("audit", value) is None
    assert decode(Audit, value, where="audit") == found


# Direction.


def test_a_directed_world_is_found_its_reversal_the_opposite_and_a_shuffled_one_neither() -> None:
    bank = directed()
    found, back, mixed = (
        audited(each)
        for each in (
            bank,
            reversed_bank(bank, source="reversed"),
            shuffled_bank(bank, seed=0, source="shuffled"),
        )
    )
    assert (found.direction, back.direction, mixed.direction) == ("forward", "backward", "none")
    difference = figures(found)["ridge difference"].metric.value or 0.0
    by = f"by {difference:.3f} of cosine"
    assert found.findings[0] == f"the data is directed forward: a linear map predicts the future better, {by}"
    assert back.findings[0] == f"the data is directed backward: a linear map predicts the past better, {by}"
    assert mixed.findings[0] == NO_DIRECTION
    order = figures(mixed)["order test"].metric
    assert order.low is not None
    assert order.high is not None
    assert order.low < 0.5 < order.high


def test_articles_that_run_backwards_are_named_and_more_than_a_few_are_a_problem() -> None:
    bank, turned = directed(), (2, 40)
    chunks = bank.chunks.copy()
    for article in turned:
        chunks[bank.articles == article] = chunks[bank.articles == article][::-1]
    planted = build_bank(bank.vectors, bank.articles, chunks, source="bank.npz")
    found = audited(planted)
    assert {(each.article, each.what) for each in found.misplaced} == {(2, "order"), (40, "order")}
    assert "2 of 60 articles run backwards; turn them round or leave them out" in found.problems
    assert "2 article(s) run backwards: 2, 40" in found.findings
    assert violation("audit", encode(found, where="audit")) is None
    whole = audited(bank)
    assert whole.misplaced == ()
    assert "no article runs backwards, as far as the direction of vectors can tell" in whole.findings


def test_texts_of_the_speeches_belong_to_their_vectors_and_their_order_cannot_be_told(
    speech: Audit,
) -> None:
    assert speech.misplaced == ()
    fit = figures(speech)["texts with vectors"].metric
    assert (fit.low or 0.0) > 0.35
    assert speech.findings[-2:] == (
        f"texts and vectors belong together in all {fit.articles} articles looked at (correlation "
        f"{fit.value:.3f})",
        "whether an article runs backwards cannot be told: no cut sentences tell it, and windows read alike "
        "both ways",
    )


def test_a_world_and_its_reversal_swap_what_is_learned_and_share_what_is_raw() -> None:
    bank = directed()
    rows = figures(audited(bank, horizon=2))
    back = figures(audited(reversed_bank(bank, source="reversed"), horizon=2))
    for one, two in (("ridge forward", "ridge backward"), ("ridge backward", "ridge forward")):
        assert rows[one].metric.value == pytest.approx(back[two].metric.value, abs=1e-4)
    assert rows["order test"].metric == back["order test"].metric
    # The windows at the ends of the articles differ, no more.
    assert rows["seed delta"].metric.value == pytest.approx(back["seed delta"].metric.value, abs=0.02)
    matched = rows["matched delta"].metric.value, back["matched delta"].metric.value
    assert matched[0] == pytest.approx(-(matched[1] or 0.0), abs=0.02)


def test_a_difference_whose_interval_reaches_the_limit_is_no_direction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    difference = figures(audited(directed()))["ridge difference"].metric
    assert difference.low is not None
    for limit, direction in ((difference.low - 1e-6, "forward"), (difference.low, "none")):
        monkeypatch.setattr(audit_verdict, "SAME", limit)
        assert audited(directed()).direction == direction


# Problems.


def test_sound_splits_have_no_problem(forward: Bank) -> None:
    found = audited(forward)
    assert found.problems == ()
    assert found.leaks == LeakSearch(
        3600,
        None,
        {"train": HeldOut(2160, 0), "val": HeldOut(720, 0), "ood": HeldOut(720, 0)},
        (),
        0,
    )


def test_a_train_article_in_val_under_another_number_is_a_problem(forward: Bank) -> None:
    found = audited(with_copies(forward, train=3, val=40, count=60))
    assert found.problems == (
        "val leaks: 60 of 720 chunks (8.3%) have a near duplicate in another split",
        "article 3 (train) and article 40 (val) share 60 chunks, 100% of one of them",
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


# Examples of shared text.


def test_shared_text_is_shown_on_one_line_and_cut(forward: Bank) -> None:
    copied = with_copies(forward, train=3, val=40, count=60)
    long = "  many \n\t words, é " * 100
    bank = bank_of(copied.vectors.astype(np.float64), texts=[long] * copied.rows)
    (pair,) = audited(bank).leaks.pairs
    assert pair.example == ("many words, é " * 100)[:400]
    shown = render_audit(audited(bank)).split("\n")
    expected = (
        f"  - article 3 (train) and article 40 (val) share 60 (100%), cosine 1.000: {pair.example[:80]}"
    )
    assert expected in shown


def test_of_many_pairs_the_first_twenty_are_listed_and_the_others_counted(forward: Bank) -> None:
    vectors = forward.vectors.astype(np.float64)
    vectors[10 * CHUNKS + np.arange(7) * CHUNKS] = vectors[0]  # eight articles: 28 pairs
    found = audited(bank_of(vectors))
    assert (len(found.leaks.pairs), found.leaks.more) == (20, 8)
    assert "  - and 8 more pairs of articles" in render_audit(found).split("\n")
    assert found.problems == ()


# The table, literally.


def metric(value: float | None, half: float | None = 0.01) -> Metric:
    if value is None:
        return Metric(None, None, None, 0, 0, "no sample")
    if half is None:
        return Metric(value, None, None, 5, 1, "an interval needs samples of at least 2 articles")
    return Metric(value, value - half, value + half, 100, 10)


RECORD = Audit(
    schema_version="1.0",
    created="2026-05-04T03:02:01Z",
    source="bank.npz",
    bank_sha256="ab" * 32,
    context=5,
    horizon=1,
    direction="none",
    rows=(
        AuditRow("seed delta", metric(-0.5), "", None, "a figure"),
        AuditRow("context coherence", metric(0.40625), ">= 0.40", True, "another"),
        AuditRow("monotonicity", metric(0.0625, None), ">= 0.08", False, "a third"),
        AuditRow("order test", metric(None), "", None, "and none"),
    ),
    frontier={
        "val": FrontierOfSplit(
            (
                FrontierPoint(0.0, metric(-0.125), metric(0.5), metric(0.25)),
                FrontierPoint(1.25, metric(0.0625), metric(0.375), metric(None)),
            ),
            metric(0.25),
        )
    },
    leaks=LeakSearch(
        100,
        20,
        {"train": HeldOut(60, 1), "val": HeldOut(30, 2)},
        (
            SharedText(3, 7, ("train", "val"), 2, 0.25, 0.9996, "so it begins"),
            SharedText(3, 9, ("train", ""), 1, 0.125, 1.0, ""),
        ),
        4,
    ),
    misplaced=(
        Misplaced(5, "texts", "its texts fit nowhere in it"),
        *(Misplaced(article, "order", "it runs backwards") for article in range(20, 31)),
    ),
    problems=("val leaks",),
    findings=("one thing", "and another"),
)

TABLE = """\
bank.npz: context 5, horizon 1, held-out articles

figure             value    95% interval      published    met
-----------------  -------  ----------------  -----------  -----  --------
seed delta         -0.500   [-0.510, -0.490]                      a figure
context coherence  0.406    [0.396, 0.416]    >= 0.40      yes    another
monotonicity       0.062    -                 >= 0.08      no     a third
order test         -        -                                     and none

What a linear model can buy on val (target minus alpha times its neighbours; constant prediction: cos 0.250):
alpha    margin                   cos                   R@5 unseen
-------  -----------------------  --------------------  --------------------
0        -0.125 [-0.135, -0.115]  0.500 [0.490, 0.510]  0.250 [0.240, 0.260]
1.25     0.062 [0.052, 0.072]     0.375 [0.365, 0.385]  - -

Duplicates (cosine >= 0.995): 100 chunks, each compared with those of its nearest 4 of 20 lists
  train: 1 of 60 chunks have a near duplicate in another split
  val: 2 of 30 chunks have a near duplicate in another split
  - article 3 (train) and article 7 (val) share 2 (25%), cosine 1.000: so it begins
  - article 3 (train) and article 9 share 1 (12%), cosine 1.000
  - and 4 more pairs of articles

Articles whose chunks are not where they say:
  - article 5: its texts fit nowhere in it
  - article 20: it runs backwards
  - article 21: it runs backwards
  - article 22: it runs backwards
  - article 23: it runs backwards
  - article 24: it runs backwards
  - article 25: it runs backwards
  - article 26: it runs backwards
  - article 27: it runs backwards
  - article 28: it runs backwards
  - and 2 more; --format json lists all

These gates cannot be decided:
  - val leaks
Findings:
  - one thing
  - and another"""


def test_the_table_is_this() -> None:
    assert [line.rstrip() for line in render_audit(RECORD).split("\n")] == TABLE.split("\n")


def test_the_table_of_sound_data_ends_with_what_can_be_decided() -> None:
    sound = replace(RECORD, problems=(), misplaced=(), leaks=LeakSearch(100, None, {}, (), 0))
    assert render_audit(sound).split("\n")[-6:] == [
        "Duplicates (cosine >= 0.995): 100 chunks, each compared with all others",
        "",
        "These gates can be decided on this data.",
        "Findings:",
        "  - one thing",
        "  - and another",
    ]


def test_the_record_itself_follows_the_schema() -> None:
    value: Any = encode(RECORD, where="audit")
    assert violation("audit", value) is None
    value["rows"][0]["meaning"] = "two\nlines"
    assert (violation("audit", value) or "").startswith(
        "$.rows[0].meaning: control characters are not allowed"
    )
