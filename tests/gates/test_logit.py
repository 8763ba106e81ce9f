import numpy as np
import pytest
import torch

from gates.contracts import Queries
from gates.linear_maps import Products
from gates.logit import Logit, whitening


def covariance(seed: int, size: int = 6, samples: int = 40) -> torch.Tensor:
    rows = np.random.default_rng(seed).standard_normal((samples, size)) * np.arange(1, size + 1)
    return torch.from_numpy(np.cov(rows.T, bias=True))


@pytest.mark.parametrize("shrinkage", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("samples", [40, 3])  # fewer than the dimension: singular without shrinkage
def test_whitening_is_the_inverse_of_the_shrunk_covariance_with_trace_d(
    shrinkage: float, samples: int
) -> None:
    given = covariance(0, samples=samples)
    shrunk = (1 - shrinkage) * given.numpy() + shrinkage * np.trace(given.numpy()) / 6 * np.eye(6)
    found = whitening(given, shrinkage).numpy()
    assert np.trace(found) == pytest.approx(6.0)
    product = found @ shrunk
    assert product == pytest.approx(product[0, 0] * np.eye(6), abs=1e-9)
    assert np.array_equal(found, found.T)


def test_targets_that_do_not_vary_are_not_whitened() -> None:
    assert torch.equal(whitening(torch.zeros(4, 4, dtype=torch.float64), 0.3), torch.eye(4).double())


@pytest.mark.parametrize("context", [1, 3])
@pytest.mark.parametrize("folds", [1, 2])
def test_it_answers_the_formula(context: int, folds: int) -> None:
    rng = np.random.default_rng(0)
    size, fold_of_row = 6, np.array([0, 1, 1, 0]) % folds
    white = np.stack([whitening(covariance(k), 0.6).numpy() for k in range(folds)])
    weight, bias = rng.standard_normal((folds, context * size, size)), rng.standard_normal((folds, size))
    centre, numbers = rng.standard_normal((folds, size)), rng.standard_normal((folds, 2 * context + 2))
    logit = Logit(
        Products(torch.from_numpy(weight).float(), fold_of_row),
        torch.from_numpy(bias).float(),
        torch.from_numpy(centre).float(),
        torch.from_numpy(numbers[:, :-2].reshape(folds, 2, context)).float(),
        torch.from_numpy(numbers[:, -2:]).float(),
        torch.from_numpy(white).float(),
    )
    assert logit.reads_targets == (folds > 1)
    contexts = rng.standard_normal((4, context, size))
    found = logit.predict(Queries(torch.from_numpy(contexts).float(), np.arange(4))).double().numpy()
    for chunks, k, answer in zip(contexts, fold_of_row, found, strict=True):
        centred, r = chunks - centre[k], chunks.reshape(-1) @ weight[k] + bias[k] - centre[k]
        b, d, (e, f) = numbers[k, :context], numbers[k, context:-2], numbers[k, -2:]
        expected = e * r + f * white[k] @ r
        for j in range(context):
            expected += b[j] * centred[j] + d[j] * white[k] @ centred[j]
        assert answer == pytest.approx(expected, abs=1e-4)


def test_the_last_chunk_stands_in_for_an_answer_of_zero() -> None:
    nothing = Logit(
        Products(torch.zeros(1, 8, 4), np.zeros(3, dtype=np.int64)),
        torch.zeros(1, 4),
        torch.zeros(1, 4),
        torch.zeros(1, 2, 2),
        torch.zeros(1, 2),
        torch.eye(4)[None],
    )
    contexts = torch.arange(8.0).reshape(1, 2, 4)
    assert torch.equal(nothing.predict(Queries(contexts, np.array([0]))), contexts[:, 1])
