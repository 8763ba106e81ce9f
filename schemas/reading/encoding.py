"""Byte order marks: some editors put one in front of UTF-8, and one tells UTF-16 from it."""

import codecs

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def without_mark(data: bytes) -> bytes:
    """The bytes less a byte order mark of UTF-8 in front."""
    return data.removeprefix(codecs.BOM_UTF8)


def is_utf16(data: bytes) -> bool:
    """Whether the bytes begin with a byte order mark of UTF-16, which is no UTF-8."""
    return data.startswith(_UTF16)
