"""The collapse watch: every alarm at its threshold, which of them stop a run, and what came before."""

from typing import get_args

import pytest

from schemas.records.history import WarningName
from trainers.loop.collapse import COLLAPSES, Alarm, Watch

CONSTANT = 0.25
"""Cosine of a constant prediction; binary fractions keep the thresholds exact."""

MARGIN = 0.0625
"""Above every gap of a test that does not set one: the push is at work."""

HEALTHY = {"pos": 0.5, "neg": 0.45, "gap": 0.05, "lambda_eff": 2e-3, "clamped": 0.0, "mse": 2e-3, "push": 0.1}


def see(watch: Watch, *, margin: float | None = MARGIN, **means: float) -> list[str]:
    """Names of the alarms that a window raises."""
    return [alarm.name for alarm in watch.steps({**HEALTHY, **means}, margin=margin)]


def measure(watch: Watch, cosine: float, *, constant: float = CONSTANT, recall: float = 0.8) -> list[str]:
    """Names of the alarms that a Mini-5CAT raises."""
    return [alarm.name for alarm in watch.gates(cosine=cosine, constant=constant, recall=recall, pushed=True)]


def test_a_healthy_run_is_silent() -> None:
    watch = Watch(CONSTANT)
    assert [see(watch, pos=pos) for pos in (0.1, 0.3, 0.4, 0.5)] == [[]] * 4
    assert [measure(watch, cosine) for cosine in (0.3, 0.4, 0.5, 0.49)] == [[]] * 4


@pytest.mark.parametrize("name", get_args(WarningName))
def test_the_collapses_are_those_that_lost_the_target(name: WarningName) -> None:
    assert Alarm(name, "").collapse == (name in {"cosine_drop", "below_constant", "negative_cosines"})


def test_the_collapses_by_name() -> None:
    assert COLLAPSES == ("cosine_drop", "below_constant", "negative_cosines")


# The recipe's weight


@pytest.mark.parametrize(
    ("weight", "end"),
    [
        (0.00099, "(--target-frac)"),
        (0.001, ""),
        (0.02, ""),
        (0.0201, "(--target-frac)"),
    ],
)
def test_a_weight_outside_the_seeds_range(weight: float, end: str) -> None:
    alarms = Watch(CONSTANT).steps({**HEALTHY, "lambda_eff": weight}, margin=MARGIN)
    assert [alarm.name for alarm in alarms] == (["lambda_out_of_range"] if end else [])
    assert all(alarm.sentence.endswith(end) for alarm in alarms)


def test_the_way_back_into_the_range() -> None:
    sentences = [
        Watch(CONSTANT).steps({**HEALTHY, "lambda_eff": weight}, margin=MARGIN)[0].sentence
        for weight in (1e-4, 0.05)
    ]
    assert sentences == [
        "λ_eff 0.00010 is outside [0.001, 0.02]: too small, raise the target fraction (--target-frac)",
        "λ_eff 0.05000 is outside [0.001, 0.02]: too large, lower the target fraction (--target-frac)",
    ]


@pytest.mark.parametrize(("share", "expected"), [(0.5, []), (0.505, ["lambda_at_clamp"])])
def test_a_weight_at_its_clamp_in_more_than_half_of_the_steps(share: float, expected: list[str]) -> None:
    found = see(Watch(CONSTANT), clamped=share, lambda_eff=0.05)
    assert found == ["lambda_out_of_range", *expected]


def test_a_clamp_within_the_range_does_no_harm() -> None:
    assert see(Watch(CONSTANT), clamped=1.0, lambda_eff=0.02) == []


@pytest.mark.parametrize(
    ("weight", "found"),
    [(0.05, []), (0.25, ["lambda_out_of_range"]), (0.0121, []), (0.0119, ["lambda_out_of_range"])],
)
def test_the_range_is_that_of_the_dimension(weight: float, found: list[str]) -> None:
    # In 64 dimensions the error is 12 times as large as in the seed's 768, and so is the range.
    assert see(Watch(CONSTANT, dimension=64), lambda_eff=weight, mse=0.03) == found


@pytest.mark.parametrize(("push", "found"), [(0.19, ["lambda_out_of_range"]), (0.21, [])])
def test_a_small_weight_is_enough_where_the_push_is_a_share_of_the_error(
    push: float, found: list[str]
) -> None:
    # 0.0005 * 0.2 is 5% of 0.002.
    assert see(Watch(CONSTANT), lambda_eff=5e-4, push=push) == found


