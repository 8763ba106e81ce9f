"""Texts of a corpus, whatever they were read from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gates.article_ids import Numbered
from gates.contracts import ArticleId, IntArray


@dataclass(frozen=True, eq=False)
class Texts:
    """Chunks as texts, in the order of the file.

    Attributes:
        articles: of each of the N chunks. chunks: (N,) place of each in its article.
        texts: N, decoded when they are asked for.
        titles: article id -> title, possibly empty.
        notes: what a user should know about them, one sentence each.
        columns: what else is known of the articles (metadata, dates, file names): name -> a value for each
            distinct article, in the ascending order of their numbers; None where there is none.
        whole: whether each text is a whole document (one an article, chunk 0) that is yet to be cut into
            chunks.
        places: (N, 2) first character of each chunk and the one after its last, in the text of its document;
            None where they were not cut here.
    """

    articles: Numbered
    chunks: IntArray
    texts: Sequence[str]
    titles: dict[ArticleId, str]
    notes: tuple[str, ...]
    columns: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    whole: bool = False
    places: IntArray | None = None
