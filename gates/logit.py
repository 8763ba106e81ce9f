"""The strongest control without a network: a weighted copy, a whitened one, and the ridge prediction.

``p = sum_j b_j c_j + sum_j d_j R c_j + e r + f R r`` with c_j the centred rows of the context, r the centred
ridge prediction and R a whitening matrix. Whitening gives weight to what is rare among targets, as a
classifier among them would; with R = 1 and d = e = f = 0 it is a weighted copy.
"""

from dataclasses import dataclass

import torch

from gates.contracts import Queries
from gates.linear_maps import Products, by_fold, or_last
from schemas.records.answers import Format

_CPU = torch.device("cpu")


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
    factor = torch.linalg.cholesky((1.0 - shrinkage) * covariance + shrinkage * variance * identity)
    inverse = torch.cholesky_inverse(factor)
    inverse = (inverse + inverse.T) / 2.0
    return inverse * (size / float(inverse.diagonal().sum()))


@dataclass(frozen=True, eq=False)
class Logit:
    """Answers ``sum_j b_j c_j + sum_j d_j R c_j + e r + f R r``; an article by the fold that never saw it.

    What is whitened is summed first, so beside the ridge product one of (D, D) is all it takes.

    Attributes:
        products: of the ridge. biases: (K, D) of the ridge.
        centres: (K, D).
        copied: (K, 2, L) b and d. predicted: (K, 2) e and f.
        whiteners: (K, D, D) each R.
    """

    products: Products
    biases: torch.Tensor
    centres: torch.Tensor
    copied: torch.Tensor
    predicted: torch.Tensor
    whiteners: torch.Tensor
    name: str = "logit"
    device: torch.device = _CPU
    weight_format: Format | None = None

    @property
    def reads_targets(self) -> bool:
        """Whether the target's article says who answers."""
        return len(self.centres) > 1

    def predict(self, queries: Queries) -> torch.Tensor:
        """(B, D); an answer of zero has no direction, the last chunk stands in."""
        fold = self.products.folds(queries)
        ridge = self.products.of(queries) + (self.biases - self.centres)[fold]
        both = self.copied[fold] @ queries.contexts
        both -= (self.copied.sum(dim=2, keepdim=True) * self.centres[:, None])[fold]
        both += self.predicted[fold][:, :, None] * ridge[:, None]
        plain, whitened = both.unbind(dim=1)
        # An answer is a row times the matrix, and R is symmetric.
        return or_last(plain + by_fold(whitened, self.whiteners, fold), queries)
