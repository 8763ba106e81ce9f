"""PDF to text: lines as they stand on the pages, without what heads and foots them."""

import contextlib
import io
import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from gatekeeper.config.extras import from_extra
from gatekeeper.data.documents.extracted import Extracted, UnreadableError

_EDGE = 2
"""Lines at the head and the foot of a page that may be the same on others."""

_FEWEST = 3  # pages on which a line repeats
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad]\n(?=[a-zà-öø-ÿ])")


def pdf_text(data: bytes) -> Extracted:
    """The text of a PDF.

    A line among the first or last two of a page goes where the same one, numbers aside, stands at that edge
    of at least three pages and of half of them. Words that a hyphen parts at the end of a line are joined.
    Files that are encrypted for their author alone open without a password, as in every viewer.

    Raises:
        UnreadableError: it is encrypted, damaged, or holds pictures of text only.
        UsageError: pypdf is not installed.
    """
    with from_extra("pypdf", "documents"):
        from pypdf import PasswordType, PdfReader
        from pypdf.errors import PyPdfError
    with _silent():
        try:
            reader = PdfReader(io.BytesIO(data))
            if reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED:
                raise UnreadableError("it is encrypted; save it without a password")
            pages = [page.extract_text().splitlines() for page in reader.pages]
        except UnreadableError:
            raise
        except (PyPdfError, RecursionError, MemoryError) as error:
            raise UnreadableError(f"it is damaged ({_why(error)})") from None
        except Exception as error:  # noqa: BLE001  (what a broken file makes of it is not foreseen there)
            raise UnreadableError(f"it is damaged ({type(error).__name__})") from None
    text = "\n".join(line for page in _without_edges(pages) for line in page)
    if not text.strip():
        raise UnreadableError("it holds no text, maybe pictures of it; recognise the text first (OCR)")
    return Extracted(_HYPHEN.sub("", text))


def _without_edges(pages: Sequence[Sequence[str]]) -> Iterator[Sequence[str]]:
    """The lines of each page but those that head or foot many."""
    most = max(_FEWEST, (len(pages) + 1) // 2)
    stripped = [[line for line in page if line.strip()] for page in pages]
    heads = Counter(key for page in stripped for key in {_key(line) for line in page[:_EDGE]})
    feet = Counter(key for page in stripped for key in {_key(line) for line in page[-_EDGE:]})
    for page in stripped:
        first, last = 0, len(page)
        while first < min(_EDGE, last) and heads[_key(page[first])] >= most:
            first += 1
        while last > max(first, len(page) - _EDGE) and feet[_key(page[last - 1])] >= most:
            last -= 1
        yield page[first:last]


def _key(line: str) -> str:
    return re.sub(r"\d+", "0", " ".join(line.split()))


def _why(error: BaseException) -> str:
    return " ".join(str(error).split())[:80] or type(error).__name__


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Without what pypdf says of a file that it repairs."""
    logger = logging.getLogger("pypdf")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
