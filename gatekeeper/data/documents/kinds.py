"""The kinds of documents that are read, by the ends of their names."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gatekeeper.data.documents.decoding import decode
from gatekeeper.data.documents.extracted import Extracted, UnreadableError
from gatekeeper.data.documents.markup import markdown_text, rst_text
from gatekeeper.data.documents.pages import page_text
from gatekeeper.data.documents.pdf import pdf_text
from gatekeeper.data.documents.word import word_text
from gatekeeper.data.formats.repair import Repairs
from schemas.disk.opening import open_regular, why


@dataclass(frozen=True)
class Kind:
    """A kind of documents.

    Attributes:
        most: MiB that a document may have: it is held in memory as a whole, with what its parser makes of it.
        extract: from the bytes of a document to its text; raises UnreadableError.
    """

    most: int
    extract: Callable[[bytes], Extracted]


_PLAIN = Kind(64, lambda data: Extracted(decode(data)))
_MARKDOWN = Kind(4, lambda data: markdown_text(decode(data)))
_RST = Kind(4, lambda data: rst_text(decode(data)))
_PAGE = Kind(16, lambda data: page_text(decode(data, declared=True)))

KINDS = {
    ".txt": _PLAIN,
    ".text": _PLAIN,
    ".md": _MARKDOWN,
    ".markdown": _MARKDOWN,
    ".rst": _RST,
    ".html": _PAGE,
    ".htm": _PAGE,
    ".xhtml": _PAGE,
    ".pdf": Kind(256, pdf_text),
    ".docx": Kind(64, word_text),
}
"""End of the name, in lower case -> kind."""


def read_document(path: Path) -> Extracted:
    """The text of one document; it is not blank.

    Raises:
        UnreadableError: it is of no known kind, too large, cannot be opened, or holds no text.
        UsageError: what reads its kind is not installed.
    """
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise UnreadableError(f"its name ends in none of {', '.join(KINDS)}")
    try:
        with open_regular(path, follow_links=False) as file:
            data = file.read(kind.most * 2**20 + 1)
    except OSError as error:
        raise UnreadableError(why(error)) from None
    if len(data) > kind.most * 2**20:
        raise UnreadableError(
            f"it is larger than {kind.most} MiB; a document is one article, so split it into its parts"
        )
    if not data.strip():
        raise UnreadableError("it is empty")
    found = kind.extract(data)
    if not found.text.strip():
        raise UnreadableError("it holds no text")
    repairs = Repairs()
    return Extracted(repairs.text(found.text), None if found.title is None else repairs.text(found.title))
