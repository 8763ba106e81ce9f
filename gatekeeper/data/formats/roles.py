"""Which column of a table means what: what a user names, else what is commonly called so.

Nothing is guessed without a word: whatever is read from a column with another name than ours is said in
one note.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatekeeper.config import bank_keys
from gatekeeper.config.bank_keys import FILE_ORDER, BankKeys
from gatekeeper.data.formats.repair import is_missing
from gatekeeper.data.formats.tables import Table, Values
from schemas.errors import DataError

ARTICLES = (
    "article",
    *bank_keys.ARTICLES,
    "article_index",
    "article_id",
    "doc_id",
    "docid",
    "document_id",
    "doc",
    "page_id",
    "paper_id",
    "parent_id",
    "id",
    "_id",
    "url",
    "file",
    "file_name",
    "filename",
    "path",
    "title",
)
"""Columns that may name the article of a row, the likeliest first."""

CHUNKS = ("chunk", *bank_keys.CHUNKS, "position", "chunk_no")
TEXTS = ("text", "texts", bank_keys.TEXTS, "content", "body", "passage", "chunk_text", "sentence")
VECTORS = (*bank_keys.VECTORS, "vector", "embedding")
TITLES = ("title", "titles", "article_title", bank_keys.TITLES)

_OURS = ("article", *bank_keys.ARTICLES)
_PLAIN = (*_OURS, "chunk", bank_keys.CHUNKS[0], "text", *bank_keys.VECTORS)
_SHOWN = 10
_MOST_OTHERS, _LONGEST = 32, 200
"""Columns that are kept besides, and characters of a value that is."""


@dataclass(frozen=True)
class Roles:
    """Columns by what they mean; None where there is none.

    Attributes:
        article: of the row. chunk: its place in the article.
        text, vectors: what there is of the row.
        title: of the article.
        others: what else is kept of the articles.
    """

    article: str | None
    chunk: str | None
    text: str | None
    vectors: str | None
    title: str | None
    others: tuple[str, ...]

    @property
    def wanted(self) -> tuple[str, ...]:
        """The columns that are read, each once."""
        named = (self.article, self.chunk, self.text, self.vectors, self.title, *self.others)
        return tuple(dict.fromkeys(each for each in named if each is not None))


def find_roles(table: Table, keys: BankKeys) -> Roles:
    """The roles of the columns of a table.

    Args:
        table: of it only a sample is looked at.
        keys: the columns that somebody names; ``none`` as vectors reads the texts beside them, as chunks
            lets rows count in file order.

    Raises:
        DataError: the table is broken, or a named column is missing.
    """
    sample = table.sample()
    vectors = (
        None if keys.vectors == FILE_ORDER else _find(table, sample, keys.vectors, "--vectors-key", VECTORS)
    )
    if keys.vectors is None and vectors is not None and not _holds_vectors(sample[vectors]):
        vectors = None
    text = _find(table, sample, keys.texts, "--text-key", TEXTS)
    chunk = None if keys.chunks == FILE_ORDER else _find(table, sample, keys.chunks, "--chunk-key", CHUNKS)
    found = {name: values for name, values in sample.items() if name not in (vectors, text, chunk)}
    article = keys.articles and _find(table, sample, keys.articles, "--article-key", ())
    article = article or _article(found)
    title = next((name for name in TITLES if name in found), None)
    taken = {vectors, text, chunk, article, title}
    others = [name for name, values in sample.items() if name not in taken and _is_kept(name, values)]
    return Roles(article, chunk, text, vectors, title, tuple(others[:_MOST_OTHERS]))


def roles_note(table: Table, roles: Roles, keys: BankKeys) -> tuple[str, ...]:
    """What is read from where, in a sentence, unless it is where anybody looks first."""
    said = [
        f"{what} from {name!r}"
        for what, name, named in (
            ("articles", roles.article, keys.articles),
            ("their order", roles.chunk, keys.chunks),
            ("texts", roles.text, keys.texts),
            ("vectors", roles.vectors, keys.vectors),
        )
        if name is not None and named is None and name not in _PLAIN
    ]
    return (f"{table.source}: read {', '.join(said)}",) if said else ()


def listed(sample: Mapping[str, Values] | Sequence[str]) -> str:
    """The names of columns, for a message."""
    names = list(sample)
    more = "" if len(names) <= _SHOWN else f" and {len(names) - _SHOWN} more"
    return ", ".join(repr(name[:40]) for name in names[:_SHOWN]) + more if names else "none"


def _find(
    table: Table, sample: Mapping[str, Values], named: str | None, flag: str, known: Sequence[str]
) -> str | None:
    if named is None:
        return next((name for name in known if name in sample), None)
    if named not in sample:
        raise DataError(
            f"{table.source}: there is no {table.column} {named!r}, which {flag} names; found the "
            f"{table.column}s {listed(sample)}"
        )
    return named


def _article(sample: Mapping[str, Values]) -> str | None:
    """Ours, else the first whose values come back in the sample, as those of articles do, else the first."""
    known = [name for name in ARTICLES if name in sample]
    if known and known[0] in _OURS:
        return known[0]
    return next((name for name in known if _comes_back(sample[name])), next(iter(known), None))


def _comes_back(values: Values) -> bool:
    there = [value for value in values if isinstance(value, str | int)]
    return len(set(there)) < len(there)


def _holds_vectors(values: Values) -> bool:
    """Whether the first value there is one is a list of numbers, maybe written as text: ``[0.1, 0.2]``."""
    first = next((value for value in values if not is_missing(value)), None)
    if isinstance(first, str):
        return first.lstrip()[:1] == "["
    return hasattr(first, "__len__") and not isinstance(first, bytes | dict)


def _is_kept(name: str, values: Values) -> bool:
    there = [value for value in values if not is_missing(value)]
    return bool(there) and 0 < len(name) <= _LONGEST and all(plain(value) is not None for value in there)


def plain(value: object) -> str | None:
    """Metadata as text: of text, numbers, truth and dates; None of anything else, and of long text.

    Example:
        >>> plain(True), plain(2.5), plain("a"), plain([1]), plain(float("nan"))
        ('true', '2.5', 'a', None, None)
    """
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else None
    if is_missing(value):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    return value.isoformat() if hasattr(value, "isoformat") else None
