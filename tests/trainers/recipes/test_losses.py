"""Losses against arithmetic, independent formulas and their limits."""

import math

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainers.recipes.losses import (
    anti_copy_loss,
    choice_loss,
    directional_margin_loss,
    directional_margin_loss_smooth,
)

Floats = npt.NDArray[np.float64]

GAMMAS = [0.5, 8.0, 50.0]
MARGINS = [0.0, 0.05, 2.0]


def triple(seed: int, rows: int, width: int) -> list[Floats]:
    """Predictions, targets and negatives of any length."""
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((rows, width)) * rng.uniform(0.1, 10.0, (rows, 1)) for _ in range(3)]


def unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.sqrt((rows * rows).sum(axis=1, keepdims=True)))


def naive(
    pred: Floats, y_next: Floats, y_prev: Floats, margin: float, gamma: float
) -> tuple[float, float, float]:
    """Loss, pos and neg; ln(1 + e^z) as logaddexp, which overflows nowhere."""
    pos = (unit(pred) * unit(y_next)).sum(axis=1)
    neg = (unit(pred) * unit(y_prev)).sum(axis=1)
    loss = np.logaddexp(0.0, gamma * (margin - (pos - neg))) / gamma
    return float(loss.mean()), float(pos.mean()), float(neg.mean())


def tensors(arrays: list[Floats]) -> list[torch.Tensor]:
    return [torch.from_numpy(array) for array in arrays]


cases = given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 9),
    width=st.integers(1, 12),
    margin=st.floats(0.0, 2.0),
    gamma=st.floats(0.05, 200.0),
)


def test_three_vectors_by_hand() -> None:
    pred = torch.tensor([[3.0, 4.0], [0.0, 2.0], [-5.0, 0.0]])
    y_next = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    y_prev = torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    result = directional_margin_loss_smooth(pred, y_next, y_prev, margin=0.05, gamma=8.0)
    # cos to next: 0.6, 1, -1; to prev: 0.8, 0, -1; gaps: -0.2, 1, 0.
    assert float(result.pos) == pytest.approx(0.2)
    assert float(result.neg) == pytest.approx(-0.2 / 3)
    assert float(result.gap) == pytest.approx(0.8 / 3)
    # z = 8 (0.05 - gap): 2, -7.6, 0.4; ln(1 + e^z): 2.126928, 0.000500, 0.913015; / 8, / 3.
    assert float(result.loss) == pytest.approx((2.126928 + 0.000500 + 0.913015) / 24, abs=1e-6)


def test_the_hinge_of_three_vectors_by_hand() -> None:
    pred = torch.tensor([[3.0, 4.0], [0.0, 2.0], [-5.0, 0.0]])
    y_next = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    y_prev = torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    result = directional_margin_loss(pred, y_next, y_prev, margin=0.05)
    # Gaps: -0.2, 1, 0; hinges: 0.25, 0, 0.05.
    assert float(result.loss) == pytest.approx(0.1)
    assert float(result.gap) == pytest.approx(0.8 / 3)


@settings(max_examples=30, deadline=None)
@cases
def test_the_hinge_is_its_formula(seed: int, rows: int, width: int, margin: float, gamma: float) -> None:
    arrays = triple(seed, rows, width)
    result = directional_margin_loss(*tensors(arrays), margin=margin)
    _, pos, neg = naive(arrays[0], arrays[1], arrays[2], margin, gamma)
    gap = (unit(arrays[0]) * (unit(arrays[1]) - unit(arrays[2]))).sum(axis=1)
    assert float(result.loss) == pytest.approx(float(np.maximum(0.0, margin - gap).mean()), abs=1e-12)
    assert float(result.pos) == pytest.approx(pos, abs=1e-12)
    assert float(result.neg) == pytest.approx(neg, abs=1e-12)
    assert float(result.gap) == pytest.approx(pos - neg, abs=1e-12)


def test_the_gradient_of_the_hinge_is_that_of_finite_differences() -> None:
    inputs = [tensor.requires_grad_() for tensor in tensors(triple(1, 5, 4))]

    def loss(pred: torch.Tensor, y_next: torch.Tensor, y_prev: torch.Tensor) -> torch.Tensor:
        return directional_margin_loss(pred, y_next, y_prev, margin=0.3).loss

    assert torch.autograd.gradcheck(loss, inputs)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 5), length=st.integers(1, 5))
