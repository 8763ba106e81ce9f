"""A class of the user's own is tried before a run begins."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from gates.contracts import Dataset
from schemas.errors import GatekeeperError
from trainers.loop.first_try import try_out
from trainers.own_architecture import own_architecture


class Good(nn.Module):
    def __init__(self, input_dim: int) -> None:
        super().__init__()
        self.map = nn.Linear(input_dim, input_dim)

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.map(contexts[:, -1])
        return answer


class Sequence(Good):
    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.map(contexts)
        return answer


class Narrow(Good):
    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        return super().forward(contexts)[:, :3]


class Infinite(Good):
    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        return super().forward(contexts) / 0


class Exits(Good):
    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        raise SystemExit(0)


class Two(Good):
    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        return contexts, contexts  # type: ignore[return-value]


def frozen(input_dim: int) -> nn.Module:
    return Good(input_dim).requires_grad_(requires_grad=False)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (
            Sequence,
            r"Sequence must return predictions of shape \(4, 16\); found \(4, 5, 16\), one for each",
        ),
        (Narrow, r"Narrow must make \(4, 16\) of contexts \(4, 5, 16\), a vector for each; found \(4, 3\)$"),
        (Infinite, "Infinite answers with NaN or infinity before it is trained$"),
        (Exits, r"Exits cannot read contexts of shape \(4, 5, 16\): 0$"),
        (Two, "Two must return one tensor; found tuple"),
        (lambda dimension: Good(8), r"cannot read contexts of shape \(4, 5, 16\): mat1 and mat2 shapes"),
        (frozen, "frozen has no weights to train$"),
    ],
)
def test_what_would_fail_later_is_told_before(
    named: Callable[..., nn.Module], message: str, world_data: Callable[[int], Dataset]
) -> None:
    dataset = world_data(1)
    own = own_architecture(named)
    with pytest.raises(GatekeeperError, match=message) as caught:
        try_out(own, own.default_config(dimension=16, context=5), dataset)
    assert "\n" not in str(caught.value)


def test_random_numbers_stay_as_they_were(world_data: Callable[[int], Dataset]) -> None:
    dataset, own = world_data(1), own_architecture(Good)
    torch.manual_seed(3)
    wanted = torch.rand(1)
    torch.manual_seed(3)
    try_out(own, own.default_config(dimension=16, context=5), dataset)
    assert torch.equal(torch.rand(1), wanted)
