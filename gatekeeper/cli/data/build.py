"""``gatekeeper data build``: a bank, or texts, and their splits as a data set folder."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from gatekeeper.cli.command import command
from gatekeeper.cli.data.cutting import cutting_options
from gatekeeper.cli.data.embedding import Maker, embed_texts, precision_option
from gatekeeper.cli.data_argument import data_argument
from gatekeeper.cli.options import key_options, overwrite_option, tell
from gatekeeper.cli.progress import working
from gatekeeper.cli.types import FILE, OUTPUT, Choice
from gatekeeper.cli.voice import show
from gatekeeper.config.bank_keys import BankKeys
from gatekeeper.config.outputs import Output, refuse_overwriting
from gatekeeper.data.building.balanced import BALANCED, balanced_splits
from gatekeeper.data.building.choices import Columns
from gatekeeper.data.building.dataset import Contents, refuse_taken, write_dataset
from gatekeeper.data.building.encoder import PACKAGE, Precision, find_encoder
from gatekeeper.data.building.export import sequences_path, write_sequences
from gatekeeper.data.building.source_digest import source_digest
from gatekeeper.data.building.splits import (
    SplitRequest,
    check_splits,
    divide,
    parse_split,
    refuse_unprintable,
    split_notes,
)
from gatekeeper.data.documents.cutting import Cutting
from gatekeeper.data.formats.bank import BankFile
from gatekeeper.data.formats.corpus import holds_texts, places_of, read_corpus
from gatekeeper.data.formats.dataset import Dtype
from gatekeeper.data.formats.texts import Texts
from gatekeeper.render.dataset import render_built
from gates.bank import build_bank, outline_bank
from gates.contracts import Bank, IntArray, Window
from schemas.errors import GatekeeperError, UsageError
from schemas.records.dataset import EmbeddedBy, Origin
from schemas.records.splits import OOD, TRAIN, VAL
from schemas.text import printable


def _needs(given: Mapping[str, Any]) -> Iterator[str]:
    source = given["data"] or given["bank"]
    if source is None:
        yield "SOURCE"
    with contextlib.suppress(GatekeeperError):  # a broken source is told by whoever reads it
        if source is not None and given["encoder"] is None and holds_texts(Path(source)):
            yield "--encoder"


@command("build", needs=_needs)
@data_argument("SOURCE")
@click.option("--bank", type=FILE, help="The same as SOURCE.")
@click.option("--out", type=OUTPUT, required=True, help="Folder to write.")
@click.option(
    "--split",
    "splits",
    multiple=True,
    required=True,
    help="NAME= and 0-3999,4100, a share such as 0.8, glob:web/*, column:source=wiki, date:published>=2020, "
    f"file:ids.txt or rest; or {BALANCED} alone.",
)
@click.option("--context", type=click.IntRange(1, 1000), default=5, help="Chunks of a window [5].")
@click.option("--horizon", type=click.IntRange(1, 1000), default=1, help="Places to the target [1].")
@click.option("--seed", type=click.IntRange(0), default=0, help="Of the division into splits [0].")
@click.option("--dtype", type=Choice(("float32", "float16")), default="float32", help="Of the vectors.")
@click.option(
    "--encoder",
    help="Of a bank: who made its vectors. Of texts: the model that embeds them, by its name on the hub, its "
    f"folder, an installed package that carries it, or the word {PACKAGE} for the one that is installed.",
)
@click.option("--device", default="auto", help="Where texts are embedded: auto, cpu, cuda or mps [auto].")
@click.option(
    "--batch-size", type=click.IntRange(1), default=64, help="Texts the encoder is given at once [64]."
)
@precision_option
@cutting_options
@click.option("--licence", help="Licence of the texts, for the record.")
@click.option("--note", help="Anything else, for the record.")
@click.option("--also-npz", is_flag=True, help="Write each split in the old sequence format too.")
@click.option(
    "--ids", type=FILE, help="Of an array that names no articles: a table or list of ids, one a vector."
)
@overwrite_option
@key_options
def build_command(**given: Any) -> None:  # noqa: ANN401  (what the flags above are)
    """Write SOURCE and its splits as a folder of memory-mapped arrays.

    SOURCE is a bank (*.npz), a table of vectors or of texts (*.jsonl and *.ndjson, *.csv and *.tsv, each
    maybe *.gz or *.zst; *.parquet, *.arrow and *.feather; a folder of such shards or one saved by Hugging
    Face datasets), a folder of documents (*.txt, *.md, *.rst, *.html, *.pdf, *.docx), or, with --ids, an
    array (*.npy, *.pt, a flat FAISS index). Documents are cut into chunks. Texts are embedded; vectors are
    kept in the user's cache, so no text is embedded twice. Use the folder wherever a bank is asked for:
    `gatekeeper eval model.pt --bank FOLDER`.

    Exit codes: 0 done, 2 usage error, 3 the source, the encoder or the folder is unusable.
    """
    bank = given.pop("bank")
    if bank is None:
        raise click.MissingParameter(
            ctx=click.get_current_context(), param_hint="'SOURCE'", param_type="argument"
        )
    request = _Request(source=Path(bank), **given)
    requests = _requests(request)
    embedded = request.ids is None and holds_texts(request.source, keys=request.keys)
    if request.precision is not None and not embedded:
        raise UsageError(f"--precision says how texts are embedded; {request.source} holds none")
    out = _checked_folder(request, requests)
    maker = _maker(request) if embedded else None
    with working(f"reading the {'texts' if embedded else 'bank'}"):
        corpus = read_corpus(request.source, keys=request.keys, ids=request.ids, cutting=request.cutting)
        digest = source_digest(request.source)
    tell(corpus.notes)
    texts = None if isinstance(corpus, BankFile) else corpus
    bank = corpus.bank if isinstance(corpus, BankFile) else _outline(corpus, request)
    splits = _divided(bank, corpus.columns, request, requests)
    check_splits(bank, splits, request.window)
    tell(split_notes(bank, requests, splits, corpus.columns))
    made_by = None
    if texts is not None:
        bank, made_by = _embedded(texts, request, maker)
    named = request.encoder if made_by is None else made_by.name
    encoder = None if named is None else Path(named).name
    with working("writing the data set"):
        record = write_dataset(
            out,
            Contents(bank, splits, request.window, places=places_of(corpus)),
            dtype=request.dtype,
            origin=Origin(request.source.name, digest, encoder, request.licence, request.note, made_by),
            overwrite=request.overwrite,
        )
    show(render_built(record, out))
    if request.also_npz:
        for path in write_sequences(out):
            show(f"sequences: {printable(str(path))}")


@dataclass(frozen=True, kw_only=True)
class _Request:
    """The values of the flags; their meaning is that of the flag."""

    source: Path
    out: Path
    splits: tuple[str, ...]
    context: int
    horizon: int
    seed: int
    dtype: Dtype
    encoder: str | None
    device: str
    batch_size: int
    precision: Precision | None
    licence: str | None
    note: str | None
    also_npz: bool
    ids: Path | None
    overwrite: bool
    keys: BankKeys
    cutting: Cutting | None

    @property
    def window(self) -> Window:
        """The shape of the windows."""
        return Window(self.context, self.horizon)


def _requests(request: _Request) -> list[SplitRequest]:
    """The splits that are asked for; none where all three are left to us.

    Raises:
        UsageError: one is not understood, or the word for all three stands beside others.
    """
    if BALANCED not in request.splits:
        return [parse_split(text) for text in request.splits]
    if len(request.splits) > 1:
        raise UsageError(f"--split {BALANCED} makes train, val and ood; found other splits beside it")
    return []


def _divided(
    bank: Bank, columns: Columns, request: _Request, requests: Sequence[SplitRequest]
) -> Mapping[str, IntArray]:
    if not requests:
        return balanced_splits(bank, request.window, seed=request.seed)
    return divide(bank, requests, seed=request.seed, columns=columns)


def _checked_folder(request: _Request, requests: Sequence[SplitRequest]) -> Path:
    """The folder, if all can be written that shall be; before hours of work for it."""
    out = request.out
    if not out.resolve().name:
        raise UsageError(f"--out {out} is no place for a folder")
    refuse_unprintable(encoder=request.encoder, licence=request.licence, note=request.note)
    out = out.resolve() if out.name in ("", ".", "..") else out
    names = [each.name for each in requests] or [TRAIN, VAL, OOD]
    beside = [sequences_path(out, name) for name in names] if request.also_npz else []
    made = [
        Output("folder", out, folder=True),
        *(Output("file of sequences", each, own=True) for each in beside),
    ]
    refuse_taken(out, overwrite=request.overwrite)
    named = request.encoder
    model = None if named is None or not Path(named).exists() else Path(named)  # else a name on the hub
    refuse_overwriting(made, (request.source, request.ids, model))
    if not request.overwrite:
        _refuse_existing(beside)
    return out


def _refuse_existing(paths: list[Path]) -> None:
    found = next((path for path in paths if path.exists()), None)
    if found is not None:
        raise UsageError(f"{found} exists; move it away, or add --overwrite to replace it")


def _maker(request: _Request) -> Maker:
    """What embeds the texts, if it can be found; told before they are read.

    Raises:
        UsageError: none is named, or the device is none.
        DataError: it cannot be found.
    """
    if request.encoder is None:
        raise UsageError(
            f"{request.source} holds texts; name the model that embeds them with --encoder "
            f"(--encoder {PACKAGE} takes the one that is installed)"
        )
    from gatekeeper.evaluation.environment import choose_device

    found = find_encoder(request.encoder)
    return Maker(found, str(choose_device(request.device)), request.precision, request.batch_size)


def _outline(texts: Texts, request: _Request) -> Bank:
    """The bank that will be, without its vectors: enough to check all else before these are made."""
    return outline_bank(texts.articles, texts.chunks, source=request.source.name)


def _embedded(texts: Texts, request: _Request, maker: Maker | None) -> tuple[Bank, EmbeddedBy]:
    """The bank of texts, and what made its vectors."""
    done, made_by = embed_texts(texts.texts, maker or _maker(request))
    bank = build_bank(
        done.vectors,
        texts.articles,
        texts.chunks,
        source=request.source.name,
        texts=texts.texts,
        titles=texts.titles,
    )
    return bank, made_by
