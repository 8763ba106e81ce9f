"""From the bytes of a text file to its text: by the mark at its head, what it declares, or as UTF-8."""

import codecs
import re

from gatekeeper.data.documents.extracted import UnreadableError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEAD = 4096
_DECLARED = re.compile(
    rb"<(?:meta|\?xml)\b[^>]{0,400}?\b(?:charset|encoding)\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE
)
_AS_BROWSERS_DO = {"iso8859-1": "cp1252", "ascii": "cp1252"}


def decode(data: bytes, *, declared: bool = False) -> str:
    r"""The text of a file, without the mark at its head.

    Args:
        data: its bytes.
        declared: whether the text may declare its encoding, as a page does.

    Raises:
        UnreadableError: it is neither.

    Example:
        >>> decode(b"\xff\xfea\x00"), decode(b"\xef\xbb\xbfa")
        ('a', 'a')
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(name)
            except UnicodeDecodeError:
                raise UnreadableError(f"it begins as {name[:6].upper()}, and is none") from None
    if b"\0" in data:
        raise UnreadableError("it holds the character NUL, so it is no text")
    named = _declared(data[:_HEAD]) if declared else None
    if named is not None:
        try:
            return data.decode(named)
        except UnicodeDecodeError:
            pass  # pages that say something else are UTF-8 more often than not
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        beside = "" if named is None else f" nor the {named} that it declares"
        raise UnreadableError(
            f"it is no UTF-8{beside} (byte {error.start} is {data[error.start]:#04x}); save it as UTF-8"
        ) from None


def _declared(head: bytes) -> str | None:
    found = _DECLARED.search(head)
    if found is None:
        return None
    try:
        name = codecs.lookup(found[1].decode("ascii", "replace")).name
        "".encode(name)  # refuses what is no encoding of texts
    except (LookupError, UnicodeError, ValueError):
        return None
    return _AS_BROWSERS_DO.get(name, name)
