"""Ways of breaking a file: bytes, members of a zip archive, pickle opcodes, JSON values, lines."""

import copy
import io
import json
import random
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

MOST = 10 * 2**20
"""Bytes beyond which an input is cut: the limits that the readers keep are promised up to here."""

NUMBERS = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0xFFFF,
    0x10000000,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    2**63 - 1,
    2**64 - 1,
)
TOKENS = (
    b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"\x93NUMPY\x01\x00", b"'descr': '|O'",
    b"'descr': '<U9999'",
    b"\x80\x02", b"}", b")", b"\x85", b"\x86", b"\x93", b"R", b"b", b"q\x01", b"h\x01", b"r\xff\xff\xff\x10",
    b"cos\nsystem\n", b"null", b"NaN", b"1e999", b'"\\ud800"', b"[" * 50, b'{"a":' * 50,
    b"[[a]]\n", b"a.b.c.d = 1\n", b".",
    b"\xef\xbb\xbf", b"\x00", b"\xff\xfe", b"\r\n",
)  # fmt: skip
VALUES: tuple[object, ...] = (
    None, True, -1, 0, 2**63, 10**400, 0.5, -0.0, 1e308, "", "\ud800", "\0", "a" * 5000, "::error::", [], {},
    [[]], {"a": {}},
)  # fmt: skip

Mutation = Callable[[random.Random, bytes, list[bytes]], bytes]
"""(random, input, all seeds) -> another input."""


