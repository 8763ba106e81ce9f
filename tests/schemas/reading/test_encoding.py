"""Marks in front of a text: that of UTF-8 is passed over, those of UTF-16 are told."""

import pytest

from schemas.reading.encoding import is_utf16, without_mark


@pytest.mark.parametrize(
    ("data", "plain", "wide"),
    [
        (b"{}", b"{}", False),
        (b"", b"", False),
        (b"\xef\xbb\xbf{}", b"{}", False),
        (b"\xef\xbb\xbf\xef\xbb\xbf{}", b"\xef\xbb\xbf{}", False),
        (b"{}\xef\xbb\xbf", b"{}\xef\xbb\xbf", False),
        ("{}".encode("utf-16"), "{}".encode("utf-16"), True),
        (b"\xfe\xff\x00{", b"\xfe\xff\x00{", True),
        (b"\xfe", b"\xfe", False),
    ],
)
def test_a_mark_in_front(data: bytes, plain: bytes, wide: bool) -> None:
    assert without_mark(data) == plain
    assert is_utf16(data) is wide
