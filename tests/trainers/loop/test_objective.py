"""What every recipe's loss shares, and the mean squared error of p1 and p6, against a loop over windows."""

from dataclasses import replace

import pytest
import torch

from schemas.errors import UsageError
from schemas.records.history import FIGURES
from trainers.loop.objective import Terms, mean_squared_error, previous_offset


@pytest.mark.parametrize("horizon", [1, 2, 3, 7])
def test_a_named_negative_lies_where_its_name_says(horizon: int) -> None:
    # context[-i] is i - 1 places before the last chunk, the target ``horizon`` places after it.
    assert previous_offset("context[-1]", horizon) == 0 - horizon
    assert previous_offset("context[-2]", horizon) == -1 - horizon
    if horizon > 1:
        assert previous_offset("skipped", horizon) == -1


@pytest.mark.parametrize(
    ("previous", "horizon", "message"),
    [
        (
            "context[-3]",
            2,
            "prev must be one of context[-2], context[-1], skipped; found 'context[-3]'",
        ),
        ("", 1, "prev must be one of context[-2], context[-1], skipped; found ''"),
        (
            "skipped",
            1,
            "no chunk is skipped at horizon 1; the chunk before the target is context[-1] there",
        ),
    ],
)
def test_a_negative_that_does_not_exist_is_refused(previous: str, horizon: int, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        previous_offset(previous, horizon)
    assert str(refused.value) == message


def test_the_squared_error_is_a_mean_over_windows_and_dimensions() -> None:
    # (1 + 4 + 0 + 9) / 4
    assert float(
        mean_squared_error(torch.tensor([[1.0, 2.0], [0.0, 3.0]]), torch.zeros(2, 2))
    ) == pytest.approx(3.5)
    one, other = torch.tensor([[0.6, 0.8]]), torch.tensor([[1.0, 0.0]])
    # Unit rows: 2 (1 - 0.6) / 2
    assert float(mean_squared_error(one, other)) == pytest.approx(0.4)


def test_the_figures_by_name() -> None:
    assert tuple(FIGURES) == ("loss", "mse", "push", "pos", "neg", "gap", "lambda_eff", "clamped")


def test_detached_terms_keep_their_order_and_lose_their_gradient() -> None:
    values = [torch.tensor(float(i), requires_grad=True) for i in range(5)]
    plain = Terms(*values).detached()
    assert plain.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert not plain.requires_grad
    more = replace(Terms(*values), more=torch.tensor([5.0, 6.0], requires_grad=True)).detached()
    assert more.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert not more.requires_grad
