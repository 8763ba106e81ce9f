"""The seed's five training criteria: met, missed, at the edge, too late, not applicable."""

import pytest

from schemas.records.history import Epoch
from schemas.verdict.training_criteria import Criterion, success_criteria
from tests.schemas.histories import CRITERIA, epoch, history, steps

COSINE, MARGIN, RECALL, LAMBDA, GAP = range(5)


def judged(which: int, *epochs: Epoch) -> tuple[bool | None, str]:
    found = success_criteria(history(*epochs))[which]
    assert found.name == CRITERIA[which]
    return found.met, found.figure


def test_a_run_that_meets_all_five() -> None:
    epochs = [
        epoch(
            number,
            steps(10, gap=0.02 * number, lambda_eff=0.001 * number),
            val={"cos": 0.40 + 0.03 * number, "margin": 0.01 * number - 0.02, "recall": 0.5 + 0.03 * number},
        )
        for number in range(1, 9)
    ]
    assert success_criteria(history(*epochs)) == (
        Criterion(CRITERIA[COSINE], True, "+0.550 in epoch 5"),  # 0.40 + 0.03 * 5
        Criterion(CRITERIA[MARGIN], True, "+0.030 in epoch 5"),  # 0.01 * 5 - 0.02
        Criterion(CRITERIA[RECALL], True, "+0.740 in epoch 8"),  # 0.5 + 0.03 * 8
        Criterion(CRITERIA[LAMBDA], True, "0.00100 to 0.00800"),  # 0.001 * 1 and 0.001 * 8
        Criterion(CRITERIA[GAP], True, "+0.020 to +0.160"),  # 0.02 * 1 and 0.02 * 8
    )


def test_a_run_without_epochs_meets_none() -> None:
    assert success_criteria(history()) == (
        Criterion(CRITERIA[COSINE], False, "no Mini-5CAT by epoch 5"),
        Criterion(CRITERIA[MARGIN], False, "no Mini-5CAT by epoch 5"),
        Criterion(CRITERIA[RECALL], False, "no Mini-5CAT by epoch 8"),
        Criterion(CRITERIA[LAMBDA], None, "the recipe has no push"),
        Criterion(CRITERIA[GAP], False, "fewer than two epochs"),
    )


@pytest.mark.parametrize(
    ("which", "field", "bound", "last"),
    [(COSINE, "cos", 0.50, 5), (MARGIN, "margin", 0.0, 5), (RECALL, "recall", 0.70, 8)],
)
class TestByAnEpoch:
    def test_met_in_the_last_epoch_that_counts(self, which: int, field: str, bound: float, last: int) -> None:
        epochs = [epoch(1, val={field: bound - 0.2}), epoch(last, val={field: bound + 0.1})]
        assert judged(which, *epochs) == (True, f"{bound + 0.1:+.3f} in epoch {last}")

    def test_an_epoch_too_late(self, which: int, field: str, bound: float, last: int) -> None:
        epochs = [epoch(last, val={field: bound - 0.2}), epoch(last + 1, val={field: bound + 0.1})]
        assert judged(which, *epochs) == (False, f"{bound - 0.2:+.3f} in epoch {last}")

    def test_only_measured_too_late(self, which: int, field: str, bound: float, last: int) -> None:
        epochs = [epoch(1), epoch(last + 1, val={field: bound + 0.1})]
        assert judged(which, *epochs) == (False, f"no Mini-5CAT by epoch {last}")

    def test_met_and_lost_again_is_met(self, which: int, field: str, bound: float, last: int) -> None:
        epochs = [epoch(2, val={field: bound + 0.1}), epoch(3, val={field: bound - 0.2})]
        assert judged(which, *epochs) == (True, f"{bound + 0.1:+.3f} in epoch 2")

    def test_not_met(self, which: int, field: str, bound: float, last: int) -> None:
        epochs = [epoch(1, val={field: bound - 0.2}), epoch(2, val={field: bound - 0.1})]
        assert judged(which, *epochs) == (False, f"{bound - 0.1:+.3f} in epoch 2")

    def test_undefined_counts_for_nothing(self, which: int, field: str, bound: float, last: int) -> None:
        epochs = [epoch(1, val={field: None}), epoch(2, val={field: bound + 0.1})]
        assert judged(which, *epochs) == (True, f"{bound + 0.1:+.3f} in epoch 2")
        assert judged(which, epoch(1, val={field: None}))[0] is False

    def test_only_val_counts(self, which: int, field: str, bound: float, last: int) -> None:
        epochs = [epoch(1, val={field: bound - 0.2}, ood={field: bound + 0.2})]
        assert judged(which, *epochs) == (False, f"{bound - 0.2:+.3f} in epoch 1")

    def test_only_its_own_figure_counts(self, which: int, field: str, bound: float, last: int) -> None:
        others = dict.fromkeys(
            ("cos", "margin", "margin_prev", "margin_last", "recall", "recall_unseen"), 0.9
        )
        assert judged(which, epoch(1, val={**others, field: bound - 0.2}))[0] is False


