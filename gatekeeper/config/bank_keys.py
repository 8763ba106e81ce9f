"""What the arrays of a bank file are called."""

from dataclasses import dataclass

VECTORS = ("vectors", "embeddings")
ARTICLES = ("article_indices", "article_ids")
CHUNKS = (
    "chunk_indices",
    "chunk_index",
    "chunk_idx",
    "chunk_ids",
    "chunk_id",
    "chunk_positions",
    "chunk_position",
    "chunk_numbers",
    "chunk_number",
    "seq_idx",
    "seq_index",
    "seq_in_article",
    "chunk_in_article",
)
TEXTS, JOINED, OFFSETS, TITLES = "concept_texts", "texts_utf8", "text_offsets", "article_titles"

FILE_ORDER = "none"
"""The chunk key that stands for no array: rows count in the order of the file."""


@dataclass(frozen=True)
class BankKeys:
    """The arrays a user names; None is "under one of the known names".

    Attributes:
        vectors, articles, texts: names of arrays.
        chunks: likewise, or ``none`` where the order of the file is that of the chunks.
    """

    vectors: str | None = None
    articles: str | None = None
    chunks: str | None = None
    texts: str | None = None

    def settings(self) -> dict[str, str]:
        """What is named, by the key of a configuration's ``[data]``."""
        named = {
            "vectors_key": self.vectors,
            "article_key": self.articles,
            "chunk_key": self.chunks,
            "text_key": self.texts,
        }
        return {key: name for key, name in named.items() if name is not None}

    def flags(self) -> dict[str, str]:
        """What is named, by the flag that names it."""
        return {f"--{key.replace('_', '-')}": name for key, name in self.settings().items()}
