"""Building a data set: which articles belong to which split, and what the folder says of itself."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gatekeeper.config.articles import ArticleList, parse_articles
from gatekeeper.data.article_lookup import find_articles
from gatekeeper.data.building.choices import Choice, Columns, Dated, parse_choice
from gates.contracts import Bank, IntArray, Window
from gates.seeded import hash_rows
from gates.windows import make_dataset, refuse_shared_articles, window_rows
from schemas.errors import DataError, UsageError
from schemas.records.splits import SPLITS
from schemas.text import printable

_SHARE = re.compile(r"0?\.[0-9]+|1(\.0*)?|[0-9]{1,2}(\.[0-9]+)?%|100%")
_MOST_TEXT = 2000


REST = "rest"


@dataclass(frozen=True)
class SplitRequest:
    """What ``--split NAME=...`` asks for; one of the four.

    Attributes:
        name: of the split.
        articles: those that are listed.
        share: of what is neither listed nor chosen.
        choice: tells its articles from others.
        rest: whether it takes what all others leave.
        text: what was asked for, for messages.
    """

    name: str
    articles: ArticleList | None
    share: float | None
    choice: Choice | None = None
    rest: bool = False
    text: str = field(default="", compare=False)


def parse_split(text: str) -> SplitRequest:
    """Read ``train=0-3999``, ``train=0.8`` (or ``80%``), ``train=rest``, or a choice: ``ood=glob:web/*``.

    Raises:
        UsageError: it is none of them, or names an unknown split.

    Example:
        >>> parse_split("val=10%").share
        0.1
    """
    name, sign, value = text.partition("=")
    if not sign or name not in SPLITS:
        raise UsageError(
            f"--split {text!r}: expected NAME=ARTICLES or NAME=SHARE with NAME among {', '.join(SPLITS)}"
        )
    if value == REST:
        return SplitRequest(name, None, None, rest=True, text=value)
    choice = parse_choice(value)
    if choice is not None:
        return SplitRequest(name, None, None, choice, text=value)
    if _SHARE.fullmatch(value) is None:
        return SplitRequest(name, parse_articles(value), None, text=value)
    share = float(value[:-1]) / 100 if value.endswith("%") else float(value)
    if not 0 < share <= 1:
        raise UsageError(f"--split {text!r}: a share must be above 0 and at most 1")
    return SplitRequest(name, None, share, text=value)


def divide(
    bank: Bank, requests: Sequence[SplitRequest], *, seed: int, columns: Columns | None = None
) -> dict[str, IntArray]:
    """Articles of each split, ascending.

    Listed and chosen articles come first. Shares are of what these leave, in the order of a seeded hash of
    the articles' numbers, so that the same seed divides a bank that has grown nearly as it divided the
    smaller one. The rest takes what is left then. Where a split goes by a date, articles without one are in
    neither shares nor rest: nobody knows whether they are of the past.

    Args:
        bank: the articles.
        requests: one a split.
        seed: of the shares.
        columns: what is known of the articles.

    Raises:
        UsageError: a split is asked for twice, two take the rest, or the shares exceed 1.
        DataError: a named article or column is not there, or a split has no article.
    """
    _refuse_contradictions(requests)
    columns = columns or {}
    found: dict[str, IntArray] = {}
    for request in requests:
        if request.articles is not None:
            found[request.name] = find_articles(bank, request.articles, request.name)
        elif request.choice is not None:
            found[request.name] = _chosen(bank, request.name, request.text, request.choice, columns)
    taken = [*found.values(), *undated(bank, requests, columns)]
    left = np.setdiff1d(bank.articles, np.concatenate(taken)) if taken else np.unique(bank.articles)
    shares = {request.name: request.share for request in requests if request.share is not None}
    found |= _shared(left, shares, seed)
    for request in requests:
        if request.rest:
            found[request.name] = np.setdiff1d(left, np.concatenate([[], *found.values()])).astype(np.int64)
            if not len(found[request.name]):
                raise DataError(f"split {request.name!r}: the other splits leave no article")
    return {request.name: found[request.name] for request in requests}


def undated(bank: Bank, requests: Sequence[SplitRequest], columns: Columns) -> list[IntArray]:
    """Articles without a date, for each split that goes by one."""
    dated = (request.choice for request in requests if isinstance(request.choice, Dated))
    return [each.undated(bank, columns) for each in dated]


def split_notes(
    bank: Bank, requests: Sequence[SplitRequest], found: Mapping[str, IntArray], columns: Columns
) -> list[str]:
    """How many articles were chosen or left, a sentence a split; of lists and shares one knows it."""
    total = len(np.unique(bank.articles))
    notes = [
        f"{request.name}: {request.text} takes {len(found[request.name])} of {total} articles"
        for request in requests
        if request.choice is not None or request.rest
    ]
    lost = undated(bank, requests, columns)
    count = len(np.unique(np.concatenate(lost))) if lost else 0
    if count:
        notes.append(f"{count} article(s) without a date are in no split that is not chosen or listed")
    return notes


def check_splits(bank: Bank, splits: Mapping[str, IntArray], window: Window) -> None:
    """Refuse splits that no data set can be made of; vectors do not matter.

    Raises:
        DataError: a split has no window, or two splits share an article.
    """
    refuse_shared_articles(bank, splits)
    rows = {name: window_rows(bank, articles, window) for name, articles in splits.items()}
    make_dataset(bank, rows, window)


def refuse_unprintable(**texts: str | None) -> None:
    """Refuse what the record could not hold, before any work is done.

    Raises:
        UsageError: a text is longer than 2000 characters or holds control characters.
    """
    for name, text in texts.items():
        if text is not None and (len(text) > _MOST_TEXT or not text.isprintable()):
            raise UsageError(f"--{name} must be one line of at most {_MOST_TEXT} characters")


def _refuse_contradictions(requests: Sequence[SplitRequest]) -> None:
    names = [request.name for request in requests]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"--split {name} is given twice; join its articles with commas")
    rest = [request.name for request in requests if request.rest]
    if len(rest) > 1:
        raise UsageError(f"--split {rest[0]} and {rest[1]} both take the rest; one can")
    total = sum(request.share for request in requests if request.share is not None)
    if total > 1 + 1e-9:
        raise UsageError(f"the shares of --split add up to {total:g}, more than 1")


def _chosen(bank: Bank, name: str, text: str, choice: Choice, columns: Columns) -> IntArray:
    found = choice.take(bank, columns)
    if not len(found):
        ends = bank.id_of(int(bank.articles.min())), bank.id_of(int(bank.articles.max()))
        raise DataError(
            f"split {name!r}: {printable(text)} takes no article of {bank.source}; they are "
            f"{printable(str(ends[0]))} to {printable(str(ends[1]))}"
        )
    return found


def _shared(articles: IntArray, shares: Mapping[str, float], seed: int) -> dict[str, IntArray]:
    order = articles[np.argsort(hash_rows(articles, seed=seed, stream="splits"), kind="stable")]
    found, start, total = {}, 0, 0.0
    for name, share in shares.items():
        total += share
        end = round(min(total, 1.0) * len(articles))
        if end == start:
            raise DataError(
                f"split {name!r}: a share of {share:g} of {len(articles)} articles is none; ask for more"
            )
        found[name] = np.sort(order[start:end])
        start = end
    return found
