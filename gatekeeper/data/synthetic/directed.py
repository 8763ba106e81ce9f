r"""A world whose future follows from its past better than its past from its future.

A chunk holds something new and a louder echo of what was new one chunk earlier,

    x[t] = (u[t], g u[t-1]) / sqrt(1 + g^2),    u[t] ~ N(0, 2 I / D) independent,

in D dimensions. From x[t] the echo in x[t+1] is known, which is g^2 / (1 + g^2) of its square length;
of x[t-1] only the new part is, which is 1 / (1 + g^2). The best predictions therefore have a cosine of
about g / sqrt(1 + g^2) forward and 1 / sqrt(1 + g^2) backward: 0.949 and 0.316 at g = 3. In reverse
order the two change places, and in random order neither is left.
"""

import numpy as np

from gates.bank import build_bank
from gates.contracts import Bank

GAIN = 3.0


def directed_bank(*, articles: int, chunks: int, dimension: int, seed: int, gain: float = GAIN) -> Bank:
    """Make the world's bank.

    Args:
        articles: walks.
        chunks: length of each.
        dimension: D, even.
        seed: of everything random.
        gain: g, how much louder the echo is.
    """
    rng = np.random.default_rng([seed, 2])
    new = rng.standard_normal((articles, chunks + 1, dimension // 2)) * np.sqrt(2.0 / dimension)
    vectors = np.concatenate([new[:, 1:], gain * new[:, :-1]], axis=2)
    return build_bank(
        vectors.reshape(-1, dimension).astype(np.float32),
        np.repeat(np.arange(articles), chunks),
        np.tile(np.arange(chunks), articles),
        source="directed",
    )


def expected_directions(gain: float = GAIN) -> tuple[float, float]:
    """Cosines of the best prediction forward and backward, in the limit of large D.

    Example:
        >>> [round(cosine, 3) for cosine in expected_directions()]
        [0.949, 0.316]
    """
    length = float(np.hypot(1.0, gain))
    return gain / length, 1.0 / length
