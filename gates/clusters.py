"""How samples lie in articles: what an interval's width hangs on besides the values."""

from dataclasses import dataclass

import numpy as np

from gates.contracts import DoubleArray, IntArray
from gates.variance import variance_form


@dataclass(frozen=True)
class Clusters:
    """How many there are, and how many that counts for.

    Attributes:
        n: samples.
        articles: G, articles among them.
        effective: ``(sum n_g)^2 / sum n_g^2``: so many equal articles would weigh as these do, 1 to G.
            A quotient of two integers, so a comparison of it with an integer is exact.
        degrees: of freedom of Student's t; None where one article leaves nothing to compare.
    """

    n: int
    articles: int
    effective: float
    degrees: float | None

    @classmethod
    def of(cls, sizes: IntArray) -> "Clusters":
        """Of articles of so many samples each, (G,) with all of them at least 1."""
        n = int(sizes.sum())
        effective = n * n / int((sizes * sizes).sum())
        return cls(n, len(sizes), effective, variance_form(sizes).degrees if len(sizes) > 1 else None)


@dataclass(frozen=True, eq=False)
class Grouped:
    """Samples by article: found once, it serves every figure of the same samples.

    Attributes:
        place: (n,) number of each sample's article, 0 to G - 1.
        inflation: (G,) ``1 / (1 - w_g)``; empty for a single article.
        clusters: what an interval rests on.
    """

    place: IntArray
    inflation: DoubleArray
    clusters: Clusters

    @classmethod
    def of(cls, articles: "Articles") -> "Grouped":
        """Of the article (n,) of each sample, at least one; what is grouped already stays as it is."""
        if isinstance(articles, Grouped):
            return articles
        _, place, sizes = np.unique(articles, return_inverse=True, return_counts=True)
        clusters = Clusters.of(sizes)
        alone = clusters.degrees is None
        return cls(place, np.empty(0) if alone else clusters.n / (clusters.n - sizes), clusters)


Articles = IntArray | Grouped
"""(n,) article of each sample, or what was made of it before."""
