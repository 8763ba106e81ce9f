"""Word documents (``.docx``) to text: a paragraph for each of theirs, and for each row of a table."""

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from gatekeeper.config.extras import from_extra
from gatekeeper.data.documents.extracted import Extracted, UnreadableError

_COMPOUND = b"\xd0\xcf\x11\xe0"  # old Word files, and new ones that are encrypted
_MOST = 512 * 2**20
"""Bytes that the parts of a document may inflate to."""


def word_text(data: bytes) -> Extracted:
    """The text of a Word document; headers, footers, notes and comments are no part of it.

    Raises:
        UnreadableError: it is encrypted, damaged or inflates to more than 512 MiB.
        UsageError: python-docx is not installed.
    """
    with from_extra("docx", "documents"):
        import docx
    if data.startswith(_COMPOUND):
        raise UnreadableError("it is encrypted, or of the old format; save it as .docx without a password")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(each.file_size for each in packed.infolist() if each.filename.endswith(".xml")) > _MOST:
                raise UnreadableError(f"it inflates to more than {_MOST >> 20} MiB")
        document = docx.Document(io.BytesIO(data))
        blocks = [text for block in document.iter_inner_content() for text in _texts(block)]
        title = document.core_properties.title or None
    except UnreadableError:
        raise
    except Exception as error:  # noqa: BLE001  (what a broken file makes of it is not foreseen there)
        raise UnreadableError(f"it is damaged ({type(error).__name__})") from None
    return Extracted("\n\n".join(blocks), title)


def _texts(block: Any) -> Iterator[str]:  # noqa: ANN401  (a paragraph or a table)
    if not hasattr(block, "rows"):
        rows = [[block.text]]
    else:
        # A cell that spans several is the same element in each.
        rows = [list({cell._tc: cell.text for cell in row.cells}.values()) for row in block.rows]
    for row in rows:
        text = " ".join(" ".join(row).split())
        if text:
            yield text
