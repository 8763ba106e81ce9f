"""``gatekeeper keygen``: a key pair for signing reports."""

from pathlib import Path

import click

from gatekeeper.cli.command import command
from gatekeeper.cli.types import OUTPUT
from gatekeeper.cli.voice import show
from gatekeeper.deployment.signing.keys import generate
from schemas.text import printable


@command("keygen")
@click.argument("name", default="gatekeeper")
@click.option(
    "--folder",
    type=OUTPUT,
    default=Path(),
    help="Where the files go [working directory].",
)
def keygen_command(name: str, folder: Path) -> None:
    """Make an Ed25519 key pair: NAME.key signs reports, NAME.pub verifies them.

    Keep NAME.key with whoever must vouch for an evaluation: the CI system, not the trainer.

    Exit codes: 0 done, 2 usage error, 3 a file exists already or cannot be written.
    """
    private, public, key_id = generate(folder, name)
    show(f"private key: {printable(str(private))} (keep it secret)")
    show(f"public key: {printable(str(public))}")
    show(f"key id: {key_id}")
