"""Weights in several files, as ``save_pretrained`` of Hugging Face writes them, and their one digest.

A folder holds ``model.safetensors``, or shards (``model-00001-of-00002.safetensors``, ...) beside an index,
``model.safetensors.index.json``, whose ``weight_map`` says which tensor lies in which shard. The shards are
read by names that the index chooses, so these are plain names of files in its own folder, and no links.
"""

import hashlib
import os
import re
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path

from schemas.disk.opening import open_regular, why
from schemas.errors import ModelError, ReportError
from schemas.reading.strict_json import MAX_BYTES, loads

SINGLE = "model.safetensors"
INDEX_SUFFIX = ".safetensors.index.json"
INDEX = f"model{INDEX_SUFFIX}"
MOST_SHARDS = 1000

_SHARD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\.safetensors")
_INDEX = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,199}}{re.escape(INDEX_SUFFIX)}")
_TORCH = "pytorch_model.bin"


def weights_file(path: Path) -> Path:
    """The file that a user means: ``path`` itself, or the weights or the index of a folder.

    Raises:
        ModelError: the folder holds neither, or both.
    """
    if not os.path.isdir(path):
        return path
    found = [path / name for name in (SINGLE, INDEX) if (path / name).exists()]
    if len(found) == 1:
        return found[0]
    if found:
        raise ModelError(f"{path} holds {SINGLE} and {INDEX}; name the one that counts, e.g. {found[0]}")
    if (path / _TORCH).exists():
        raise ModelError(f"{path} holds no {SINGLE}; name the file of weights: {path / _TORCH}")
    raise ModelError(
        f"{path} must hold {SINGLE} or {INDEX}, as save_pretrained writes them; it holds neither: name the "
        "file of weights"
    )


def is_index(file: Path) -> bool:
    """Whether a file is named as an index of shards."""
    return _INDEX.fullmatch(file.name) is not None


def weight_files(path: Path) -> tuple[Path, ...]:
    """Every file that belongs to a model: one, or the index and its shards.

    Raises:
        ModelError: it cannot be read, or is no index of shards.
    """
    file = weights_file(path)
    if not is_index(file):
        return (file,)
    return (file, *(file.parent / name for name in sorted(set(shards_of(read_index(file), file).values()))))


def read_index(file: Path) -> bytes:
    """The bytes of an index.

    Raises:
        ModelError: it cannot be read, is a symbolic link, or is far too long.
    """
    with open_weights(file) as opened:
        data = opened.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ModelError(f"{file} must be an index of shards of at most {MAX_BYTES:,} bytes; it is longer")
    return data


def open_weights(file: Path) -> BufferedReader:
    """Open a file whose name nobody gave.

    Raises:
        ModelError: it is missing, no regular file, or a symbolic link, which may lead anywhere.
    """
    if file.is_symlink():
        raise ModelError(
            f"{file} is a symbolic link, which may lead anywhere; copy the folder with its contents: "
            f"cp -rL {file.parent} copy"
        )
    try:
        return open_regular(file, follow_links=False)
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot read the weights {file}: {why(error)}") from None


def shards_of(index: bytes, file: Path) -> Mapping[str, str]:
    """The name of each tensor and of the shard it lies in.

    Args:
        index: the bytes of an index.
        file: where it lies, for messages.

    Raises:
        ModelError: it is none, or a shard's name is no plain name of a ``.safetensors`` file.
    """
    try:
        content = loads(index)
    except ReportError as error:
        raise ModelError(f"{file} must be an index of shards: {error}") from None
    shards = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(shards, dict) or not shards:
        raise ModelError(
            f"{file} must be an index of shards, an object whose weight_map maps the names of tensors to "
            "files; it has none"
        )
    for name in shards.values():
        if not isinstance(name, str) or not _SHARD.fullmatch(name):
            raise ModelError(
                f"{file}: a shard must be a plain name that ends in .safetensors, of a file beside it; "
                f"found {name!r:.200}"
            )
    count = len(set(shards.values()))
    if count > MOST_SHARDS:
        raise ModelError(f"{file} names {count:,} shards, at most {MOST_SHARDS:,} are read")
    return shards


def shards_digest(digests: Mapping[str, str]) -> str:
    """One SHA-256 over an index and its shards.

    That of the text with a line for each file, sorted by name: its own SHA-256, two blanks, its name. In a
    folder that holds nothing else of these names, what
    ``LC_ALL=C sha256sum model*.safetensors* | sha256sum`` prints.

    Args:
        digests: name of each file -> SHA-256 of its bytes.

    Example:
        >>> shards_digest({"model.safetensors.index.json": "0" * 64})[:12]
        '4792de64260b'
    """
    text = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(text.encode()).hexdigest()
