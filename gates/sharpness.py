"""How sharply scores tell a target from its rivals: the beta that gives them the most information.

A softmax of ``beta * scores`` says how likely each candidate is. Its mean loss over windows is convex in
beta, so the best beta >= 0 is one number that is found for certain. Each article is judged by a beta that
other articles chose; otherwise a predictor that knows nothing would look as if it knew a little.

A predictor that is right in all n windows of those articles would be given any beta, and the first window
it misses would cost it any number of bits. n windows cannot show that it errs less than once in n + 1. So,
while beta is chosen, each target's probability is 1 - 1/(n + 1), and the rest is shared by its whole pool:
label smoothing (Szegedy et al. 2016, arXiv 1512.00567) by one window, as Laplace's rule of succession asks.

Leaving out one article after another asks for many betas that lie close to each other. The loss is therefore
expanded at one point, article by article, and every fold whose minimum the series reaches is settled there:
Newton's method of higher order, with a bracket that bisects where it would leave it.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gates.contracts import BoolArray, DoubleArray, IntArray
from gates.seeded import hash_rows

LEFT_OUT_ONE_BY_ONE = 20
"""Up to so many articles each is a fold of its own."""

FOLDS = 10
"""So many folds share more articles than that."""

SHARPEST = 1e4
"""No beta is larger. Cosines that differ by 1e-4 are then e to 1; a predictor that always finds its
target among rivals of which one is all but its double would otherwise ask for any number."""

_ORDER = 6
_SERIES = (1e-6, 1e-8)  # the last two terms may move a minimum by these shares of 1 + beta
_GAIN = 1e-10  # nats a window; where Newton's step can gain no more, it is the last
_WORTH = 1e-6  # likewise; where no beta gains more over 0, it is 0: whoever says nothing is not made to
_BLOCK = 2**15  # scores expanded at once: they fit a processor's cache
_WIDTHS = 8  # articles whose numbers of rows agree up to the next multiple of this are expanded together


@dataclass(frozen=True, eq=False)
class ScoredArticle:
    """The scores of an article's windows, relative to each window's best candidate.

    Attributes:
        below: (m, r) float64, score minus the best candidate's score: at most 0 for every candidate, and 0
            where a row is none.
        allowed: (m, r) which rows are candidates.
        lead: (m,) of the best candidate over the target; 0 where the target is the best.
        lift: (m,) of the target over the mean of its candidates, itself one of them.
    """

    below: DoubleArray
    allowed: BoolArray
    lead: DoubleArray
    lift: DoubleArray

    @classmethod
    def of(cls, scores: DoubleArray, allowed: BoolArray, target: IntArray) -> "ScoredArticle":
        """From scores (m, r), their candidates (m, r) and the column (m,) of each target."""
        best = np.where(allowed, scores, -np.inf).max(axis=1, initial=-np.inf)
        below = np.where(allowed, scores - best[:, None], 0.0)
        of_target = below[np.arange(len(target)), target]
        mean = below.sum(axis=1) / np.maximum(allowed.sum(axis=1), 1)
        return cls(below, allowed, -of_target, of_target - mean)

    def losses(self, beta: float) -> DoubleArray:
        """(m,) minus log softmax(beta * scores) of the target, in nats."""
        found = np.empty(len(self.lead), dtype=np.float64)
        for part in self._parts():
            weights = np.exp(beta * self.below[part]) * self.allowed[part]
            found[part] = np.log(weights.sum(axis=1)) + beta * self.lead[part]
        return found

    def expand(self, beta: float) -> DoubleArray:
        """(m, 6) first to sixth derivative of each loss: the cumulants of the scores under softmax."""
        found = np.empty((len(self.lead), _ORDER), dtype=np.float64)
        for part in self._parts():
            below = self.below[part]
            weights = np.exp(beta * below)
            weights *= self.allowed[part]
            weights /= weights.sum(axis=1, keepdims=True)
            mean = np.einsum("mr,mr->m", weights, below)
            centred = below - mean[:, None]
            weights *= centred
            moments = []
            for _ in range(_ORDER - 1):
                weights *= centred
                moments.append(weights.sum(axis=1))
            m2, m3, m4, m5, m6 = moments
            cumulants = (
                mean + self.lead[part],
                m2,
                m3,
                m4 - 3 * m2**2,
                m5 - 10 * m2 * m3,
                m6 - 15 * m2 * m4 - 10 * m3**2 + 30 * m2**3,
            )
            found[part] = np.stack(cumulants, axis=1)
        return found

    @classmethod
    def joined(cls, articles: "Sequence[ScoredArticle]", width: int) -> "ScoredArticle":
        """The windows of several as if they were of one with so many rows; those added are no candidates."""
        lead, lift = (np.concatenate([getattr(each, name) for each in articles]) for name in ("lead", "lift"))
        below = np.zeros((len(lead), width), dtype=np.float64)
        allowed = np.zeros((len(lead), width), dtype=np.bool_)
        end = 0
        for each in articles:
            start, end = end, end + len(each.lead)
            below[start:end, : each.below.shape[1]] = each.below
            allowed[start:end, : each.below.shape[1]] = each.allowed
        return cls(below, allowed, lead, lift)

    def _parts(self) -> Iterator[slice]:
        step = max(1, _BLOCK // max(1, self.below.shape[1]))
        for start in range(0, len(self.below), step):
            yield slice(start, start + step)


def article_folds(articles: IntArray, windows: IntArray, *, seed: int) -> IntArray:
    """Fold of each article: its own up to 20 articles, else one of ten with about as many windows each.

    Args:
        articles: (G,) distinct numbers.
        windows: (G,) windows of each.
        seed: decides between articles of equal size.

    Returns:
        (G,) in 0 to the number of folds - 1; independent of the order of the articles but for the names of
        the folds.
    """
    if len(articles) <= LEFT_OUT_ONE_BY_ONE:
        return np.arange(len(articles))
    fold = np.empty(len(articles), dtype=np.int64)
    load = [0] * FOLDS
    for article in np.lexsort((hash_rows(articles, seed=seed, stream="bits"), -windows)).tolist():
        lightest = load.index(min(load))
        fold[article] = lightest
        load[lightest] += int(windows[article])
    return fold


def fit_sharpness(scored: Sequence[ScoredArticle], folds: IntArray) -> DoubleArray:
    """The beta of every fold, 0 to :data:`SHARPEST`, that minimises the smoothed loss of all other folds.

    Over their n windows it is ``sum(losses(beta)) + beta * sum(lift) / (n + 1)``.

    Args:
        scored: the articles (G,), each with at least one window.
        folds: (G,) fold of each, of at least two.

    Returns:
        (K,) one beta a fold.
    """
    count = int(folds.max()) + 1
    windows, lift = (
        per_fold.sum() - per_fold
        for per_fold in (
            np.bincount(folds, weights=[len(each.lift) for each in scored], minlength=count),
            np.bincount(folds, weights=[each.lift.sum() for each in scored], minlength=count),
        )
    )
    searches = [_Search(float(each)) for each in windows]
    batches = list(_together(scored, folds))
    while waiting := [search for search in searches if not search.settled]:
        beta = waiting[0].beta
        terms = np.zeros((count, _ORDER), dtype=np.float64)
        for batch, fold in batches:
            np.add.at(terms, fold, batch.expand(beta))
        others = terms.sum(axis=0) - terms
        others[:, 0] += lift / (windows + 1)
        for search, derivatives in zip(searches, others, strict=True):
            if not search.settled:
                search.see(beta, derivatives)
    return np.array([search.beta for search in searches])


def _together(scored: Sequence[ScoredArticle], folds: IntArray) -> Iterator[tuple[ScoredArticle, IntArray]]:
    """The articles, those that are small and about as wide as one: calls cost more than their numbers do.

    Yields:
        Windows of one article or of several, and the fold (m,) of each.
    """
    alike: dict[int, list[int]] = {}
    for number, each in enumerate(scored):
        width = -(-each.below.shape[1] // _WIDTHS) * _WIDTHS
        small = each.below.size <= _BLOCK
        alike.setdefault(width if small else -1 - number, []).append(number)
    for width, numbers in alike.items():
        fold = np.repeat(folds[numbers], [len(scored[number].lead) for number in numbers])
        several = [scored[number] for number in numbers]
        yield several[0] if len(several) == 1 else ScoredArticle.joined(several, width), fold


@dataclass(eq=False)
class _Search:
    """Where one fold's minimum lies.

    Attributes:
        windows: behind the loss.
        beta: where it is looked for next; once ``settled``, where it is.
        low, high: the minimum lies between them.
    """

    windows: float
    beta: float = 0.0
    low: float = 0.0
    high: float = math.inf
    settled: bool = False

    def see(self, beta: float, derivatives: DoubleArray) -> None:
        """Learn from the first six derivatives of the loss at ``beta``."""
        slope, curvature = float(derivatives[0]), float(derivatives[1])
        if slope < 0.0:
            self.low = max(self.low, beta)
        else:
            self.high = min(self.high, beta)
        worthless = beta == 0.0 and self._no_more_than(_WORTH, slope, curvature)
        if worthless or slope == 0.0 or self.high == 0.0 or self.low >= SHARPEST:
            self._settle(beta)
            return
        newton = beta - slope / curvature if curvature > 0.0 else math.inf
        reached = _minimum(beta, derivatives)
        if reached is not None and self._inside(reached):
            self._settle(reached)
        elif self._no_more_than(_GAIN, slope, curvature):
            self._settle(newton if self._inside(newton) else beta)
        else:
            self._look_on(newton)

    def _inside(self, beta: float) -> bool:
        return self.low <= beta <= min(self.high, SHARPEST)

    def _no_more_than(self, gain: float, slope: float, curvature: float) -> bool:
        """Whether Newton's step promises at most so many nats a window: half its squared decrement."""
        return slope**2 <= 2 * gain * self.windows * curvature

    def _settle(self, beta: float) -> None:
        self.beta, self.settled = beta, True

    def _look_on(self, newton: float) -> None:
        most = min(self.high, SHARPEST)
        if self.low < newton < most:
            self.beta = newton
        else:
            self.beta = SHARPEST if self.high > SHARPEST else (self.low + self.high) / 2