def test_the_guard_against_copies_is_a_loop_over_windows_and_places(
    seed: int, rows: int, length: int
) -> None:
    pred, y_next, _ = triple(seed, rows, 4)
    contexts = np.random.default_rng(seed).standard_normal((rows, length, 4))
    hinges = []
    for p, target, context in zip(unit(pred), unit(y_next), contexts, strict=True):
        hinges += [max(0.0, 0.2 - float(p @ target) + float(p @ chunk)) for chunk in unit(context)]
    found = anti_copy_loss(*tensors([pred, y_next, contexts]), margin=0.2)
    assert float(found) == pytest.approx(float(np.mean(hinges)), abs=1e-12)


def test_the_gradient_of_the_guard_against_copies_is_that_of_finite_differences() -> None:
    pred, y_next, _ = triple(1, 3, 4)
    contexts = np.random.default_rng(2).standard_normal((3, 2, 4))
    inputs = [tensor.requires_grad_() for tensor in tensors([pred, y_next, contexts])]

    def loss(*given: torch.Tensor) -> torch.Tensor:
        return anti_copy_loss(*given, margin=0.3)

    assert torch.autograd.gradcheck(loss, inputs)


@settings(max_examples=60, deadline=None)
@cases
def test_it_is_its_formula(seed: int, rows: int, width: int, margin: float, gamma: float) -> None:
    arrays = triple(seed, rows, width)
    result = directional_margin_loss_smooth(*tensors(arrays), margin=margin, gamma=gamma)
    loss, pos, neg = naive(arrays[0], arrays[1], arrays[2], margin, gamma)
    # torch drops ln(1 + e^-z) beyond z = 20, 2.1e-9 at most, divided by gamma.
    assert float(result.loss) == pytest.approx(loss, rel=1e-9, abs=2.1e-9 / gamma)
    assert float(result.pos) == pytest.approx(pos, abs=1e-12)
    assert float(result.neg) == pytest.approx(neg, abs=1e-12)
    assert float(result.gap) == pytest.approx(pos - neg, abs=1e-12)


@settings(max_examples=30, deadline=None)
@cases
def test_it_lies_at_most_ln2_over_gamma_above_the_hinge(
    seed: int, rows: int, width: int, margin: float, gamma: float
) -> None:
    arrays = triple(seed, rows, width)
    gap = (unit(arrays[0]) * (unit(arrays[1]) - unit(arrays[2]))).sum(axis=1)
    hinge = float(np.maximum(0.0, margin - gap).mean())
    loss = float(directional_margin_loss_smooth(*tensors(arrays), margin=margin, gamma=gamma).loss)
    assert hinge - 1e-8 <= loss <= hinge + math.log(2.0) / gamma + 1e-12
    sharp = float(directional_margin_loss_smooth(*tensors(arrays), margin=margin, gamma=1e6).loss)
    assert sharp == pytest.approx(hinge, abs=1e-6)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_at_the_margin_it_is_ln2_over_gamma(gamma: float) -> None:
    # Unit vectors with pred = next have pos 1; prev at 60 degrees has neg 1/2: the gap is 1/2.
    pred = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    prev = torch.tensor([[0.5, math.sqrt(0.75)]], dtype=torch.float64)
    result = directional_margin_loss_smooth(pred, pred, prev, margin=0.5, gamma=gamma)
    assert float(result.loss) == pytest.approx(math.log(2.0) / gamma, rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scales=st.lists(st.floats(1e-3, 1e3), min_size=4, max_size=4))
def test_the_length_of_a_prediction_does_not_matter(seed: int, scales: list[float]) -> None:
    pred, y_next, y_prev = tensors(triple(seed, 4, 6))
    longer = pred * torch.tensor(scales, dtype=torch.float64)[:, None]
    one = directional_margin_loss_smooth(pred, y_next, y_prev)
    other = directional_margin_loss_smooth(longer, y_next, y_prev)
    for name in ("loss", "pos", "neg", "gap"):
        assert float(getattr(one, name)) == pytest.approx(float(getattr(other, name)), abs=1e-12)


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("margin", MARGINS)
def test_the_gradient_is_that_of_finite_differences(margin: float, gamma: float) -> None:
    inputs = [tensor.requires_grad_() for tensor in tensors(triple(1, 3, 4))]

    def loss(pred: torch.Tensor, y_next: torch.Tensor, y_prev: torch.Tensor) -> torch.Tensor:
        return directional_margin_loss_smooth(pred, y_next, y_prev, margin=margin, gamma=gamma).loss

    assert torch.autograd.gradcheck(loss, inputs)


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("margin", MARGINS)
def test_its_slope_against_the_gap_is_minus_a_sigmoid(margin: float, gamma: float) -> None:
    arrays = [unit(array) for array in triple(2, 1, 5)]
    pred, y_next, y_prev = tensors(arrays)
    directional_margin_loss_smooth(
        pred.requires_grad_(), y_next, y_prev, margin=margin, gamma=gamma
    ).loss.backward()  # type: ignore[no-untyped-call]
    gap = float(arrays[0][0] @ (arrays[1] - arrays[2])[0])
    slope = -1.0 / (1.0 + math.exp(-gamma * (margin - gap)))
    # At a unit prediction p the gap's gradient is (next - prev) less its part along p.
    rise = (arrays[1] - arrays[2])[0] - gap * arrays[0][0]
    assert pred.grad is not None
    np.testing.assert_allclose(pred.grad[0].numpy(), slope * rise, rtol=1e-7, atol=1e-12)


