"""An archive that leaves room for a second one, or tells one thing in two ways, is refused."""

import errno
import io
import struct
import zipfile
from collections.abc import Callable

import pytest

from schemas.errors import ModelError
from schemas.reading.whole_zip import read_at, zip_members
from tests.model_files import model_bytes, zipped

Change = Callable[[bytearray], object]


DAMAGED = "m.pt is a damaged or truncated zip archive; copy the file again, or save the model again"


def refusal(data: bytes) -> str:
    with pytest.raises(ModelError) as caught:
        zip_members(io.BytesIO(data), "m.pt")
    return str(caught.value)


def as_two(gap: str) -> str:
    """What is said of an archive that leaves room for another one."""
    return f"m.pt is a zip archive {gap}, so that its bytes could be read as two models; save the model again"


def folders(found: str) -> str:
    """What is said of one with several folders."""
    return (
        f"m.pt is a zip archive with several top folders, found {found}; torch reads one of them: save the "
        "model again"
    )


def test_members_are_told_below_their_folder_in_lower_case() -> None:
    members = zip_members(io.BytesIO(zipped({"M/data.PKL": b"content", "M/code/X.py": b""})), "m.pt")
    assert {name: info.filename for name, info in members.items()} == {
        "data.pkl": "M/data.PKL",
        "code/x.py": "M/code/X.py",
    }
    assert members["data.pkl"].file_size == 7


def test_a_name_may_be_in_any_language() -> None:
    assert list(zip_members(io.BytesIO(zipped({"m/data.pkl": b"", "m/größe": b"1"})), "m.pt")) == [
        "data.pkl",
        "größe",
    ]


def test_names_may_do_without_a_folder() -> None:
    assert list(zip_members(io.BytesIO(zipped({"a.txt": b"", "b.txt": b""})), "m.pt")) == ["a.txt", "b.txt"]
    assert refusal(zipped({"a.txt": b"", "m/x": b""})) == folders("'', 'm'")


def test_names_of_an_export_of_old_are_whole() -> None:
    names = ["serialized_exported_program.json", "version", "extra_files/notes.txt"]
    found = zip_members(io.BytesIO(zipped(dict.fromkeys(names, b""))), "m.pt2")
    assert list(found) == ["serialized_exported_program.json", "version", "notes.txt"]


@pytest.mark.parametrize(
    ("place", "count", "found"), [(0, 2, b"ab"), (2, 9, b"cd"), (4, 1, b""), (-1, 2, b""), (1, 0, b"")]
)
def test_what_lies_at_a_place(place: int, count: int, found: bytes) -> None:
    assert read_at(io.BytesIO(b"abcd"), place, count) == found


@pytest.mark.parametrize("name", ["m/DATA.PKL", "M/data.pkl", "m/Data/0"])
def test_two_members_of_one_name_are_refused_whatever_their_case(name: str) -> None:
    data = zipped({"m/data.pkl": b"1", "m/data/0": b"1", name: b"2"})
    assert refusal(data) == "m.pt is a zip archive with two members of one name; save the model again"


def test_two_checkpoints_under_two_folders_are_refused() -> None:
    assert refusal(zipped({"a/data.pkl": b"1", "b/data.pkl": b"2"})) == folders("'a', 'b'")
    assert refusal(zipped(dict.fromkeys(("d/1", "c/1", "b/1", "a/1"), b""))) == folders("'a', 'b', 'c'")
    assert refusal(zipped({f"{'x' * 50}/1": b"", "y/1": b""})) == folders(f"'{'x' * 39}, 'y'")


def test_two_members_of_the_very_same_name_are_refused() -> None:
    data = zipped({"m/data.pkl": b"1", "m/data.pkx": b"2"}).replace(b"data.pkx", b"data.pkl")
    assert refusal(data) == "m.pt is a zip archive with two members of one name; save the model again"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"#!/bin/sh\n" + model_bytes(), as_two("with bytes before it")),
        (model_bytes() + b"more", as_two("with bytes after it")),
        (model_bytes()[:-2] + b"\x04\0more", as_two("with bytes after it")),
        (model_bytes()[:-2] + b"\x04\0", as_two("with bytes after it")),
        (model_bytes() + model_bytes(), as_two("with bytes before it")),
        (model_bytes()[:-40], DAMAGED),
    ],
    ids=["before", "after", "comment", "comment that is not there", "two", "cut"],
)
def test_bytes_around_an_archive_are_refused(data: bytes, said: str) -> None:
    assert refusal(data) == said


