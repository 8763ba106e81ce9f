"""A bank from what a researcher holds in memory: vectors, the article of each, and maybe more."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gatekeeper.config.given import abridged
from gatekeeper.data.formats.chunk_order import number_chunks
from gates.article_ids import number_articles
from gates.bank import build_bank
from gates.contracts import Bank
from schemas.errors import DataError
from schemas.names import refuse_unknown
from schemas.reasons import reason

ARRAYS: tuple[str, ...] = ("vectors", "articles", "chunks", "texts", "titles")
"""What a bank is made of, by name."""

_NEEDED = ARRAYS[:2]

SOURCE = "arrays"
"""How messages and reports call such a bank."""


def bank_of_arrays(arrays: Mapping[str, Any]) -> Bank:
    """Validate, sort and normalise.

    Args:
        arrays: ``vectors`` (N, D) of any float type, and ``articles`` (N,), whole numbers or text; maybe
            ``chunks`` (N,), the place of each row in its article (without them rows count as they stand),
            ``texts`` (N,), and ``titles``, article -> title. Whatever numpy makes an array of will do:
            arrays, tensors on the CPU, lists, columns of a table.

    Raises:
        UsageError: another name.
        DataError: one of the first two is missing, one is of another kind, or together they are no bank
            (:func:`gates.bank.build_bank`).

    Example:
        >>> bank = bank_of_arrays({"vectors": [[3.0, 4.0], [0.0, 2.0]], "articles": ["river", "river"]})
        >>> bank.chunks.tolist(), bank.vectors[0].round(1).tolist(), bank.id_of(0)
        ([0, 1], [0.6000000238418579, 0.800000011920929], 'river')
    """
    refuse_unknown(arrays, ARRAYS, f"{SOURCE}: ")
    for name in _NEEDED:
        if arrays.get(name) is None:
            raise DataError(
                f"{SOURCE}: expected {' and '.join(_NEEDED)}; found {', '.join(arrays) or 'none'}"
            )
    articles = arrays["articles"]
    if isinstance(articles, (list, tuple)):  # as an array, numbers among texts would be taken for texts
        articles = [each.item() if isinstance(each, np.generic) else each for each in articles]
    else:
        articles = _array(arrays, "articles")
    numbered = number_articles(articles, source=SOURCE)
    chunks = arrays.get("chunks")
    texts, titles = arrays.get("texts"), arrays.get("titles")
    if isinstance(texts, str):
        raise DataError(f"{SOURCE}: expected texts, one a vector; found the text {abridged(texts)}")
    if titles is not None and not isinstance(titles, Mapping):
        raise DataError(f"{SOURCE}: expected titles by article, {{article: title}}; found {abridged(titles)}")
    return build_bank(
        _array(arrays, "vectors"),
        numbered,
        number_chunks(numbered, SOURCE) if chunks is None else _array(arrays, "chunks"),
        source=SOURCE,
        texts=None if texts is None else [str(text) for text in texts],
        titles=None if titles is None else {article: str(title) for article, title in titles.items()},
    )


def _array(arrays: Mapping[str, Any], name: str) -> npt.NDArray[np.generic]:
    given = arrays[name]
    detach = getattr(given, "detach", None)
    try:
        return np.asarray(given if detach is None else detach().cpu())
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"{SOURCE}: {name} cannot be made an array: {reason(error)}") from None
