"""Pickles of checkpoints, instruction by instruction."""

import io
import struct

import torch

from tests.model_files import zipped

PROTO = b"\x80\x02"


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def name_of(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def archive(pickle: bytes, members: dict[str, bytes] | None = None) -> bytes:
    return zipped({"m/data.pkl": pickle, "m/version": b"3\n", "m/byteorder": b"little", **(members or {})})


def saved(content: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()
