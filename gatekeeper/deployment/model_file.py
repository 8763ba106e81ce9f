"""The model file that is let through: what it is, and whether it is of the format that was evaluated."""

import hashlib
import os
from io import BufferedReader
from pathlib import Path

from schemas.disk.opening import open_regular, why
from schemas.errors import ModelError, ReportError
from schemas.reading.file_kinds import kind_of
from schemas.reading.model_format import format_of
from schemas.reading.shards import shards_digest, weight_files
from schemas.records.model import ModelFormat
from schemas.records.report import Report

BLOCK = 2**20
"""Bytes of a model that are read at a time."""


def open_model(path: Path) -> BufferedReader:
    """Open a model file for reading.

    Raises:
        ModelError: it is missing, no regular file, or a symbolic link, which may point elsewhere a
            moment later.
    """
    try:
        return open_regular(path, follow_links=False)
    except (OSError, ValueError) as error:
        if os.path.islink(path):
            raise ModelError(
                f"the model {path} is a symbolic link, which may point elsewhere tomorrow; "
                "name the file itself"
            ) from None
        raise ModelError(f"cannot read the model {path}: {why(error)}") from None


def model_digest(path: Path) -> str:
    """SHA-256 of a model file; of shards that of all of them (:func:`schemas.reading.shards.shards_digest`).

    Args:
        path: the file, a folder of weights, or an index of shards.

    Raises:
        ModelError: it is missing, a symbolic link (which may point elsewhere a moment later), no
            regular file, or it changed while it was read.
    """
    files = weight_files(path)
    if len(files) == 1:
        return _digest(files[0])
    return shards_digest({file.name: _digest(file) for file in files})


def one_file(model: Path) -> Path:
    """The file that can be deployed.

    Raises:
        ModelError: the model is several files.
    """
    files = weight_files(model)
    if len(files) > 1:
        raise ModelError(
            f"{model} is {len(files)} files, and one is deployed; save it as one file and evaluate that: "
            'model.save_pretrained(FOLDER, max_shard_size="1TB")'
        )
    return files[0]


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with open_model(path) as file:
        try:
            before = os.fstat(file.fileno())
            while block := file.read(BLOCK):
                digest.update(block)
            after = os.fstat(file.fileno())
        except OSError as error:
            raise ModelError(f"cannot read the model {path}: {error.strerror}") from None
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise ModelError(f"the model {path} changed while it was read")
    return digest.hexdigest()


def refuse_other_kinds(model: Path) -> None:
    """Name a bank, a report, a table and whatever else is no model, once a report is about another file.

    Raises:
        ModelError: it is of another kind.
    """
    try:
        kind = kind_of(model)
    except (OSError, ValueError):
        return
    if kind.role in ("bank", "table", "report", "texts"):
        raise ModelError(f"{model} is {kind.noun}; name the model file that the report is about")


def confirmed_format(report: Report, model: Path) -> ModelFormat:
    """The format of a model file whose digest the report names, by its content.

    Raises:
        ModelError: the file is no model of one format.
        ReportError: the report names another format.
    """
    files = weight_files(model)
    found: ModelFormat = format_of(files[0]) if len(files) == 1 else "sharded"
    told = report.inputs.model.format
    if found != told:
        raise ReportError(
            f"the report says that {report.inputs.model.spec} was read as {told}, but the content of {model} "
            f"is {found}; evaluate it again"
        )
    return found
