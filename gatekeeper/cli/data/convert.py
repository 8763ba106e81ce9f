"""``gatekeeper data convert``: old sequence files as a data set."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from gatekeeper.cli.command import command
from gatekeeper.cli.options import key_options, overwrite_option, tell
from gatekeeper.cli.progress import working
from gatekeeper.cli.types import FILE, NAMED, OUTPUT, Choice
from gatekeeper.cli.voice import show
from gatekeeper.config.bank_keys import BankKeys
from gatekeeper.config.outputs import Output, refuse_overwriting
from gatekeeper.data.building.convert import convert
from gatekeeper.data.building.dataset import refuse_taken
from gatekeeper.data.building.source_digest import source_digest
from gatekeeper.data.building.splits import refuse_unprintable
from gatekeeper.data.formats.bank import read_bank_file
from gatekeeper.data.formats.dataset import UNMATCHED, Dtype
from gatekeeper.render.dataset import render_built, render_counts
from schemas.addresses import refuse_address
from schemas.errors import UsageError
from schemas.records.dataset import Origin
from schemas.records.splits import SPLITS
from schemas.text import printable


def _needs(given: Mapping[str, Any]) -> Iterator[str]:
    files = given["files"] or ()
    if given["bank"] is None and all("=" in each for each in files[:1]):
        yield "BANK"
    if not any("=" in each for each in files):
        yield "NAME=FILE"


@command("convert", needs=_needs)
@click.argument("files", nargs=-1, type=NAMED, metavar="BANK NAME=FILE...")
@click.option("--bank", type=FILE, help="Bank they were made from, if it does not come first.")
@click.option("--out", type=OUTPUT, required=True, help="Folder to write.")
@click.option("--dtype", type=Choice(("float32", "float16")), default="float32", help="Of the vectors.")
@click.option("--encoder", help="Model that made the vectors, for the record.")
@click.option("--licence", help="Licence of the texts, for the record.")
@click.option("--note", help="Anything else, for the record.")
@overwrite_option
@key_options
def convert_command(
    files: tuple[str, ...],
    bank: Path | None,
    out: Path,
    dtype: Dtype,
    overwrite: bool,
    keys: BankKeys,
    **said: str | None,
) -> None:
    """Turn old sequence files into a data set folder: BANK train=old_train.npz val=old_val.npz ...

    A sequence is found by its labels and confirmed by its vectors. What is no window of the bank is
    counted by reason and listed in unmatched.csv in the folder.

    Exit codes: 0 done, 2 usage error, 3 a file or the folder is unusable.
    """
    if bank is None and files and "=" not in files[0]:
        bank, files = Path(files[0]), files[1:]
    if bank is None or not files:
        missing = "BANK" if bank is None else "NAME=FILE"
        raise click.MissingParameter(
            ctx=click.get_current_context(), param_hint=f"'{missing}'", param_type="argument"
        )
    pairs = [_pair(text) for text in files]
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{name} is named twice; one file a split")
    refuse_unprintable(**said)
    refuse_taken(out, overwrite=overwrite)
    refuse_overwriting([Output("folder", out, folder=True)], (bank, *(file for _, file in pairs)))
    with working("reading the bank"):
        digest, read = source_digest(bank), read_bank_file(bank, keys=keys)
    tell(read.notes)
    with working("finding the sequences in the bank"):
        done = convert(
            out,
            pairs,
            read.bank,
            dtype=dtype,
            origin=Origin(bank.name, digest, said["encoder"], said["licence"], said["note"]),
            overwrite=overwrite,
        )
    show(render_counts(done.counts))
    show(f"what is no window is listed in {printable(str(out / UNMATCHED))}\n")
    show(render_built(done.record, out))


def _pair(text: str) -> tuple[str, Path]:
    name, sign, file = text.partition("=")
    if not sign or name not in SPLITS or not file:
        raise UsageError(f"{text!r}: expected NAME=FILE with NAME among {', '.join(SPLITS)}")
    refuse_address(file)
    return name, Path(file)
