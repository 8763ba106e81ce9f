"""A built data set: the record in ``dataset.json`` beside its arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

DATASET_VERSION = "1.0"


@dataclass(frozen=True)
class StoredFile:
    """A file of the folder, by its digest and size."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class StoredSplit:
    """A split: its windows as bank rows, in ``NAME.npy``.

    Attributes:
        windows: how many.
        articles: which, as ranges (``0-39,45``), also those too short for a window.
        sha256: digest of the window rows, as reports name it.
    """

    windows: int
    articles: str
    sha256: str


@dataclass(frozen=True)
class StoredBank:
    """The bank's size and the digest of its unit float32 rows, as reports name it."""

    rows: int
    dimension: int
    articles: int
    dtype: Literal["float32", "float16"]
    sha256: str


@dataclass(frozen=True)
class Origin:
    """Where the vectors come from, as far as anybody said.

    Attributes:
        source: the file the data set was built from, without folders.
        source_sha256: its digest.
        encoder: name of the model that made the vectors.
        licence: of the texts.
        note: anything else a reader should know.
    """

    source: str
    source_sha256: str
    encoder: str | None
    licence: str | None
    note: str | None


@dataclass(frozen=True)
class DatasetRecord:
    """What a data set folder holds.

    Attributes:
        schema_version: of this record.
        created: when it was built, UTC, ISO 8601 with a trailing Z. tool_version: by which gatekeeper.
        context, horizon: of its windows.
        bank: the chunk vectors.
        splits: by name.
        origin: where the vectors come from.
        files: every other file of the folder.
    """

    schema_version: str
    created: str
    tool_version: str
    context: int
    horizon: int
    bank: StoredBank
    splits: Mapping[str, StoredSplit]
    origin: Origin
    files: Mapping[str, StoredFile]
