import numpy as np
import pytest
import torch

from gates.fold_moments import Taught
from gates.logit import logit_map, whitening


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
def test_the_map_is_the_formula(context: int) -> None:
    rng = np.random.default_rng(0)
    size = 6
    taught = Taught(
        torch.from_numpy(rng.standard_normal((context * size, size)).astype(np.float32)),
        torch.from_numpy(rng.standard_normal(size).astype(np.float32)),
        torch.from_numpy(rng.standard_normal(size)),
        covariance(1),
    )
    whitener = whitening(taught.covariance, 0.6)
    numbers = rng.standard_normal(2 * context + 2)
    weight, bias = logit_map(numbers, taught, whitener)
    chunks = rng.standard_normal((context, size))
    centred = chunks - taught.centre.numpy()
    r = chunks.reshape(-1) @ taught.weight.numpy() + taught.bias.numpy() - taught.centre.numpy()
    white = whitener.numpy()
    b, d, (e, f) = numbers[:context], numbers[context:-2], numbers[-2:]
    expected = (
        sum(b[j] * centred[j] + d[j] * white @ centred[j] for j in range(context)) + e * r + f * white @ r
    )
    found = chunks.reshape(-1) @ weight.double().numpy() + bias.double().numpy()
    assert found == pytest.approx(expected, abs=1e-4)
