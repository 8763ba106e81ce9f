"""The words of an audit: what keeps the gates from being decided, and what else a reader should know."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from gatekeeper.data.audit.figures import SAME
from gatekeeper.data.audit.leakage import Leakage
from gatekeeper.data.audit.reading_order import Reversals
from gatekeeper.data.audit.text_alignment import Alignment
from gates.contracts import ArticleId, IntArray
from gates.direction import Direction
from gates.windows import shared_articles
from schemas.records.audit import FrontierOfSplit, Misplaced
from schemas.records.evidence import Metric
from schemas.records.metrics import LEAKED
from schemas.records.policy import Policy
from schemas.records.splits import TRAIN
from schemas.verdict.wording import figure, share

MARGIN = 0.05

LEAKING_SHARE = 0.005
REPEATED_SHARE, REPEATED_CHUNKS = 0.2, 3
"""Two articles repeat each other when this share of one, and at least so many chunks, is in the other."""

MISPLACED_SHARE = 0.01
"""More of the articles than this in the wrong order, and windows point where nobody meant them to."""

_SHOWN = 5


def find_problems(
    splits: Mapping[str, IntArray],
    leakage: Leakage,
    frontier: Mapping[str, FrontierOfSplit],
    misplaced: Sequence[Misplaced],
    articles: int,
    named: Callable[[int], ArticleId] = int,
) -> Iterator[str]:
    """Why these gates cannot be decided on this data; nothing is good.

    Args:
        splits: name -> articles.
        leakage: duplicates between them.
        frontier: split -> what a linear model can buy, whose margin shows how wide intervals are.
        misplaced: articles that run backwards or have the texts of others.
        articles: how many there are in all.
        named: number of an article -> its id.
    """
    yield from _overlaps(splits, named)
    yield from _leak_problems(leakage)
    yield from _width_problems(frontier)
    backwards = sum(each.what == "order" for each in misplaced)
    if backwards > MISPLACED_SHARE * articles:
        yield f"{backwards} of {articles} articles run backwards; turn them round or leave them out"


def find_small(sizes: Mapping[str, tuple[int, int]], policy: Policy) -> Iterator[str]:
    """Which splits are too small for a policy, so that ``eval`` will refuse them.

    Args:
        sizes: name -> windows, and articles among them, of every split but train.
        policy: which minimum holds.
    """
    for name, (windows, articles) in sizes.items():
        for found, needed, what in (
            (windows, policy.min_samples, "windows"),
            (articles, policy.min_articles, "articles"),
        ):
            if found < needed:
                yield f"{name} has {found} {what}, the policy {policy.name} needs at least {needed}"


def find_leaked(shares: Mapping[str, Metric], policy: Policy) -> Iterator[str]:
    """Which splits were seen by whoever has read the others, so that ``eval`` will block every model.

    Args:
        shares: name -> share of its targets that articles outside it hold too.
        policy: how many it allows.
    """
    for line in policy.checks:
        if line.metric != LEAKED or line.maximum is None or not line.required:
            continue
        for name in line.splits:
            found = shares.get(name)
            if found is not None and found.value is not None and found.value > line.maximum:
                yield (
                    f"{name} leaks: {round(found.value * found.n)} of {found.n} targets "
                    f"({share(found.value, 1)}) lie in articles outside it too, the policy {policy.name} "
                    f"allows {share(line.maximum, 1)}"
                )


def _overlaps(splits: Mapping[str, IntArray], named: Callable[[int], ArticleId]) -> Iterator[str]:
    for first, second, shared in shared_articles(splits):
        yield f"{first} and {second} share {shared.size} article(s), first article {named(int(shared[0]))}"


def _leak_problems(leakage: Leakage) -> Iterator[str]:
    for name, (looked, shared) in leakage.held_out.items():
        if name != TRAIN and looked and shared / looked > LEAKING_SHARE:
            yield (
                f"{name} leaks: {shared} of {looked} chunks ({shared / looked:.1%}) have a near duplicate in "
                "another split"
            )
    for pair in leakage.pairs:
        if pair.leaks and pair.share >= REPEATED_SHARE and pair.shared >= REPEATED_CHUNKS:
            yield (
                f"article {pair.first} ({pair.splits[0]}) and article {pair.second} ({pair.splits[1]}) share "
                f"{pair.shared} chunks, {pair.share:.0%} of one of them"
            )


def _width_problems(frontier: Mapping[str, FrontierOfSplit]) -> Iterator[str]:
    for name, found in frontier.items():
        margin = found.points[0].margin
        width = _width(margin)
        if width is None or width > MARGIN:
            shown = "unknown" if width is None else figure(width)
            yield (
                f"{name} cannot decide a margin of {MARGIN:g}: the interval of a linear model's margin is "
                f"{shown} wide with {margin.articles} articles; add articles"
            )


def _width(metric: Metric) -> float | None:
    return None if metric.low is None or metric.high is None else metric.high - metric.low


def learned(direction: Direction) -> Literal["forward", "backward", "none"]:
    """The direction that a linear map learns, where the interval excludes less than :data:`SAME`."""
    low, high = direction.difference.low, direction.difference.high
    if low is not None and low > SAME:
        return "forward"
    return "backward" if high is not None and high < -SAME else "none"


def find_findings(
    direction: Direction,
    frontier: Mapping[str, FrontierOfSplit],
    splits: Mapping[str, IntArray],
    alignment: Alignment | None,
    reversals: Reversals,
) -> Iterator[str]:
    """What else a reader should know, one sentence each.

    Args:
        direction: what a linear map learns.
        frontier: split -> what a linear model can buy there.
        splits: name -> articles.
        alignment: whether the texts fit the vectors; None where there are none to look at.
        reversals: articles that run backwards.
    """
    found = learned(direction)
    difference = direction.difference
    if found == "none":
        yield f"no learnable direction beyond {SAME:g} of cosine: the past says as much as the future"
    else:
        other = "past" if found == "backward" else "future"
        yield (
            f"the data is directed {found}: a linear map predicts the {other} better, by "
            f"{figure(abs(difference.value or 0.0))} of cosine"
        )
    for name, family in frontier.items():
        constant = family.constant_cos.value or 0.0
        reached = [
            point
            for point in family.points
            if (point.margin.value or -1.0) >= MARGIN and (point.cos.value or -1.0) > constant
        ]
        best = max(family.points, key=lambda point: point.margin.value or -2.0)
        yield (
            f"{name}: a linear model reaches margin {MARGIN:g} at alpha {reached[0].alpha:g} with cosine "
            f"{figure(reached[0].cos.value or 0.0)} (constant {figure(constant)})"
            if reached
            else f"{name}: no linear model of the family reaches margin {MARGIN:g} with a cosine above the "
            f"constant's {figure(constant)}; the best margin is {figure(best.margin.value or 0.0)} at cosine "
            f"{figure(best.cos.value or 0.0)}"
        )
    yield from _text_findings(alignment)
    yield from _order_findings(reversals, with_texts=alignment is not None)
    if TRAIN not in splits or len(splits) == 1:
        named = "only train is" if TRAIN in splits else "no train split is"
        yield f"{named} named: half of the articles, by a seeded hash, were held out"


def _text_findings(alignment: Alignment | None) -> Iterator[str]:
    if alignment is None:
        return
    if not alignment.telling:
        yield (
            f"the texts tell nothing of the vectors (correlation {figure(alignment.fit.value or 0.0)}): they "
            "belong to other vectors, or the encoder does not go by words"
        )
    elif alignment.misfits:
        yield (
            f"the texts of {len(alignment.misfits)} of {alignment.looked} articles looked at do not belong "
            f"to their vectors: {_listed([each.article for each in alignment.misfits])}"
        )
    else:
        yield (
            f"texts and vectors belong together in all {alignment.looked} articles looked at (correlation "
            f"{figure(alignment.fit.value or 0.0)})"
        )


def _order_findings(reversals: Reversals, *, with_texts: bool) -> Iterator[str]:
    if reversals.articles:
        numbers = sorted({each.article for each in reversals.articles})
        yield f"{len(numbers)} article(s) run backwards: {_listed(numbers)}"
    elif reversals.by:
        yield f"no article runs backwards, as far as {' and '.join(reversals.by)} can tell"
    else:
        cut = "no cut sentences tell it, and " if with_texts else ""
        yield f"whether an article runs backwards cannot be told: {cut}windows read alike both ways"


def _listed(articles: Sequence[ArticleId]) -> str:
    more = f" and {len(articles) - _SHOWN} more" if len(articles) > _SHOWN else ""
    return ", ".join(str(article) for article in articles[:_SHOWN]) + more
