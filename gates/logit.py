"""The strongest control without a network: a weighted copy, a whitened one, and the ridge prediction.

``p = sum_j b_j c_j + sum_j d_j R c_j + e r + f R r`` with c_j the centred rows of the context, r the centred
ridge prediction and R a whitening matrix. Whitening gives weight to what is rare among targets, as a
classifier among them would; with R = 1 and d = e = f = 0 it is a weighted copy.
"""

import torch

from gates.contracts import DoubleArray
from gates.fold_moments import Taught


def whitening(covariance: torch.Tensor, shrinkage: float) -> torch.Tensor:
    """R: the inverse of a covariance that is drawn to a multiple of the identity, with trace D.

    Args:
        covariance: (D, D) of targets.
        shrinkage: s in (0, 1]; what is inverted is ``(1 - s) * covariance + s * mean variance * identity``.

    Returns:
        (D, D) float64, symmetric; the identity where the targets do not vary.
    """
    size = len(covariance)
    identity = torch.eye(size, dtype=torch.float64)
    variance = float(covariance.diagonal().mean())
    # Rounding leaves about 1e-16 of unit rows that are all the same.
    if variance <= 1e-12:
        return identity
    inverse: torch.Tensor = torch.linalg.inv((1.0 - shrinkage) * covariance + shrinkage * variance * identity)
    inverse = (inverse + inverse.T) / 2.0
    return inverse * (size / float(inverse.diagonal().sum()))


def logit_map(
    numbers: DoubleArray, taught: Taught, whitener: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The whole control as one linear map of the flattened context.

    Args:
        numbers: (2 L + 2,) b, d, e and f.
        taught: centre and ridge solution.
        whitener: R (D, D) float64.

    Returns:
        Weight (L * D, D) and bias (D,), float32.
    """
    context = (len(numbers) - 2) // 2
    size = len(whitener)
    plain, whitened = numbers[:context], numbers[context : 2 * context]
    identity = torch.eye(size, dtype=torch.float64)
    of_ridge = float(numbers[-2]) * identity + float(numbers[-1]) * whitener
    weight = taught.weight @ of_ridge.float()
    for j in range(context):
        # An answer is a row times the weight, and R is symmetric.
        block = float(plain[j]) * identity + float(whitened[j]) * whitener
        weight[j * size : (j + 1) * size] += block.float()
    copied = float(plain.sum()) * identity + float(whitened.sum()) * whitener
    bias = (taught.bias.double() - taught.centre) @ of_ridge - taught.centre @ copied
    return weight, bias.float()