@pytest.mark.parametrize(
    ("gap", "pos", "told"),
    [
        (MARGIN, 0.5, False),
        (0.9, 0.48, False),  # exactly 0.02 less than the best
        (MARGIN - 0.001, 0.5, True),
        (0.9, 0.479, True),  # the gap is paid for with cosine
    ],
)
def test_a_weight_is_no_news_while_the_gap_is_ample(gap: float, pos: float, told: bool) -> None:
    watch = Watch(CONSTANT)
    assert see(watch, pos=0.5) == []
    found = see(watch, pos=pos, gap=gap, lambda_eff=0.05, clamped=1.0)
    assert found == (["lambda_out_of_range", "lambda_at_clamp"] if told else [])


def test_the_clamped_share_is_told() -> None:
    _, alarm = Watch(CONSTANT).steps({**HEALTHY, "clamped": 0.75, "lambda_eff": 0.05}, margin=MARGIN)
    assert alarm.sentence == "λ_eff was at its clamp in 75% of the steps: it no longer follows the error"


# best - 0.02 as the machine computes it; the next float below has fallen.
@pytest.mark.parametrize(("gap", "expected"), [(0.125 - 0.02, []), (0.1049, ["gap_falling"])])
def test_a_gap_that_falls_below_its_best(gap: float, expected: list[str]) -> None:
    watch = Watch(CONSTANT)
    assert see(watch, gap=0.125) == []
    assert see(watch, gap=0.115) == []  # the best stays
    assert see(watch, gap=gap, margin=0.2) == expected


def test_a_recipe_without_the_seeds_weight_is_not_asked_for_one() -> None:
    watch = Watch(CONSTANT)
    assert see(watch, margin=None, gap=0.5, lambda_eff=0.0, clamped=1.0) == []
    assert see(watch, margin=None, gap=-0.5, lambda_eff=1.0, clamped=1.0) == []


# Collapses within an epoch


@pytest.mark.parametrize(
    ("pos", "neg", "expected"),
    [(-0.001, -0.001, True), (0.0, -0.5, False), (-0.001, 0.0, False)],
)
def test_both_cosines_negative(pos: float, neg: float, expected: bool) -> None:
    watch = Watch(constant=-1.0)
    assert see(watch, pos=0.11) == []
    assert ("negative_cosines" in see(watch, pos=pos, neg=neg, gap=0.05)) == expected


@pytest.mark.parametrize(("best", "expected"), [(0.1, []), (0.101, ["negative_cosines"])])
def test_a_model_that_never_found_the_targets_side_may_be_negative(best: float, expected: list[str]) -> None:
    # 0.1 is twice the notable 0.05. The drop alarm is about -0.001 < 0.7 best as well.
    watch = Watch(constant=-1.0)
    assert see(watch, pos=best) == []
    found = see(watch, pos=-0.001, neg=-0.2, gap=0.2)
    assert [name for name in found if name == "negative_cosines"] == expected


def test_a_random_start_is_no_collapse() -> None:
    watch = Watch(CONSTANT)
    assert [see(watch, pos=pos, neg=-0.02, gap=pos + 0.02) for pos in (-0.01, -0.02, 0.03, 0.1)] == [[]] * 4


@pytest.mark.parametrize(("pos", "expected"), [(0.25, []), (0.2499, ["below_constant"])])
def test_below_the_constant_after_having_been_aloft(pos: float, expected: list[str]) -> None:
    # best 0.35: 0.2499 > 0.7 * 0.35 = 0.245, so nothing has dropped yet.
    watch = Watch(CONSTANT)
    assert see(watch, pos=0.35) == []
    assert see(watch, pos=pos) == expected


@pytest.mark.parametrize(("risen", "aloft"), [(0.3, False), (0.301, True)])
def test_aloft_begins_a_notable_step_above_the_constant(risen: float, aloft: bool) -> None:
    watch = Watch(CONSTANT)
    see(watch, pos=risen)
    assert watch.aloft == aloft
    assert see(watch, pos=0.24) == (["below_constant"] if aloft else [])


def test_aloft_is_never_unlearned() -> None:
    watch = Watch(CONSTANT)
    for pos in (0.35, 0.24, 0.26):
        see(watch, pos=pos)
    assert watch.aloft
    assert see(watch, pos=0.249) == ["below_constant"]