def mutate(rng: random.Random, data: bytes, seeds: list[bytes]) -> bytes:
    """One to four changes of ``data``, each of a kind that fits what it is."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        kinds: list[Mutation] = [change_bytes]
        if data[:4] == b"PK\x03\x04":
            kinds += [change_archive] * 3
        if data[:1] == b"{":
            kinds += [change_json, change_json]
        elif data[8:9] == b"{":
            kinds += [change_header, change_header]
        elif data[:2] == b"\x80\x02":
            kinds += [change_pickle, change_pickle]
        data = rng.choice(kinds)(rng, data, seeds)[:MOST]
    return data


def change_bytes(rng: random.Random, data: bytes, seeds: list[bytes]) -> bytes:
    """Flip, delete, repeat, insert, cut or join."""
    at, to = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
    near = min(to, at + rng.randrange(1, 65))
    way = rng.randrange(8)
    if way == 0 and data:
        flipped = bytearray(data)
        for _ in range(rng.choice((1, 1, 3, 20))):
            flipped[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        return bytes(flipped)
    if way == 1:
        return data[:at] + data[near:]
    if way == 2:
        return data[:at] + data[at:near] * rng.choice((2, 10, 1000, 100_000)) + data[near:]
    if way == 3:
        size = rng.choice((1, 2, 4, 8))
        number = rng.choice(NUMBERS).to_bytes(8, rng.choice(("little", "big")))[:size]
        return data[:at] + number + data[at + size :]
    if way == 4:
        return data[:at] + rng.choice(TOKENS) * rng.choice((1, 1, 1, 1000)) + data[at:]
    if way == 5:
        return data[:at]
    if way == 6:
        other = rng.choice(seeds)
        return data[:at] + other[rng.randrange(len(other) + 1) :]
    return data[:at] + rng.randbytes(near - at) + data[near:]


def change_archive(rng: random.Random, data: bytes, seeds: list[bytes]) -> bytes:
    """Change one member of an archive, or which members it has; the archive itself stays right."""
    members = _members(data)
    if not members:
        return change_bytes(rng, data, seeds)
    at = rng.randrange(len(members))
    if rng.random() < 2 / 3:
        members[at] = members[at][0], _changed_content(rng, members[at][1], seeds)
    else:
        _change_members(rng, members, at, seeds)
    return _archive(rng, members)


def _changed_content(rng: random.Random, content: bytes, seeds: list[bytes]) -> bytes:
    if content[:2] == b"\x80\x02" and rng.random() < 0.7:
        content = change_pickle(rng, content, seeds)
    elif rng.random() < 0.1:
        content += bytes(rng.choice((10**5, 10**7)))
    else:
        content = change_bytes(rng, content, seeds)
    return content[: 4 * MOST]


def _change_members(
    rng: random.Random, members: list[tuple[str, bytes]], at: int, seeds: list[bytes]
) -> None:
    """Leave a member out, name one twice, rename one, add many or take one from another file."""
    name, content = members[at]
    way = rng.randrange(5)
    if way == 0:
        del members[at]
    elif way == 1:
        members.append((name, content))
    elif way == 2:
        members[at] = (rng.choice([other for other, _ in members] + ["../x", "a" * 300, "", "x\0y"]), content)
    elif way == 3:
        most = 4 * MOST // max(1, len(content))
        members += [(f"{name}{i}", content) for i in range(min(rng.choice((3, 300, 3000)), most))]
    else:
        members += _members(rng.choice(seeds))[:3]


def change_pickle(rng: random.Random, data: bytes, seeds: list[bytes]) -> bytes:
    """Insert opcodes that nest, repeat, refer or build."""
    at = rng.randrange(2, max(3, len(data)))
    times = rng.choice((1, 3, 60, 100_000))
    return data[:at] + rng.choice(
        (
            b"()q\x01" + b"h\x01h\x01\x86q\x01" * min(times, 60) + b"t",
            b")" + b"\x85" * times,
            b"]" * times,
            b"r" + struct.pack("<I", rng.choice(NUMBERS) % 2**32),
            b"j" + struct.pack("<I", rng.choice(NUMBERS) % 2**32),
            b"(" * times,
            b"0" * min(times, 60),
            b"X" + struct.pack("<I", rng.choice(NUMBERS) % 2**32),
            b"\x8a\xff" + bytes(255),
            b"K\x01" * times,
            b"cbuiltins\neval\n",
            b"cnumpy\ndtype\n",
            b"ctorch._utils\n_rebuild_tensor_v2\n",
            b"\x81", b"R", b"b", b"s", b"u", b"e", b"\x91", b"2",
        )
    ) + data[at:]  # fmt: skip


def change_json(rng: random.Random, data: bytes, seeds: list[bytes]) -> bytes:
    """Replace, drop, repeat or add a value somewhere; keys may come twice."""
    try:
        lines = [json.loads(line) for line in data.splitlines()] if b"\n{" in data else [json.loads(data)]
    except (ValueError, RecursionError):
        return change_bytes(rng, data, seeds)
    document = rng.choice(lines)
    place, key = _place(rng, document)
    if isinstance(place, dict):
        way = rng.randrange(4)
        if way == 0:
            del place[key]
        elif way == 1:
            place[rng.choice(("x", "schema_version", "name", "\ud800", "a" * 300))] = copy.deepcopy(
                place[key]
            )
        else:
            place[key] = _value(rng, place[key])
    elif isinstance(place, list):
        place[key] = _value(rng, place[key])
        if rng.random() < 0.3:
            most = MOST // len(json.dumps(place[key]))
            place.extend([place[key]] * min(rng.choice((1, 100, 20_000)), most))
    text = "\n".join(json.dumps(line) for line in lines)
    if rng.random() < 0.1:
        text = text.replace("{", '{"schema_version": "9.9", ', rng.choice((1, 1000)))
    return text.encode("utf-8", "surrogatepass")


def change_header(rng: random.Random, data: bytes, seeds: list[bytes]) -> bytes:
    """The JSON at the beginning of a safetensors file, its length kept true most of the time."""
    size = int.from_bytes(data[:8], "little")
    header = change_json(rng, data[8 : 8 + size].strip(), seeds)
    told = len(header) if rng.random() < 0.8 else rng.choice(NUMBERS)
    return told.to_bytes(8, "little") + header + data[8 + size :]


def _value(rng: random.Random, old: object) -> object:
    if isinstance(old, int | float) and abs(old) < 2**64 and rng.random() < 0.3:
        return rng.choice((old + 1, -old, old * 1e6, old + 1e-9))
    if isinstance(old, str) and rng.random() < 0.3:
        return old + rng.choice(("x", "\n", "\u202e", " " * 300))
    if rng.random() < 0.1:
        nested: object = old
        for _ in range(rng.choice((5, 90, 500))):
            nested = [nested]
        return nested
    return copy.deepcopy(rng.choice(VALUES))


def _place(rng: random.Random, value: Any) -> tuple[Any, Any]:  # noqa: ANN401  (any JSON value)
    """A container anywhere in a JSON value, and one of its keys."""
    found: tuple[Any, Any] = None, None
    while isinstance(value, dict | list) and value:
        key = rng.choice(list(value)) if isinstance(value, dict) else rng.randrange(len(value))
        found = value, key
        if rng.random() < 0.2:
            break
        value = value[key]
    return found


def _members(data: bytes) -> list[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = [info for info in archive.infolist() if info.file_size <= MOST]
            return [(info.filename, archive.read(info)) for info in infos]
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, EOFError, OSError, RuntimeError):
        return []


def _archive(rng: random.Random, members: list[tuple[str, bytes]]) -> bytes:
    stream = io.BytesIO()
    kind = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", kind) as archive:
        warnings.simplefilter("ignore", UserWarning)  # a name twice is meant
        for name, content in members:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = kind
            archive.writestr(info, content)
    return stream.getvalue()
