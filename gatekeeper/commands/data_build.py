"""``gatekeeper data build``: a bank, or texts, and their splits as a data set folder."""

from pathlib import Path

import click

from gatekeeper.commands.choice import Choice
from gatekeeper.commands.options import key_options, tell
from gatekeeper.commands.paths import FILE
from gatekeeper.data.bank_file import read_bank_file
from gatekeeper.data.bank_keys import BankKeys
from gatekeeper.data.build import divide, file_digest, parse_split, refuse_unprintable
from gatekeeper.data.dataset_folder import Dtype, refuse_occupied, write_dataset
from gatekeeper.data.embed import embed, forget, load_encoder
from gatekeeper.data.sequence_export import sequences_path, write_sequences
from gatekeeper.data.texts import is_texts, read_texts
from gatekeeper.outputs import Output, refuse_overwriting
from gatekeeper.progress import bar
from gatekeeper.render.dataset import render_built
from gates.bank import build_bank
from gates.contracts import Bank
from schemas.dataset import Origin
from schemas.errors import UsageError


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
    vectors_key: str | None,
    article_key: str | None,
    chunk_key: str | None,
    text_key: str | None,
) -> None:
    """Write SOURCE and its splits as a folder of memory-mapped arrays.

    SOURCE is a bank (*.npz) or texts (*.jsonl, *.jsonl.gz with article, chunk, text), which are
    embedded first; an interrupted embedding goes on where it stopped. Use the folder wherever a bank is
    asked for: `gatekeeper eval model.pt --bank FOLDER`.

    Exit codes: 0 done, 2 usage error, 3 the source, the encoder or the folder is unusable.
    """
    requests = [parse_split(text) for text in splits]
    keys = BankKeys(vectors_key, article_key, chunk_key, text_key)
    if keys.flags() and is_texts(source):
        raise UsageError(f"{next(iter(keys.flags()))} names an array of a bank; {source} holds texts")
    if not out.resolve().name:
        raise UsageError(f"--out {out} is no place for a folder")
    refuse_unprintable(encoder=encoder, licence=licence, note=note)
    out = out.resolve() if out.name in ("", ".", "..") else out
    refuse_occupied(out)
    beside = [sequences_path(out, request.name) for request in requests] if also_npz else []
    made = [Output("folder", out), *(Output("file of sequences", each, own=True) for each in beside)]
    refuse_overwriting(made, (source, None if encoder is None else Path(encoder)))
    digest = file_digest(source)
    work = out.with_name(f".{out.name}.embedding")
    if is_texts(source):
        bank = _embedded(source, digest, encoder, work, device=device, batch_size=batch_size)
    else:
        read = read_bank_file(source, keys=keys)
        tell(read.notes)
        bank = read.bank
    record = write_dataset(
        out,
        bank,
        divide(bank, requests, seed=seed),
        context=context,
        horizon=horizon,
        dtype=dtype,
        origin=Origin(source.name, digest, None if encoder is None else Path(encoder).name, licence, note),
    )
    forget(work)
    click.echo(render_built(record, out))
    if also_npz:
        for path in write_sequences(out):
            click.echo(f"sequences: {path}")


def _embedded(
    source: Path, digest: str, encoder: str | None, work: Path, *, device: str, batch_size: int
) -> Bank:
    if encoder is None:
        raise UsageError(f"{source} holds texts; name the model that embeds them with --encoder")
    from gatekeeper.environment import choose_device

    texts = read_texts(source)
    place = str(choose_device(device))
    with bar("embedding", len(texts.texts)) as progress:
        vectors = embed(
            texts.texts,
            lambda: load_encoder(encoder, place),
            work=work,
            identity={"texts": digest, "encoder": encoder},
            batch_size=batch_size,
            progress=progress,
        )
    return build_bank(
        vectors, texts.articles, texts.chunks, source=source.name, texts=texts.texts, titles=texts.titles
    )
