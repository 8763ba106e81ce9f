"""A built data set: the record in ``dataset.json`` beside its arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from schemas.records.rules import (
    END,
    LATER,
    SPARSE,
    Count,
    Line,
    Moment,
    Positive,
    Sha256,
    rule,
    version_rule,
)
from schemas.records.splits import SPLITS

DATASET_VERSION = "1.1"


@dataclass(frozen=True)
class StoredFile:
    """A file of the folder.

    Attributes:
        sha256: its digest.
        bytes: its size.
    """

    sha256: Sha256
    bytes: Count


_Articles = Annotated[str, rule(pattern=f"^-?[0-9]+(--?[0-9]+)?(,-?[0-9]+(--?[0-9]+)?)*{END}")]


@dataclass(frozen=True)
class StoredSplit:
    """A split: its windows as bank rows, in ``NAME.npy``.

    Attributes:
        windows: how many.
        articles: which, as ranges of their numbers such as ``0-39,45``; also those too short for a window.
        sha256: digest of the window rows, as reports name it.
    """

    windows: Positive
    articles: _Articles
    sha256: Sha256


@dataclass(frozen=True)
class StoredBank:
    """The chunk vectors: vectors.npy, articles.npy, chunks.npy.

    Attributes:
        rows: chunks.
        dimension: width of a vector.
        articles: distinct articles.
        dtype: of vectors.npy.
        sha256: digest of the unit float32 rows, as reports name it.
    """

    rows: Positive
    dimension: Positive
    articles: Positive
    dtype: Literal["float32", "float16"]
    sha256: Sha256


@dataclass(frozen=True)
class EmbeddedBy:
    """The sentence encoder that made the vectors of texts.

    Attributes:
        source: where it was: on the Hugging Face hub, in a folder, or in an installed package.
        name: of the model on the hub, of the folder, or of the package.
        revision: commit of the hub's model, or version of the package; None where nobody says.
        sha256: digest of its weights as they are stored, its configuration, its tokenizer and whatever else
            decides a vector.
        precision: numbers it computed with.
        pooling: how the vectors of tokens became one of a text; None where the model says nothing of it.
        normalised: whether its own last step makes unit vectors; those of a bank always are.
        max_tokens: tokens it reads of a text, at most; None where it reads all.
    """

    source: Literal["hub", "folder", "package"]
    name: Line
    revision: Line | None
    sha256: Sha256
    precision: Line
    pooling: Line | None
    normalised: bool
    max_tokens: Positive | None


@dataclass(frozen=True)
class Origin:
    """Where the vectors come from, as far as anybody said.

    Attributes:
        source: the file the data set was built from, without folders.
        source_sha256: its digest.
        encoder: name of the model that made the vectors; None if nobody said.
        licence: of the texts; None if nobody said.
        note: anything else a reader should know; None for nothing.
        embedded_by: the encoder, where the data set was built from texts; None where it was not.
    """

    source: Line
    source_sha256: Sha256
    encoder: Line | None
    licence: Line | None
    note: Line | None
    embedded_by: EmbeddedBy | None = field(default=None, metadata=LATER)


@dataclass(frozen=True)
class Version:
    """An earlier version of a data set that has grown (``gatekeeper data append``).

    Attributes:
        sha256: digest of its bank, as reports name it.
        created: when it was built.
        rows: its chunks.
        articles: its articles.
        source: the file that made it what it was: the first one, or what was appended.
        source_sha256: digest of that file.
    """

    sha256: Sha256
    created: Moment
    rows: Positive
    articles: Positive
    source: Line
    source_sha256: Sha256


@dataclass(frozen=True)
class DatasetRecord:
    """A bank and its splits, built by ``gatekeeper data build``, as memory-mapped arrays beside this record.

    Attributes:
        schema_version: version of this format. A reader refuses an unknown major version.
        created: when it was built: UTC, ISO 8601 with a trailing Z.
        tool_version: version of gatekeeper that built it.
        context: L, chunks of a context.
        horizon: the target lies this many chunks after the last one of the context.
        bank: the chunk vectors.
        splits: by name.
        origin: where the vectors come from.
        files: every other file of the folder.
        parents: the versions it has grown from, oldest first.
    """

    schema_version: Annotated[str, version_rule(DATASET_VERSION)]
    created: Moment
    tool_version: Line
    context: Positive
    horizon: Positive
    bank: StoredBank
    splits: Annotated[
        Mapping[Annotated[str, rule(pattern=f"^({'|'.join(SPLITS)}){END}")], StoredSplit],
        rule(minProperties=1, maxProperties=64),
    ]
    origin: Origin
    files: Annotated[
        Mapping[Annotated[str, rule(pattern=rf"^[a-z][a-z0-9_]{{0,39}}\.(npy|json|csv){END}")], StoredFile],
        rule(maxProperties=1000),
    ]
    parents: Annotated[tuple[Version, ...], rule(maxItems=10_000)] = field(default=(), metadata=SPARSE)
