"""The worst leaks in words: which target lies in which article outside its split."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gates.contracts import Bank, DoubleArray, IntArray
from schemas.records.audit import LeakedTarget

SHOWN = 10
"""Pairs a split that are told, the nearest first."""

_TITLE, _TEXT = 200, 400


@dataclass(frozen=True, eq=False)
class Found:
    """What a search found for the targets of a split.

    Attributes:
        targets: (m,) bank rows.
        rows, cosines, centred: (m,) each, as in :class:`gates.leaks.Leaks`.
    """

    targets: IntArray
    rows: IntArray
    cosines: DoubleArray
    centred: DoubleArray


def worst_leaks(bank: Bank, found: Found, split_of: Mapping[int, str]) -> tuple[LeakedTarget, ...]:
    """The nearest pairs, the first of equals first.

    Args:
        bank: where they lie.
        found: all targets of a split.
        split_of: article -> its split; those that are missing are in none.
    """
    leaked = np.flatnonzero(found.rows >= 0)
    order = leaked[np.lexsort((found.targets[leaked], -found.cosines[leaked]))]
    return tuple(
        LeakedTarget(
            target=target,
            other=other,
            cosine=min(float(found.cosines[place]), 1.0),
            centred=min(float(found.centred[place]), 1.0),
            articles=(bank.id_of(bank.articles[target]), bank.id_of(bank.articles[other])),
            titles=(_title(bank, target), _title(bank, other)),
            chunks=(int(bank.chunks[target]), int(bank.chunks[other])),
            split=split_of.get(int(bank.articles[other]), ""),
            texts=(_text(bank, target), _text(bank, other)),
        )
        for place in order[:SHOWN]
        for target, other in ((int(found.targets[place]), int(found.rows[place])),)
    )


def splits_of(splits: Mapping[str, IntArray]) -> dict[int, str]:
    """Article -> the split it is in, of splits given by their articles."""
    return {int(article): name for name, articles in splits.items() for article in articles}


def _title(bank: Bank, row: int) -> str:
    return " ".join(bank.titles.get(int(bank.articles[row]), "").split())[:_TITLE]


def _text(bank: Bank, row: int) -> str:
    return "" if bank.texts is None else " ".join(bank.texts[row].split())[:_TEXT]
