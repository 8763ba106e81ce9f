"""The keys of a configuration file and what each may hold."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

from gatekeeper.config.articles import ArticleList, list_articles, parse_articles
from schemas.records.splits import SPLITS

RETRIEVALS: tuple[str, str, str] = ("auto", "faiss", "torch")
"""Libraries a bank search may use."""

SplitSpec = Path | ArticleList
"""A sequence file, or the articles of a split."""

_MOST = 10**9

Converter = Callable[[object, Path], object]
"""(value, folder relative paths start at) -> checked value, or :class:`Unfit`."""


class Unfit(Exception):  # noqa: N818  (never leaves this module)
    """A value does not fit its key; the message says what was expected."""


def _path(value: object, folder: Path) -> Path:
    if not isinstance(value, (str, Path)) or not str(value) or "\0" in str(value):
        raise Unfit("a path")
    try:
        return folder / Path(value).expanduser()
    except RuntimeError:
        raise Unfit("a path whose ~ names a known user") from None


def _policy(value: object, folder: Path) -> str:
    return str(_path(value, folder)) if str(value).endswith(".toml") else _text(value, folder)


def _split(value: object, folder: Path) -> SplitSpec:
    if isinstance(value, (str, Path)):
        text = str(value)
        return _path(value, folder) if text.endswith(".npz") else parse_articles(text)
    if isinstance(value, (list, tuple)) and value and all(_is_id(item) for item in value):
        return list_articles(value)
    raise Unfit("article ranges, a list of articles, or a sequence file that ends in .npz")


def _is_id(value: object) -> bool:
    return type(value) is int or (isinstance(value, str) and bool(value))


def _text(value: object, folder: Path) -> str:
    if not isinstance(value, str) or not value:
        raise Unfit("a name")
    return value


def _retrieval(value: object, folder: Path) -> str:
    if not isinstance(value, str) or value not in RETRIEVALS:
        raise Unfit(f"one of {', '.join(RETRIEVALS)}")
    return value


def _count(value: object, folder: Path) -> int:
    if type(value) is not int or value < 1:
        raise Unfit("a whole number of at least 1")
    if value > _MOST:
        raise Unfit(f"a whole number of at most {_MOST}")
    return value


def _seed(value: object, folder: Path) -> int:
    if type(value) is not int or value < 0:
        raise Unfit("a whole number of at least 0")
    return value


def _number(value: object, folder: Path) -> float:
    if type(value) not in (int, float) or abs(cast(float, value)) >= 2**63:
        raise Unfit("a number")
    return float(cast(float, value))


def _edges(value: object, folder: Path) -> tuple[float, float]:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise Unfit("two ascending numbers")
    low, high = (_number(item, folder) for item in value)
    return low, high


DATA_KEYS: dict[str, Converter] = {
    "bank": _path,
    **dict.fromkeys(SPLITS, _split),
    "context": _count,
    "horizon": _count,
    "vectors_key": _text,
    "article_key": _text,
    "chunk_key": _text,
    "text_key": _text,
}
EVAL_KEYS: dict[str, Converter] = {
    "policy": _policy,
    "max_samples": _count,
    "seed": _seed,
    "device": _text,
    "batch_size": _count,
    "retrieval": _retrieval,
    "bin_edges": _edges,
    "confidence": _number,
    "report": _path,
}