def _minimum(beta: float, derivatives: DoubleArray) -> float | None:
    """Where the series of the slope vanishes, if its last two terms have no say in that.

    Two, since one alone may be small by chance: the sixth cumulant crosses zero.
    """
    steps = []
    for terms in range(_ORDER - len(_SERIES), _ORDER + 1):
        step = _root(derivatives[:terms])
        if step is None:
            return None
        steps.append(step)
    settled = all(
        abs(longer - shorter) <= most * (1.0 + beta)
        for (shorter, longer), most in zip(itertools.pairwise(steps), _SERIES, strict=True)
    )
    return beta + steps[-1] if settled else None


def _root(derivatives: DoubleArray) -> float | None:
    """The step to the zero of ``sum_j derivatives[j] step^j / j!`` that Newton's method finds from 0."""
    powers = [float(each) / math.factorial(j) for j, each in enumerate(derivatives)]
    slopes = [j * power for j, power in enumerate(powers)][1:]
    step = 0.0
    for _ in range(50):
        value, slope = _polynomial(powers, step), _polynomial(slopes, step)
        if not 0.0 < slope < math.inf:
            return None
        change = value / slope
        step -= change
        if abs(change) <= 1e-13 * (1.0 + abs(step)):
            return step
    return None


def _polynomial(powers: Sequence[float], at: float) -> float:
    """By Horner's rule, in plain numbers: six of them are not worth an array. Far from 0 it may overflow."""
    value = 0.0
    for power in reversed(powers):
        value = power + value * at
    return value
