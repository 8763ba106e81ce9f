"""Articles that run backwards, told by whatever can tell.

- Texts, where chunks were cut inside sentences: the next chunk goes on in lower case.
- The order of vectors, where a linear classifier knows a window from its reversal.
- The direction of vectors, where the next chunk follows better from the past than the previous one from the
  future, or worse.

Text cut at the ends of sentences, with vectors that read alike both ways, tells nothing, and then nothing
is claimed.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gatekeeper.data.audit.figures import SAME
from gates.contracts import ArticleId, Bank, BoolArray, IntArray, Window
from gates.direction import Direction, fit_maps, tell_direction, tell_order
from gates.seeded import hash_rows
from gates.windows import window_rows

TELLING = 0.75
"""What must hold of all windows, or of all cut sentences, before single articles are judged by it."""

DOUBT = 0.01
"""About the chance that any article of a sound bank is called reversed."""

WINDOWS = 50_000
"""At most so many windows are judged, of seeded articles."""

Tell = Callable[[IntArray], BoolArray]

_ENDS = ".!?…:;。！？"
_CLOSING = "\"'”’»)]}*_ \t\r\n"


@dataclass(frozen=True)
class Backwards:
    """An article that seems to run backwards, and what says so."""

    article: ArticleId
    evidence: str


@dataclass(frozen=True)
class Reversals:
    """What was found.

    Attributes:
        by: what could tell, ``the texts`` and ``the vectors``; empty where nothing could.
        articles: those that run backwards, each as often as something says so.
    """

    by: tuple[str, ...]
    articles: tuple[Backwards, ...]


def find_reversed(
    bank: Bank, fit_rows: IntArray, test_rows: IntArray, direction: Direction, *, context: int, seed: int
) -> Reversals:
    """Look for articles that run backwards.

    Args:
        bank: the bank.
        fit_rows: (n,) last context rows of windows of ``context`` + 1 chunks.
        test_rows: (m,) likewise, of other articles. What is fitted on the one judges the other, and all
            articles that are in neither.
        direction: what was learned from ``fit_rows`` and measured on ``test_rows``.
        context: L.
        seed: of the draw of articles, and of the fits.
    """
    found = [] if bank.texts is None else [_by_texts(bank, bank.texts)]
    rows = _drawn(bank, context, seed)
    fitted = np.isin(bank.articles[rows], bank.articles[fit_rows])

    def judged(by_fitted: Tell, by_others: Tell) -> BoolArray:
        told = np.empty(len(rows), dtype=np.bool_)
        told[~fitted] = by_fitted(rows[~fitted])
        told[fitted] = by_others(rows[fitted])
        return told

    if (direction.order.value or 0.0) >= TELLING:
        told = judged(
            lambda rows: tell_order(bank, fit_rows, rows, context=context),
            lambda rows: tell_order(bank, test_rows, rows, context=context),
        )
        found.append(_by_windows(bank, rows, told, "the order of vectors"))
    low, high = direction.difference.low, direction.difference.high
    if (low is not None and low > SAME) or (high is not None and high < -SAME):
        maps = direction.maps
        others = fit_maps(bank, test_rows, context=context, seed=seed, strengths=(maps.forward.strength,))
        told = judged(
            lambda rows: tell_direction(bank, maps, rows, context=context),
            lambda rows: tell_direction(bank, others, rows, context=context),
        )
        found.append(_by_windows(bank, rows, told, "the direction of vectors"))
    return Reversals(
        tuple(by for each in found for by in each.by), tuple(one for each in found for one in each.articles)
    )


def _by_texts(bank: Bank, texts: Sequence[str]) -> Reversals:
    numbers = np.unique(bank.articles)
    ahead, back = np.array([_joined(bank, texts, int(row)) for row in np.unique(bank.article_first)]).T
    places = _reversed(ahead, ahead + back)
    if places is None:
        return Reversals((), ())
    return Reversals(
        ("the texts",),
        tuple(
            Backwards(
                bank.id_of(numbers[i]),
                f"{back[i]} pairs of neighbours go on in each other only backwards, {ahead[i]} only forwards",
            )
            for i in places
        ),
    )


def _by_windows(bank: Bank, rows: IntArray, told: BoolArray, what: str) -> Reversals:
    articles, place, count = np.unique(bank.articles[rows], return_inverse=True, return_counts=True)
    right = np.bincount(place, weights=told, minlength=len(articles)).astype(np.int64)
    places = _reversed(right, count)
    if places is None:
        return Reversals((), ())
    return Reversals(
        (what,),
        tuple(
            Backwards(
                bank.id_of(articles[i]),
                f"{count[i] - right[i]} of its {count[i]} windows are taken for their reversal",
            )
            for i in places
        ),
    )


def _reversed(right: IntArray, count: IntArray) -> IntArray | None:
    """Places of the articles that are likelier reversed than not by (number of articles) / ``DOUBT``.

    What speaks for an article's order, as a share of all that speaks, spreads around the median m of all
    articles; of one that runs backwards it would spread as much around 1 - m. The spread is that of the
    articles themselves, by their median absolute deviation, and at least the binomial one: windows overlap,
    so a count of them says less than it seems to.

    Args:
        right: (n,) observations of each article that speak for its order.
        count: (n,) all observations that speak.

    Returns:
        None where all observations together do not tell an order.
    """
    total = int(count.sum())
    if total == 0 or right.sum() / total < TELLING:
        return None
    seen = np.flatnonzero(count)
    share = right[seen] / count[seen]
    middle = min(float(np.median(share)), 1.0 - 1.0 / (total + 1))
    deviation = 1.4826 * float(np.median(np.abs(share - middle) * np.sqrt(count[seen])))
    variance = max(deviation**2, middle * (1.0 - middle)) / count[seen]
    evidence = (1.0 - 2.0 * share) * (2.0 * middle - 1.0) / (2.0 * variance)
    return seen[evidence > math.log(len(seen) / DOUBT)]


def _drawn(bank: Bank, context: int, seed: int) -> IntArray:
    """All windows of seeded articles, as many as can be judged in seconds."""
    rows = window_rows(bank, np.unique(bank.articles), Window(context, 1))
    keys = hash_rows(bank.articles[rows], seed=seed, stream="reading order")
    return np.sort(rows[np.argsort(keys, kind="stable")[:WINDOWS]])


def _joined(bank: Bank, texts: Sequence[str], first: int) -> tuple[int, int]:
    """Neighbouring chunks of an article that a cut sentence joins in one direction only: forwards, backwards.

    Does one end inside a sentence exactly where the other begins inside one?
    """
    last = int(bank.article_last[first]) + 1
    ends = np.array([_ends_inside(texts[row]) for row in range(first, last)])
    starts = np.array([_starts_inside(texts[row]) for row in range(first, last)])
    neighbours = bank.run_first[first + 1 : last] <= np.arange(first, last - 1)
    forwards = (ends[:-1] == starts[1:]) & neighbours
    backwards = (ends[1:] == starts[:-1]) & neighbours
    return int((forwards & ~backwards).sum()), int((backwards & ~forwards).sum())


def _ends_inside(text: str) -> bool:
    text = text.rstrip(_CLOSING)
    return bool(text) and text[-1] not in _ENDS


def _starts_inside(text: str) -> bool:
    first = next((character for character in text if character.isalpha()), "")
    return first.islower()