def _entry(data: bytearray) -> int:
    return data.index(b"PK\x01\x02")


def _longer(data: bytearray) -> None:
    """What is stored as it is has another size unpacked, as both headers say."""
    data[22] = data[_entry(data) + 24] = 9


PACKED = "whose members are packed in two ways, or in an unknown one"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.__setitem__(slice(30, 32), b"M/"), "whose members have two names"),
        (lambda d: d.__setitem__(8, 8), PACKED),
        (lambda d: d.__setitem__(slice(8, 10), b'{"'), PACKED),
        (lambda d: d.__setitem__(18, 1), "whose members have two sizes"),
        (_longer, "whose members have two sizes"),
        (lambda d: d.__setitem__(_entry(d) + 8, 1), PACKED),
        (lambda d: d.__setitem__(slice(-12, -10), b"\x09\0"), "with two directories"),
        (lambda d: d.__setitem__(slice(-14, -12), b"\x01\0"), "with two directories"),
        (lambda d: d.__setitem__(slice(-12, -10), b"\xff\xff"), "with two directories"),
    ],
    ids=[
        "name",
        "method",
        "brace",
        "size",
        "size unpacked",
        "encrypted",
        "count",
        "count here",
        "count elsewhere",
    ],
)
def test_headers_that_differ_are_refused(change: Change, said: str) -> None:
    data = bytearray(zipped({"m/data.pkl": b"content", "m/x": b"y"}))
    change(data)
    assert refusal(bytes(data)) == as_two(said)


def test_bytes_between_two_members_are_refused() -> None:
    data = zipped({"m/data.pkl": b"1", "m/x": b"y"})
    second = data.index(b"PK\x03\x04", 4)
    moved = bytearray(data[:second] + b"!" * 7 + data[second:])
    entry = moved.index(b"PK\x01\x02", moved.index(b"PK\x01\x02") + 1)
    moved[entry + 42 : entry + 46] = struct.pack("<I", second + 7)
    start = struct.unpack("<I", moved[-6:-2])[0]
    moved[-6:-2] = struct.pack("<I", start + 7)
    assert refusal(bytes(moved)) == as_two("with bytes between its members")


def test_bytes_before_the_directory_are_refused() -> None:
    data = zipped({"m/data.pkl": b"1"})
    moved = bytearray(data.replace(b"PK\x01\x02", b"!PK\x01\x02"))
    moved[-6:-2] = struct.pack("<I", struct.unpack("<I", data[-6:-2])[0] + 1)
    assert refusal(bytes(moved)) == as_two("with bytes before its directory")


def test_a_name_may_be_in_the_code_page_of_old() -> None:
    data = bytearray(zipped({"m/data.pkl": b"", "m/größe": b"1"}))
    for mark, flags in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        data[data.rindex(mark) + flags] &= ~0x08  # the name is no longer said to be UTF-8
    whole = bytes(data).replace("größe".encode(), "gröse".encode("cp437") + b"  ")
    assert list(zip_members(io.BytesIO(whole), "m.pt")) == ["data.pkl", "gröse  "]


