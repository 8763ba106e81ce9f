"""How the variance of a mean over articles is distributed: its degrees of freedom and its mean.

With ``w_g = n_g / n`` and ``m_g`` the mean in article g, the bias-reduced variance of the mean m is
``V = sum_g (w_g (m_g - m))^2 / (1 - w_g)``: CR2 with articles of equally variable means as its working
model. V is a quadratic form of the article means, whose matrix is ``A = M' diag(w^2 / (1 - w)) M`` with
``M = I - 1 w'``, so its degrees of freedom are ``tr(A)^2 / tr(A^2)``.

Sources: Bell and McCaffrey 2002, "Bias reduction in standard errors for linear regression with
multi-stage samples"; Pustejovsky and Tipton 2018, "Small-sample methods for cluster-robust variance
estimation and hypothesis testing in fixed effects models".
"""

from dataclasses import dataclass

import numpy as np

from gates.contracts import IntArray


@dataclass(frozen=True)
class VarianceForm:
    """How V is distributed where article means vary equally.

    Attributes:
        degrees: ``tr(A)^2 / tr(A^2)``, of the chi-square that it resembles.
        share: ``tr(A) / sum w^2``: its mean over the true variance; 1 for equal articles, less where one
            article outweighs the others.
    """

    degrees: float
    share: float


def variance_form(sizes: IntArray) -> VarianceForm:
    """The traces of A in O(G); degrees are 1 for two articles, G - 1 for equal ones.

    With ``d = w^2 / (1 - w)`` and ``q = sum w^2`` the traces are those of the Gram matrix ``K`` of the rows
    of ``diag(d)^(1/2) M``: ``K_ij = sqrt(d_i d_j) (q - w_i - w_j)``, and ``d_i (1 - 2 w_i + q)`` on the
    diagonal. What a giant would cancel is subtracted in whole numbers, and the pairs of the largest article
    are summed apart, so that no digit is lost however large it is.

    Args:
        sizes: (G,) windows of each article, G >= 2; less than 10^9 windows in all.
    """
    n = int(sizes.sum())
    ordered = np.sort(sizes)[::-1].astype(np.int64)
    squares = int(ordered @ ordered)
    w = ordered / n
    rest = (n - ordered) / n
    d = w**2 / rest
    diagonal = d * (rest**2 + (squares - ordered**2) / n**2)
    largest, others = float(d[0]), d[1:]
    apart = (squares - int(ordered[0]) * n) / n**2 - w[1:]
    with_largest = 2.0 * largest * float(others @ apart**2)
    half = squares / n**2 / 2 - w[1:]
    pairs = (
        2.0 * float(others.sum()) * float(others @ half**2)
        + 2.0 * float(others @ half) ** 2
        - 4.0 * float(others**2 @ half**2)
    )
    trace = float(diagonal.sum())
    squared = float(diagonal @ diagonal) + with_largest + max(pairs, 0.0)
    degrees = min(max(trace * trace / squared, 1.0), len(sizes) - 1.0)  # by rounding they may lie beyond
    return VarianceForm(degrees=degrees, share=trace * n * n / squares)