@pytest.mark.parametrize(
    ("best", "pos", "expected"),
    [
        (0.5, 0.351, []),  # 0.7 * 0.5 = 0.35
        (0.5, 0.349, ["cosine_drop"]),
        (0.1, 0.051, []),  # below 0.07, but less than 0.05 is lost
        (0.1, 0.049, ["cosine_drop"]),
    ],
)
def test_a_running_cosine_that_drops(best: float, pos: float, expected: list[str]) -> None:
    watch = Watch(constant=-1.0)
    assert see(watch, pos=best) == []
    assert see(watch, pos=best - 0.02) == []  # the best stays
    assert see(watch, pos=pos) == expected


# Collapses the gates see


@pytest.mark.parametrize(("cosine", "expected"), [(0.351, []), (0.349, ["cosine_drop"])])  # 0.7 * 0.5 = 0.35
def test_a_cosine_on_val_that_drops(cosine: float, expected: list[str]) -> None:
    watch = Watch(CONSTANT)
    assert measure(watch, 0.5) == []
    assert measure(watch, 0.45) == []
    assert measure(watch, cosine) == expected


def test_a_recall_at_chance_wavers() -> None:
    watch = Watch(CONSTANT)
    assert [measure(watch, 0.5, recall=recall) for recall in (0.1, 0.051, 0.049)] == [
        [],
        [],
        ["recall_falling"],
    ]


def test_a_recipe_without_a_ramp_is_not_told_to_slow_it() -> None:
    watch = Watch(CONSTANT, best_recall=0.7)
    (alarm,) = watch.gates(cosine=0.5, constant=CONSTANT, recall=0.1, pushed=False)
    assert alarm.sentence == "R@5 on val fell from 0.700 to 0.100: the model struggles"


def test_the_watch_after_a_rollback_forgets_only_what_was_lost() -> None:
    watch = Watch(CONSTANT, dimension=64, best_pos=0.5, best_recall=0.7, aloft=True, advised=True)
    assert watch.after_rollback() == Watch(CONSTANT, dimension=64, aloft=True, advised=True)


@pytest.mark.parametrize(("recall", "expected"), [(0.721, []), (0.719, ["recall_falling"])])
def test_a_recall_below_nine_tenths_of_its_best(recall: float, expected: list[str]) -> None:
    watch = Watch(CONSTANT)
    assert measure(watch, 0.5, recall=0.8) == []
    assert measure(watch, 0.5, recall=0.75) == []
    assert measure(watch, 0.5, recall=recall) == expected  # 0.9 * 0.8 = 0.72


@pytest.mark.parametrize(("cosine", "expected"), [(0.231, []), (0.229, ["below_constant"])])
def test_val_clearly_below_the_constant_where_train_is_learned(cosine: float, expected: list[str]) -> None:
    # What was learned of train reaches other articles later: a hair below is no collapse.
    watch = Watch(CONSTANT, aloft=True)
    assert measure(watch, 0.249) == []
    assert measure(watch, cosine) == expected


@pytest.mark.parametrize(("cosine", "expected"), [(0.25, []), (0.249, ["below_constant"])])
def test_val_that_falls_below_the_constant(cosine: float, expected: list[str]) -> None:
    watch = Watch(CONSTANT)
    assert measure(watch, 0.275) == []
    assert measure(watch, cosine) == expected


@pytest.mark.parametrize(("cosine", "expected"), [(0.181, []), (0.179, ["below_constant"])])
def test_a_young_model_below_the_constant_is_lost_once_it_sinks(cosine: float, expected: list[str]) -> None:
    watch = Watch(CONSTANT)
    assert [measure(watch, young) for young in (0.1, 0.15, 0.2)] == [[]] * 3
    assert measure(watch, cosine) == expected  # 0.2 - 0.02


def test_the_collapse_of_the_reference_run_is_caught() -> None:
    # Val cosine 0.460, 0.476, then -0.049 with the gap at +0.46: neg is -0.049 - 0.46 = -0.509.
    watch = Watch(CONSTANT)
    for cosine in (0.460, 0.476):
        assert see(watch, pos=cosine, neg=cosine - 0.05, gap=0.05) == []
        assert measure(watch, cosine, recall=0.7) == []
    within = see(watch, pos=-0.049, neg=-0.509, gap=0.46, lambda_eff=0.05, clamped=1.0)
    assert within == [
        "lambda_out_of_range",
        "lambda_at_clamp",
        "negative_cosines",
        "below_constant",
        "cosine_drop",
    ]
    assert measure(watch, -0.049, recall=0.1) == ["recall_falling", "cosine_drop", "below_constant"]