@pytest.mark.parametrize(
    ("which", "field", "value", "met"),
    [
        (COSINE, "cos", 0.5, True),  # >= 0.50
        (COSINE, "cos", 0.4999999, False),
        (MARGIN, "margin", 0.0, False),  # positive: > 0
        (MARGIN, "margin", 1e-9, True),
        (RECALL, "recall", 0.7, True),  # >= 70%
        (RECALL, "recall", 0.6999999, False),
    ],
)
def test_at_the_edge(which: int, field: str, value: float, met: bool) -> None:
    assert judged(which, epoch(1, val={field: value}))[0] is met


@pytest.mark.parametrize(
    ("weights", "met", "figure"),
    [
        ((0.005, 0.010), True, "0.00500 to 0.01000"),
        ((0.001, 0.020), True, "0.00100 to 0.02000"),  # both ends belong to the range
        ((0.0009, 0.010), False, "0.00090 to 0.01000"),
        ((0.010, 0.0201), False, "0.01000 to 0.02010"),
        ((0.050, 0.0001), False, "0.00010 to 0.05000"),  # their mean, 0.02505, is not asked for
        ((0.0, 0.010), False, "0.00000 to 0.01000"),  # a push that pauses is outside, not absent
        ((0.0, 0.0), None, "the recipe has no push"),
    ],
)
def test_the_push_must_stay_in_its_range(weights: tuple[float, float], met: bool | None, figure: str) -> None:
    first, second = weights
    together = epoch(1, steps(10, lambda_eff=first), steps(20, lambda_eff=second))
    assert judged(LAMBDA, together) == (met, figure)
    apart = epoch(1, steps(10, lambda_eff=first)), epoch(2, steps(10, lambda_eff=second))
    assert judged(LAMBDA, *apart) == (met, figure)


def test_a_push_that_leaves_its_range_once_is_outside() -> None:
    logged = [steps(10 * (place + 1), lambda_eff=0.01) for place in range(20)]
    assert judged(LAMBDA, epoch(1, *logged)) == (True, "0.01000 to 0.01000")
    assert judged(LAMBDA, epoch(1, *logged, steps(210, lambda_eff=0.03))) == (False, "0.01000 to 0.03000")


@pytest.mark.parametrize(
    ("gaps", "met"),
    [
        ((-0.05, 0.00, 0.05), True),
        ((0.05, 0.05), False),  # level is not rising
        ((0.05, 0.04), False),
        ((0.00, 0.10, 0.095, 0.12), True),  # 0.005 below the best is a stall, not a fall
        ((0.00, 0.10, 0.08, 0.20), False),  # 0.02 below the best, though it recovers
        ((0.00, 0.10, 0.095, 0.088), False),  # falls by 0.007 at most, but ends 0.012 below the best
        ((0.10, 0.095, 0.11), True),  # the first epoch may be the best for a while
        ((0.10, 0.08, 0.30), False),
        # 0.01 below the best exactly, in numbers that are exact in binary up to the 0.01 itself:
        ((0.0, 0.01, 0.0, 0.02), True),
        ((0.0, 0.01, -1e-9, 0.02), False),
    ],
)
def test_the_gap_rises_without_a_fall(gaps: tuple[float, ...], met: bool) -> None:
    epochs = [epoch(number, steps(10, gap=gap)) for number, gap in enumerate(gaps, start=1)]
    assert judged(GAP, *epochs) == (met, f"{gaps[0]:+.3f} to {gaps[-1]:+.3f}")


def test_one_epoch_shows_no_rise() -> None:
    assert judged(GAP, epoch(1, steps(10, gap=0.1), steps(20, gap=0.2))) == (False, "fewer than two epochs")
    empty = epoch(2)  # cut short before its first log line
    assert judged(GAP, epoch(1, steps(10, gap=0.1)), empty) == (False, "fewer than two epochs")


def test_an_epoch_without_steps_is_passed_over() -> None:
    epochs = epoch(1, steps(10, gap=0.1)), epoch(2), epoch(3, steps(10, gap=0.2))
    assert judged(GAP, *epochs) == (True, "+0.100 to +0.200")


def test_an_epochs_gap_weighs_log_intervals_by_their_steps() -> None:
    # 200 steps at 0.10 and 50 at 0.30: (200 * 0.10 + 50 * 0.30) / 250 = 35 / 250 = 0.14.
    first = epoch(1, steps(200, gap=0.10), steps(250, gap=0.30))
    # 200 at 0.20, 40 at 0.05 and 10 at 0.50: (40 + 2 + 5) / 250 = 47 / 250 = 0.188.
    second = epoch(2, steps(200, gap=0.20), steps(240, gap=0.05), steps(250, gap=0.50))
    assert judged(GAP, first, second) == (True, "+0.140 to +0.188")
    # Unweighted means would turn both of these around; the first epoch's is (0.10 + 0.30) / 2 = 0.20.
    # 250 at 0.15: 0.15 > 0.14, where 0.15 < 0.20.
    assert judged(GAP, first, epoch(2, steps(250, gap=0.15))) == (True, "+0.140 to +0.150")
    # 10 at 0.50 and 240 at 0.12: (5 + 28.8) / 250 = 0.1352 < 0.14, where (0.50 + 0.12) / 2 > 0.20.
    falling = epoch(2, steps(10, gap=0.50), steps(250, gap=0.12))
    assert judged(GAP, first, falling) == (False, "+0.140 to +0.135")
