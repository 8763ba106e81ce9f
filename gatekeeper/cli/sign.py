"""``gatekeeper sign``: vouch for a report."""

from pathlib import Path

import click

from gatekeeper.cli.command import command
from gatekeeper.cli.types import FILE, NAMED
from gatekeeper.cli.voice import show
from gatekeeper.config.outputs import Output, key_file, refuse_overwriting
from gatekeeper.deployment.signing.keys import load_private
from gatekeeper.deployment.signing.sign import sign_report
from gatekeeper.evaluation.companions import envelope_path
from schemas.text import printable


@command("sign")
@click.argument("report", type=FILE)
@click.option("--key", type=NAMED, required=True, help="Private key (*.key, or env:NAME).")
@click.option("--model", type=FILE, help="The model file; must be the one the report is about.")
def sign_command(report: Path, key: str, model: Path | None) -> None:
    """Sign REPORT as evaluated, and write the signature beside it as .dsse.json.

    The signature says: the holder of this key says that this report is about this model. It does not
    say that the model is good, nor that the evaluation ran where you think it did.

    Exit codes: 0 done, 2 usage error, 3 the report, the model or the folder is unusable.
    """
    signature = Output("signature", envelope_path(report), own=True)
    refuse_overwriting([signature], (report, key_file(key), model))
    show(f"signature: {printable(str(sign_report(report, load_private(key), model)))}")
