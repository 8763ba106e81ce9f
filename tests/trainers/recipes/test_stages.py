"""Which windows a stage has, against a loop over them."""

import numpy as np
import pytest

from gates.contracts import Window
from schemas.errors import UsageError
from tests.trainers.tiny import BANK, cosine, data, find
from trainers.recipes import stages
from trainers.recipes.stages import likeness, stages_of

EASY, MIDDLE = (0.1, 0.05), (0.5, 0.2)


def by_hand(horizon: int, context: int) -> tuple[list[float], list[float]]:
    last, advantage = [], []
    for row in data(horizon, context).splits["train"].last_rows.tolist():
        target = find(row, horizon)
        assert target is not None
        cosines = [
            cosine(BANK.vectors[row - back].astype(np.float64), BANK.vectors[target].astype(np.float64))
            for back in range(context)
        ]
        last.append(cosines[0])
        advantage.append(cosines[0] - (max(cosines[1:]) if context > 1 else 0.0))
    return last, advantage


@pytest.mark.parametrize(("horizon", "context"), [(1, 4), (2, 3), (1, 1)])
@pytest.mark.parametrize("block", [5, 8192])
def test_likeness_is_that_of_a_loop(
    horizon: int, context: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "_BLOCK", block)
    rows = data(horizon, context).splits["train"].last_rows
    found = likeness(BANK, rows, Window(context, horizon))
    last, advantage = by_hand(horizon, context)
    assert found.last == pytest.approx(last, abs=1e-6)
    assert found.advantage == pytest.approx(advantage, abs=1e-6)


def test_the_first_stage_asks_for_both_the_second_for_one_and_the_third_for_nothing() -> None:
    rows = data(1).splits["train"].last_rows
    first, second, third = stages_of(BANK, rows, Window(4, 1), easy=EASY, middle=MIDDLE)
    pairs = list(zip(*by_hand(1, 4), strict=True))
    assert first.tolist() == [a >= 0.1 and b >= 0.05 for a, b in pairs]
    assert second.tolist() == [a >= 0.5 or b >= 0.2 for a, b in pairs]
    assert third.all()
    assert 0 < first.sum() < len(rows)
    assert 0 < second.sum() < len(rows)


@pytest.mark.parametrize(
    ("easy", "middle", "beginning"),
    [
        (
            (0.1, 2.5),
            MIDDLE,
            "--easy 0.1 2.5: none of the 23 train windows has what it asks for; the",
        ),
        (EASY, (1.5, 2.5), "--middle 1.5 2.5: none of the 23 train windows"),
    ],
)
def test_a_stage_without_windows_is_refused(
    easy: tuple[float, float], middle: tuple[float, float], beginning: str
) -> None:
    rows = data(1).splits["train"].last_rows
    with pytest.raises(UsageError) as refused:
        stages_of(BANK, rows, Window(4, 1), easy=easy, middle=middle)
    assert str(refused.value).startswith(beginning)