def test_it_is_caught_before_it_is_complete() -> None:
    # Halfway down, the running cosine 0.32 is below 0.7 * 0.476 = 0.333.
    watch = Watch(CONSTANT)
    see(watch, pos=0.476)
    assert see(watch, pos=0.40) == []
    assert see(watch, pos=0.32) == ["cosine_drop"]


def test_the_sentences_of_the_collapses() -> None:
    watch = Watch(CONSTANT)
    watch.steps({**HEALTHY, "pos": 0.476}, margin=None)
    watch.gates(cosine=0.476, constant=CONSTANT, recall=0.7, pushed=True)
    lost = {**HEALTHY, "pos": -0.049, "neg": -0.509, "gap": 0.46}
    assert [alarm.sentence for alarm in watch.steps(lost, margin=None)] == [
        "the predictions point away from target and negative alike (pos -0.049, neg -0.509)",
        "the running train cosine -0.049 fell below the 0.250 of a constant prediction",
        "the running train cosine fell from 0.476 to -0.049, below 70% of its best",
    ]
    assert [
        alarm.sentence for alarm in watch.gates(cosine=-0.049, constant=CONSTANT, recall=0.1, pushed=True)
    ] == [
        "R@5 on val fell from 0.700 to 0.100: the model struggles, ramp the margin more slowly (--ramp)",
        "the cosine on val fell from 0.476 to -0.049, below 70% of its best",
        "the cosine on val -0.049 is below the 0.250 of a constant prediction",
    ]


def test_a_watch_that_comes_back_sees_the_same() -> None:
    watch = Watch(CONSTANT)
    see(watch, pos=0.476, gap=0.1)
    measure(watch, 0.47, recall=0.7)
    again = Watch(**watch.state())  # type: ignore[arg-type]
    assert again == watch
    assert again.state() == {
        "constant": CONSTANT,
        "dimension": 768,
        "goal": "cosine",
        "best_pos": 0.476,
        "best_gap": 0.1,
        "best_cosine": 0.47,
        "best_recall": 0.7,
        "aloft": True,
        "advised": False,
        "going": {},
    }
    assert see(again, pos=-0.049, neg=-0.5, gap=0.0) == see(watch, pos=-0.049, neg=-0.5, gap=0.0)


def test_a_warning_is_told_when_it_begins_and_when_it_is_over() -> None:
    watch = Watch(CONSTANT)
    falling, low = Alarm("gap_falling", "the gap fell"), Alarm("below_constant", "too low")
    assert watch.news([falling], "train") == ["warning: gap_falling: the gap fell"]
    assert watch.news([falling, low], "train") == ["warning: below_constant: too low"]
    assert watch.news([low], "val") == ["warning: below_constant: too low"]
    again = Watch(**watch.state())  # type: ignore[arg-type]  # a resumed run repeats nothing
    assert again.news([low], "train") == ["over on train: gap_falling"]
    assert again.news([], "val") == ["over on val: below_constant"]
    assert again.news([falling, low], "train") == ["warning: gap_falling: the gap fell"]


def test_where_bits_are_the_goal_the_lift_is_watched_and_the_cosine_may_go() -> None:
    watch = Watch(0.0, goal="bits")
    assert see(watch, margin=None, pos=0.5, neg=0.4, gap=0.1) == []
    assert see(watch, margin=None, pos=-0.2, neg=-0.3, gap=0.1) == []
    assert watch.best_pos == watch.best_gap == 0.1
    assert see(watch, margin=None, pos=0.5, neg=0.51, gap=-0.01) == ["below_constant", "cosine_drop"]
    assert watch.after_rollback().goal == "bits"


def test_a_lost_lift_is_called_by_its_name() -> None:
    watch = Watch(0.0, goal="bits")
    see(watch, margin=None, gap=0.125)
    watch.gates(cosine=0.125, constant=0.0, recall=0.7, pushed=False)
    assert [alarm.sentence for alarm in watch.steps({**HEALTHY, "gap": -0.01}, margin=None)] == [
        "the running train lift -0.010 fell below the 0.000 of a constant prediction",
        "the running train lift fell from 0.125 to -0.010, below 70% of its best",
    ]
    assert [
        alarm.sentence for alarm in watch.gates(cosine=-0.01, constant=0.0, recall=0.7, pushed=False)
    ] == [
        "the lift on val fell from 0.125 to -0.010, below 70% of its best",
        "the lift on val -0.010 is below the 0.000 of a constant prediction",
    ]
