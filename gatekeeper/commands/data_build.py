"""``gatekeeper data build``: a bank and its splits as a data set folder."""

from pathlib import Path

import click

from gatekeeper.data.bank_file import read_bank
from gatekeeper.data.build import divide, file_digest, parse_split
from gatekeeper.data.dataset_folder import Dtype, write_dataset
from gatekeeper.data.sequence_export import write_sequences
from gatekeeper.render.dataset import render_built
from schemas.dataset import Origin


@click.command(name="build")
@click.argument("bank", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option("--split", "splits", multiple=True, required=True, help="NAME=0-3999,4100 or NAME=0.8.")
@click.option("--context", type=click.IntRange(1, 1000), default=5, help="Chunks of a window [5].")
@click.option("--horizon", type=click.IntRange(1, 1000), default=1, help="Places to the target [1].")
@click.option("--seed", type=click.IntRange(0), default=0, help="Of the division by shares [0].")
@click.option("--dtype", type=click.Choice(("float32", "float16")), default="float32", help="Of the vectors.")
@click.option("--encoder", help="Model that made the vectors, for the record.")
@click.option("--licence", help="Licence of the texts, for the record.")
@click.option("--note", help="Anything else, for the record.")
@click.option("--also-npz", is_flag=True, help="Write each split in the old sequence format too.")
def build_command(
    bank: Path,
    out: Path,
    splits: tuple[str, ...],
    context: int,
    horizon: int,
    seed: int,
    dtype: Dtype,
    encoder: str | None,
    licence: str | None,
    note: str | None,
    also_npz: bool,
) -> None:
    """Write BANK (*.npz) and its splits as a folder of memory-mapped arrays.

    Use it wherever a bank is asked for: `gatekeeper eval model.pt --bank FOLDER`.

    Exit codes: 0 done, 2 usage error, 3 the bank or the folder is unusable.
    """
    requests = [parse_split(text) for text in splits]
    digest = file_digest(bank)
    found = read_bank(bank)
    record = write_dataset(
        out,
        found,
        divide(found, requests, seed=seed),
        context=context,
        horizon=horizon,
        dtype=dtype,
        origin=Origin(bank.name, digest, encoder, licence, note),
    )
    click.echo(render_built(record, out))
    if also_npz:
        for path in write_sequences(out):
            click.echo(f"sequences: {path}")