def test_the_seeds_own_test() -> None:
    # The seed drew a few random unit vectors: loss 0.1124 with a gap of 0.006. Over many the gap is 0
    # with standard deviation sqrt(2 / 768) = 0.051, so the loss is softplus(0.4) / 8 = 0.1141, plus
    # half the curvature times the variance, 8 * 0.599 * 0.401 / 2 * 0.0026 = 0.0025: 0.1166.
    rng = np.random.default_rng(0)
    vectors = [unit(rng.standard_normal((4096, 768))) for _ in range(3)]
    result = directional_margin_loss_smooth(*(tensor.float() for tensor in tensors(vectors)))
    assert 0.1 < float(result.loss) < 0.125
    assert abs(float(result.gap)) < 0.02
    assert float(result.loss) == pytest.approx(0.1166, abs=0.001)


def test_a_prediction_of_length_zero_has_cosine_zero_and_a_finite_gradient() -> None:
    pred = torch.zeros((1, 3), requires_grad=True)
    result = directional_margin_loss_smooth(pred, torch.eye(3)[:1], torch.eye(3)[1:2])
    assert [float(value.detach()) for value in (result.pos, result.neg, result.gap)] == [0.0, 0.0, 0.0]
    # softplus(8 * 0.05) / 8 = 0.913015 / 8
    assert float(result.loss.detach()) == pytest.approx(0.114127, abs=1e-6)
    result.loss.backward()  # type: ignore[no-untyped-call]
    assert pred.grad is not None
    assert torch.isfinite(pred.grad).all()


def test_an_empty_batch_is_not_a_number() -> None:
    empty = torch.zeros((0, 3))
    assert math.isnan(float(directional_margin_loss_smooth(empty, empty, empty).loss))


def test_the_surprise_by_hand() -> None:
    # beta 2: the target 0.5 against 0.0, and 1.0 at half the weight. -log(e / (e + 1 + e^2 / 2)).
    cosines = torch.tensor([[0.0, 0.5, 1.0, 0.9], [0.3, 0.3, 0.3, 0.3]])
    weight = torch.tensor([[1.0, 1.0, 0.5, 0.0], [1.0, 1.0, 1.0, 1.0]])
    first = -math.log(math.e / (math.e + 1.0 + math.e**2 / 2))
    found = choice_loss(cosines, weight, torch.tensor([1, 0]), torch.tensor(math.log(2.0)))
    assert float(found) == pytest.approx((first + math.log(4.0)) / 2, abs=1e-6)


def test_a_target_without_rivals_costs_nothing_and_pulls_at_nothing() -> None:
    cosines = torch.tensor([[0.1, 0.9]], requires_grad=True)
    loss = choice_loss(cosines, torch.tensor([[1.0, 0.0]]), torch.tensor([0]), torch.tensor(3.0))
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == 0.0
    assert cosines.grad is not None
    assert cosines.grad.tolist() == [[0.0, 0.0]]


def test_the_gradient_of_the_surprise() -> None:
    generator = torch.Generator().manual_seed(0)
    cosines = torch.randn(4, 6, generator=generator, dtype=torch.float64).requires_grad_()
    weight = torch.rand(4, 6, generator=generator, dtype=torch.float64)
    target = torch.tensor([0, 3, 5, 1])
    weight[:, 4] = 0.0
    weight[torch.arange(4), target] = 1.0
    sharpness = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda c, s: choice_loss(c, weight, target, s), (cosines, sharpness))
