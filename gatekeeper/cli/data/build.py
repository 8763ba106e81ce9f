"""``gatekeeper data build``: a bank, or texts, and their splits as a data set folder."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from gatekeeper.cli.options import key_options, overwrite_option, tell
from gatekeeper.cli.progress import bar
from gatekeeper.cli.terminal import is_terminal
from gatekeeper.cli.types import FILE, Choice
from gatekeeper.cli.voice import hushed, quiet, say, show
from gatekeeper.config.bank_keys import BankKeys
from gatekeeper.config.outputs import Output, refuse_overwriting
from gatekeeper.data.building.dataset import Contents, refuse_taken, write_dataset
from gatekeeper.data.building.embed import Embedded, embed
from gatekeeper.data.building.embedding_cache import EmbeddingCache, cache_folder
from gatekeeper.data.building.encoder import find_encoder, load_encoder
from gatekeeper.data.building.export import sequences_path, write_sequences
from gatekeeper.data.building.splits import check_splits, divide, file_digest, parse_split, refuse_unprintable
from gatekeeper.data.formats.bank import read_bank_file
from gatekeeper.data.formats.dataset import Dtype
from gatekeeper.data.formats.texts import Texts, is_texts, read_texts
from gatekeeper.render.dataset import render_built
from gates.bank import build_bank, outline_bank
from gates.contracts import Bank, Window
from schemas.errors import UsageError
from schemas.records.dataset import Origin
from schemas.text import printable


@click.command(name="build")
@click.argument("source", type=FILE)
@click.option("--out", type=FILE, required=True, help="Folder to write.")
@click.option("--split", "splits", multiple=True, required=True, help="NAME=0-3999,4100 or NAME=0.8.")
@click.option("--context", type=click.IntRange(1, 1000), default=5, help="Chunks of a window [5].")
@click.option("--horizon", type=click.IntRange(1, 1000), default=1, help="Places to the target [1].")
@click.option("--seed", type=click.IntRange(0), default=0, help="Of the division by shares [0].")
@click.option("--dtype", type=Choice(("float32", "float16")), default="float32", help="Of the vectors.")
@click.option("--encoder", help="Of a bank: who made its vectors. Of texts: the model that embeds them.")
@click.option("--device", default="auto", help="Where texts are embedded: auto, cpu, cuda or mps [auto].")
@click.option(
    "--batch-size", type=click.IntRange(1), default=64, help="Texts the encoder is given at once [64]."
)
@click.option("--licence", help="Licence of the texts, for the record.")
@click.option("--note", help="Anything else, for the record.")
@click.option("--also-npz", is_flag=True, help="Write each split in the old sequence format too.")
@overwrite_option
@key_options
def build_command(
    source: Path,
    out: Path,
    splits: tuple[str, ...],
    context: int,
    horizon: int,
    seed: int,
    dtype: Dtype,
    encoder: str | None,
    device: str,
    batch_size: int,
    licence: str | None,
    note: str | None,
    also_npz: bool,
    overwrite: bool,
    keys: BankKeys,
) -> None:
    """Write SOURCE and its splits as a folder of memory-mapped arrays.

    SOURCE is a bank (*.npz) or texts (*.jsonl, *.jsonl.gz with article, chunk, text), which are
    embedded first; vectors are kept in the user's cache, so no text is embedded twice. Use the folder
    wherever a bank is asked for: `gatekeeper eval model.pt --bank FOLDER`.

    Exit codes: 0 done, 2 usage error, 3 the source, the encoder or the folder is unusable.
    """
    requests, window = [parse_split(text) for text in splits], Window(context, horizon)
    if keys.flags() and is_texts(source):
        raise UsageError(f"{next(iter(keys.flags()))} names an array of a bank; {source} holds texts")
    if not out.resolve().name:
        raise UsageError(f"--out {out} is no place for a folder")
    refuse_unprintable(encoder=encoder, licence=licence, note=note)
    out = out.resolve() if out.name in ("", ".", "..") else out
    beside = [sequences_path(out, request.name) for request in requests] if also_npz else []
    made = [
        Output("folder", out, folder=True),
        *(Output("file of sequences", each, own=True) for each in beside),
    ]
    refuse_taken(out, overwrite=overwrite)
    model = None if encoder is None or not Path(encoder).exists() else Path(encoder)  # else a name on the hub
    refuse_overwriting(made, (source, model))
    if not overwrite:
        _refuse_existing(beside)
    if is_texts(source):

        def check(outline: Bank) -> None:
            check_splits(outline, divide(outline, requests, seed=seed), window)

        digest, bank = _embedded(source, encoder, check, device=device, batch_size=batch_size)
    else:
        digest, read = file_digest(source), read_bank_file(source, keys=keys)
        tell(read.notes)
        bank = read.bank
    record = write_dataset(
        out,
        Contents(bank, divide(bank, requests, seed=seed), window),
        dtype=dtype,
        origin=Origin(source.name, digest, None if encoder is None else Path(encoder).name, licence, note),
        overwrite=overwrite,
    )
    show(render_built(record, out))
    if also_npz:
        for path in write_sequences(out):
            show(f"sequences: {printable(str(path))}")


def _refuse_existing(paths: list[Path]) -> None:
    found = next((path for path in paths if path.exists()), None)
    if found is not None:
        raise UsageError(f"{found} exists; move it away, or add --overwrite to replace it")


def _embedded(
    source: Path,
    encoder: str | None,
    check: Callable[[Bank], object],
    *,
    device: str,
    batch_size: int,
) -> tuple[str, Bank]:
    """Digest of the texts, and the bank of their vectors; all else is checked before these are made."""
    if encoder is None:
        raise UsageError(f"{source} holds texts; name the model that embeds them with --encoder")
    from gatekeeper.evaluation.environment import choose_device

    digest = file_digest(source)
    find_encoder(encoder)
    place = str(choose_device(device))
    texts = read_texts(source)
    check(outline_bank(texts.articles, texts.chunks, source=source.name))
    tell(texts.notes)
    done = _vectors(texts, encoder, place, batch_size)
    bank = build_bank(
        done.vectors, texts.articles, texts.chunks, source=source.name, texts=texts.texts, titles=texts.titles
    )
    return digest, bank


def _vectors(texts: Texts, encoder: str, device: str, batch_size: int) -> Embedded:
    with hushed():
        loaded = load_encoder(encoder, device, bars=is_terminal(sys.stderr) and not quiet())
    folder = cache_folder()
    cache = None if folder is None else EmbeddingCache(folder, loaded.digest)
    try:
        with bar("embedding", len(texts.texts), unit="text") as progress, hushed():
            done = embed(texts.texts, loaded, cache=cache, batch_size=batch_size, progress=progress)
    finally:
        if cache is not None:
            cache.close()
    if cache is not None and cache.trouble is not None:
        say(f"note: vectors could not be kept in {cache.trouble}; GATEKEEPER_CACHE names another folder")
    elif cache is not None:
        say(
            f"note: {done.found} of {done.distinct} texts were embedded before; {cache.folder} now holds "
            f"{cache.size / 1e6:.1f} MB"
        )
    return done
