"""``gatekeeper data append``: new articles for a data set folder, the old ones left as they are."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from gatekeeper.cli.command import command
from gatekeeper.cli.data.cutting import cutting_options
from gatekeeper.cli.data.embedding import Maker, embed_texts
from gatekeeper.cli.options import key_options, tell
from gatekeeper.cli.progress import working
from gatekeeper.cli.types import FILE, OUTPUT
from gatekeeper.cli.voice import show
from gatekeeper.config.bank_keys import BankKeys
from gatekeeper.config.outputs import Output, refuse_overwriting
from gatekeeper.data.building.append import grow, refuse_kind, refuse_known, refuse_other_encoder
from gatekeeper.data.building.dataset import refuse_taken, write_dataset
from gatekeeper.data.building.encoder import Precision, find_encoder
from gatekeeper.data.building.source_digest import source_digest
from gatekeeper.data.building.splits import (
    divide,
    parse_split,
    refuse_unprintable,
    split_notes,
)
from gatekeeper.data.documents.cutting import Cutting
from gatekeeper.data.formats.bank import BankFile
from gatekeeper.data.formats.corpus import holds_texts, places_of, read_corpus
from gatekeeper.data.formats.dataset import RECORD, open_dataset
from gatekeeper.data.formats.texts import Texts
from gatekeeper.render.dataset import render_built
from gates.bank import build_bank, outline_bank
from gates.contracts import Bank
from schemas.errors import DataError, UsageError
from schemas.reading.dataset import read_dataset_record
from schemas.records.dataset import DatasetRecord

_PRECISIONS: tuple[Precision, ...] = ("float32", "float16", "bfloat16")


@command("append")
@click.argument("folder", type=FILE)
@click.argument("source", type=FILE)
@click.option(
    "--split",
    "splits",
    multiple=True,
    required=True,
    help="Of the new articles, as in data build: NAME=0-3999,4100, NAME=0.8 of them, or a choice.",
)
@click.option("--out", type=OUTPUT, help="Folder to write [FOLDER, which is replaced in one step].")
@click.option("--seed", type=click.IntRange(0), default=0, help="Of the division into splits [0].")
@click.option("--encoder", help="Where the encoder of FOLDER is [what its record names].")
@click.option("--device", default="auto", help="Where texts are embedded: auto, cpu, cuda or mps [auto].")
@click.option(
    "--batch-size", type=click.IntRange(1), default=64, help="Texts the encoder is given at once [64]."
)
@click.option("--note", help="Anything else, for the record.")
@click.option(
    "--ids", type=FILE, help="Of an array that names no articles: a table or list of ids, one a vector."
)
@cutting_options
@key_options
def append_command(**given: Any) -> None:  # noqa: ANN401  (what the flags above are)
    """Add the articles of SOURCE to the data set in FOLDER.

    SOURCE is what `gatekeeper data build` takes, and holds new articles alone. Vectors, windows and splits of
    the old ones stay as they are, and nothing of them is embedded again; texts are embedded by the encoder
    that embedded FOLDER, or refused. The record keeps the digest of every earlier version, and reports do.

    Exit codes: 0 done, 2 usage error, 3 the folder, the source or the encoder is unusable.
    """
    request = _Request(**given)
    requests = [parse_split(text) for text in request.splits]
    refuse_unprintable(note=request.note)
    with working("reading the data"):
        old = open_dataset(request.folder)
        embedded = request.ids is None and holds_texts(request.source, keys=request.keys)
    refuse_kind(old.record, request.folder, texts=embedded)
    maker = _maker(request, old.record) if embedded else None
    _check_place(request)
    with working("reading what is new"):
        corpus = read_corpus(request.source, keys=request.keys, ids=request.ids, cutting=request.cutting)
        digest = source_digest(request.source)
    tell(corpus.notes)
    source = request.source.name
    if isinstance(corpus, BankFile):
        outline = corpus.bank
    else:
        outline = outline_bank(corpus.articles, corpus.chunks, source=source)
    refuse_known(old.bank, outline, source)
    splits = divide(outline, requests, seed=request.seed, columns=corpus.columns)
    tell(split_notes(outline, requests, splits, corpus.columns))
    added = corpus.bank if isinstance(corpus, BankFile) else _embedded(corpus, maker, source)
    _refuse_changed(request.folder, old.record)
    origin, above = old.record.origin, request.place.resolve().parent
    note = request.note or origin.note
    with working("writing the data set"):
        record = write_dataset(
            request.place,
            grow(request.folder, old, added, splits, place=above, places=places_of(corpus)),
            dtype=old.record.bank.dtype,
            origin=replace(origin, source=source, source_sha256=digest, note=note),
            overwrite=request.out is None,
        )
    show(render_built(record, request.place))


@dataclass(frozen=True, kw_only=True)
class _Request:
    """The values of arguments and flags; their meaning is that of the flag."""

    folder: Path
    source: Path
    splits: tuple[str, ...]
    out: Path | None
    seed: int
    encoder: str | None
    device: str
    batch_size: int
    note: str | None
    ids: Path | None
    keys: BankKeys
    cutting: Cutting | None

    @property
    def place(self) -> Path:
        """Where the larger data set goes."""
        return self.folder if self.out is None else self.out


def _check_place(request: _Request) -> None:
    """Refuse, before hours of work for it, what could not be written."""
    refuse_taken(request.place, overwrite=request.out is None)
    read = (request.source, request.ids, request.folder if request.out is not None else None)
    refuse_overwriting([Output("folder", request.place, folder=True)], read)


def _maker(request: _Request, record: DatasetRecord) -> Maker | None:
    """The encoder that embedded the data set; None where none did.

    Raises:
        DataError: it cannot be found.
        UsageError: it was a folder, which must be named.
    """
    own = record.origin.embedded_by
    if own is None:
        return None
    if request.encoder is None and own.source == "folder":
        raise UsageError(
            f"{request.folder} was embedded by {own.name}, a model in a folder; name that folder: --encoder"
        )
    from gatekeeper.evaluation.environment import choose_device

    return Maker(
        find_encoder(request.encoder or own.name),
        str(choose_device(request.device)),
        next((each for each in _PRECISIONS if each == own.precision), None),
        request.batch_size,
        check=lambda made_by: refuse_other_encoder(record, made_by, request.folder),
    )


def _refuse_changed(folder: Path, record: DatasetRecord) -> None:
    """Refuse to replace what somebody else has built or appended to while texts were embedded."""
    if read_dataset_record(folder / RECORD) != record:
        raise DataError(f"{folder} was changed meanwhile; run the command again: what was embedded is kept")


def _embedded(corpus: Texts, maker: Maker | None, source: str) -> Bank:
    if maker is None:
        raise AssertionError(f"{source} holds texts, which was looked at before")
    done, _ = embed_texts(corpus.texts, maker)
    return build_bank(
        done.vectors, corpus.articles, corpus.chunks, source=source, texts=corpus.texts, titles=corpus.titles
    )
