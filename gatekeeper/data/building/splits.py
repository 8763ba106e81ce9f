"""Building a data set: which articles belong to which split, and what the folder says of itself."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gatekeeper.config.articles import ArticleList, parse_articles
from gatekeeper.data.article_lookup import find_articles
from gates.contracts import Bank, IntArray, Window
from gates.seeded import hash_rows
from gates.windows import make_dataset, refuse_shared_articles, window_rows
from schemas.disk.opening import file_digest
from schemas.errors import DataError, UsageError
from schemas.records.splits import SPLITS

_SHARE = re.compile(r"0?\.[0-9]+|1(\.0*)?|[0-9]{1,2}(\.[0-9]+)?%|100%")
_MOST_TEXT = 2000


@dataclass(frozen=True)
class SplitRequest:
    """What ``--split NAME=...`` asks for: articles by id, or a share of all articles."""

    name: str
    articles: ArticleList | None
    share: float | None


def parse_split(text: str) -> SplitRequest:
    """Read ``train=0-3999`` or ``train=0.8`` (or ``80%``).

    Raises:
        UsageError: it is neither, or names an unknown split.

    Example:
        >>> parse_split("val=10%").share
        0.1
    """
    name, sign, value = text.partition("=")
    if not sign or name not in SPLITS:
        raise UsageError(
            f"--split {text!r}: expected NAME=ARTICLES or NAME=SHARE with NAME among {', '.join(SPLITS)}"
        )
    if _SHARE.fullmatch(value) is None:
        return SplitRequest(name, parse_articles(value), None)
    share = float(value[:-1]) / 100 if value.endswith("%") else float(value)
    if not 0 < share <= 1:
        raise UsageError(f"--split {text!r}: a share must be above 0 and at most 1")
    return SplitRequest(name, None, share)


def divide(bank: Bank, requests: Sequence[SplitRequest], *, seed: int) -> dict[str, IntArray]:
    """Articles of each split, ascending.

    Shares are taken from all articles, in the order of a seeded hash of their numbers, so that the
    same seed divides a bank that has grown nearly as it divided the smaller one.

    Raises:
        UsageError: a split is asked for twice, lists and shares are mixed, or the shares exceed 1.
        DataError: a named article is not in the bank, or a share is too small for one article.
    """
    names = [request.name for request in requests]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"--split {name} is given twice; join its articles with commas")
    shares = {request.name: request.share for request in requests if request.share is not None}
    listed = {request.name: request.articles for request in requests if request.articles is not None}
    if not shares:
        return {name: find_articles(bank, articles, name) for name, articles in listed.items()}
    if listed:
        raise UsageError(
            "--split takes either articles or shares, found both; a share of what is left is unclear"
        )
    if sum(shares.values()) > 1 + 1e-9:
        raise UsageError(f"the shares of --split add up to {sum(shares.values()):g}, more than 1")
    return _shared(bank, shares, seed)


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


def source_digest(path: Path) -> str:
    """SHA-256 of what a data set is made from: of a file, or of the names and digests of a folder's files.

    Files and folders whose names begin with a dot do not count.

    Raises:
        DataError: it cannot be read.
    """
    try:
        if not path.is_dir():
            return file_digest(path)
        files = sorted(each.relative_to(path) for each in path.rglob("*") if each.is_file())
        shown = [each for each in files if not any(part.startswith(".") for part in each.parts)]
        lines = (f"{file_digest(path / each)}  {each.as_posix()}\n" for each in shown)
        return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None


def _shared(bank: Bank, shares: Mapping[str, float], seed: int) -> dict[str, IntArray]:
    articles = np.unique(bank.articles)
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