class Stream(io.RawIOBase):
    """Cannot go back, so that the sizes of a member can only be told behind it."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.data += bytes(data)  # type: ignore[call-overload]
        return len(data)  # type: ignore[arg-type]


def streamed(*, behind: int, last: bool = True) -> bytes:
    """An archive of two members that was written in one go, with so many bytes behind the first or both.

    Args:
        behind: bytes between the content of a member and what follows; zip writers leave 12 to 24.
        last: whether the sizes of the second member are told behind it too.
    """
    stream = Stream()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("m/a", b"content")
        archive.writestr("m/b", b"other")
    whole = bytes(stream.data)
    first, second, entries = (
        whole.index(b"PK\x03\x04"),
        whole.rindex(b"PK\x03\x04"),
        whole.index(b"PK\x01\x02"),
    )
    one = whole[first : second - 16] + b"d" * behind
    other = bytearray(whole[second : entries - 16])
    directory = bytearray(whole[entries:-22])
    entry = directory.rindex(b"PK\x01\x02")
    if last:
        other += b"d" * behind
    else:
        other[6] = directory[entry + 8] = 0
        other[14:26] = directory[entry + 16 : entry + 28]
    directory[entry + 42 : entry + 46] = struct.pack("<I", len(one))
    end = bytearray(whole[-22:])
    end[16:20] = struct.pack("<I", len(one) + len(other))
    return bytes(one + other + directory + end)


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("behind", [0, 12, 16, 20, 24])
def test_the_sizes_of_a_member_may_be_told_behind_it(behind: int, last: bool) -> None:
    data = streamed(behind=behind, last=last)
    assert list(zip_members(io.BytesIO(data), "m.pt")) == ["a", "b"]


@pytest.mark.parametrize("header", [b"PK\x03\x04", b"PK\x01\x02"])
def test_one_of_the_two_headers_may_say_that_sizes_follow(header: bytes) -> None:
    data = bytearray(streamed(behind=16))
    data[data.index(header) + {b"PK\x03\x04": 6, b"PK\x01\x02": 8}[header]] = 0
    assert list(zip_members(io.BytesIO(data), "m.pt")) == ["a", "b"]


@pytest.mark.parametrize("behind", [1, 8, 11, 13, 25])
def test_more_or_less_than_sizes_behind_a_member_is_refused(behind: int) -> None:
    data = streamed(behind=behind, last=False)
    assert refusal(data) == as_two("with bytes between its members")


def test_only_a_member_that_says_so_has_its_sizes_behind_it() -> None:
    data = bytearray(streamed(behind=12, last=False))
    place = data.index(b"PK\x01\x02")
    data[place:place] = b"d" * 12
    data[-6:-2] = struct.pack("<I", place + 12)
    assert refusal(bytes(data)) == as_two("with bytes before its directory")


class Broken(io.BytesIO):
    """A disk that fails at one of the reads."""

    def __init__(self, data: bytes, good: int) -> None:
        super().__init__(data)
        self.good = good

    def read(self, size: int | None = -1, /) -> bytes:
        self.good -= 1
        if self.good < 0:
            raise OSError(errno.EIO, "Input/output error")
        return super().read(size)


@pytest.mark.parametrize("good", range(5))
def test_a_disk_that_fails_is_no_damaged_archive(good: int) -> None:
    with pytest.raises(OSError, match="Input/output error") as caught:
        zip_members(Broken(model_bytes(), good), "m.pt")
    assert caught.value.errno == errno.EIO


TOP = (0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
"""What the record of 16 and 32 bits holds where the one of 64 bits is asked."""


def wide(told: tuple[int | None, ...], *, aside: int = 0) -> bytes:
    """An archive with a record of 64 bits, and an end that tells other numbers where they are given.

    Args:
        told: members here, members, length and place of the directory; None for the true one.
        aside: how far from the record of 64 bits the pointer to it leads.
    """
    data = zipped({"m/data.pkl": b"content", "m/x": b"y"})
    body, end = data[:-22], struct.unpack("<4sHHHHIIH", data[-22:])
    record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, *end[3:7])
    pointer = struct.pack("<4sIQI", b"PK\x06\x07", 0, len(body) + aside, 1)
    numbers = (true if other is None else other for true, other in zip(end[3:7], told, strict=True))
    return body + record + pointer + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, *numbers, 0)


@pytest.mark.parametrize("told", [TOP, (None,) * 4, (None, None, None, TOP[3])])
def test_a_record_of_64_bits_may_stand_beside_the_end_that_tells_the_same(
    told: tuple[int | None, ...],
) -> None:
    assert list(zip_members(io.BytesIO(wide(told)), "m.pt")) == ["data.pkl", "x"]


@pytest.mark.parametrize("place", range(4))
def test_an_end_that_tells_otherwise_than_its_record_of_64_bits_is_refused(place: int) -> None:
    told = tuple(1 if each == place else top for each, top in enumerate(TOP))
    assert refusal(wide(told)) == as_two("with two directories")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (24, as_two("with two directories")),
        (32, as_two("with two directories")),
        (40, DAMAGED),
        (48, as_two("with bytes before it")),
    ],
)
def test_a_record_of_64_bits_that_tells_otherwise_is_refused(place: int, said: str) -> None:
    data = bytearray(wide((None,) * 4))
    data[data.index(b"PK\x06\x06") + place] ^= 1
    assert refusal(bytes(data)) == said


@pytest.mark.parametrize("aside", [-1, 1])
def test_a_pointer_that_leads_elsewhere_is_refused(aside: int) -> None:
    """One reader looks where it leads, another before the end."""
    assert refusal(wide(TOP, aside=aside)) in (as_two("with bytes after it"), DAMAGED)
