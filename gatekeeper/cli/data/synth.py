"""``gatekeeper data synth``: worlds with a known answer."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from gatekeeper.cli.command import command
from gatekeeper.cli.data_argument import data_argument
from gatekeeper.cli.options import key_options, overwrite_option, tell
from gatekeeper.cli.types import NAMED, OUTPUT, Choice
from gatekeeper.cli.voice import show
from gatekeeper.config.bank_keys import BankKeys
from gatekeeper.config.outputs import Output, refuse_overwriting
from gatekeeper.data.synthetic.directed import expected_directions
from gatekeeper.data.synthetic.worlds import (
    FORWARD,
    TRAP,
    World,
    expected_cosines,
    reversed_bank,
    shuffled_bank,
)
from schemas.errors import UsageError
from schemas.text import printable

WORLDS = {"forward": FORWARD, "trap": TRAP}
DIRECTED = "directed"
COPIES = ("reversed", "shuffled")


@command("synth")
@click.argument("world", type=Choice((*WORLDS, DIRECTED, *COPIES)), metavar="WORLD")
@data_argument()
@click.option("--out", type=OUTPUT, required=True, help="Folder to write.")
@click.option("--bank", type=NAMED, metavar="PATH", help="Bank to copy, also as DATA [the configured one].")
@click.option("--seed", type=int, help="Seed of everything random [0].")
@click.option("--articles", type=int, help="Number of articles [60].")
@click.option("--chunks", type=int, help="Chunks an article [60].")
@click.option("--dimension", type=int, help="Width of a vector, even [64].")
@click.option("--angle", type=float, help="Degrees the rotation turns every plane by [60, trap 36].")
@click.option("--rho", type=float, help="Weight of the past, 0 to 1 [0.95, trap 0.8].")
@click.option("--horizon", type=int, help="Places from last context chunk to target [1, trap 2].")
@overwrite_option
@key_options
def synth_command(
    world: str,
    out: Path,
    bank: str | None,
    overwrite: bool,
    keys: BankKeys,
    **knobs: int | float | None,
) -> None:
    """Write a bank, its splits and the best predictor of WORLD into a folder.

    \b
    forward   a good model passes the seed policy
    trap      least squares points at the chunk before the target; turning further does not
    directed  the next chunk follows from the past better than the previous from the future
    reversed  a bank with the chunks of every article in reverse
    shuffled  a bank with the chunks of every article in random order

    x[t+1] = rho R x[t] + sqrt(1 - rho^2) noise, normalised, where R turns every plane of a random
    basis by one angle: R^j of the last chunk has cosine rho^|m| cos((j - m) angle) to the chunk m
    places on.
    """  # noqa: D301  (click's paragraph mark)
    from gatekeeper.data.synthetic.folder import refuse_taken, write_directed, write_world

    given: dict[str, Any] = {name: value for name, value in knobs.items() if value is not None}
    refuse_taken(out, overwrite=overwrite)
    if keys.flags() and world not in COPIES:
        raise UsageError(
            f"{next(iter(keys.flags()))} names an array of a bank to copy; {world} makes its own"
        )
    if world == DIRECTED:
        if bank is not None or {"angle", "rho", "horizon"} & given.keys():
            raise UsageError("the directed world has a size and a seed, nothing else")
        write_directed(out, replace(FORWARD, **given), overwrite=overwrite)
        forward, backward = expected_directions()
        show(f"best prediction forward: expected cos {forward:+.3f}, backward {backward:+.3f}")
    elif world in WORLDS:
        if bank is not None:
            raise UsageError(f"--bank names a bank to copy ({' or '.join(COPIES)}); {world} makes its own")
        chosen = replace(WORLDS[world], **given)
        write_world(out, world, chosen, overwrite=overwrite)
        _say_expected(chosen)
    else:
        _copy(world, out, bank, keys, given, overwrite=overwrite)
    settings = printable(str(out / "gatekeeper.toml"))
    show(f"{printable(str(out))}: {world} world; evaluate with --config {settings}")


def _copy(
    kind: str,
    out: Path,
    bank: str | None,
    keys: BankKeys,
    given: dict[str, Any],
    *,
    overwrite: bool,
) -> None:
    from gatekeeper.config.file import resolve_config
    from gatekeeper.data.source import open_source
    from gatekeeper.data.synthetic.folder import write_copy

    seed = int(given.pop("seed", 0)) if kind == "shuffled" else 0
    if given:
        raise UsageError(f"--{next(iter(given))} does not apply to a {kind} copy of a bank")
    config = resolve_config(None, {"bank": bank, **keys.settings()})
    refuse_overwriting([Output("folder", out, folder=True)], config.inputs())
    source = open_source(config)
    tell(source.notes)
    name = f"{kind} {source.bank.source}"
    copy = (
        shuffled_bank(source.bank, seed=seed, source=name)
        if kind == "shuffled"
        else reversed_bank(source.bank, source=name)
    )
    label = f"{kind} --seed {seed}" if kind == "shuffled" else kind
    write_copy(out, label, copy, source, config, overwrite=overwrite)


def _say_expected(world: World) -> None:
    for name, power in world.powers.items():
        cosines = expected_cosines(
            rho=world.rho, angle=world.angle, power=power, horizon=world.horizon, dimension=world.dimension
        )
        rival = max(value for offset, value in cosines.items() if offset != 0)
        show(
            f"{name}.pt predicts R^{power:g} of the last chunk: expected cos {cosines[0]:+.3f}, "
            f"margin {cosines[0] - rival:+.3f}"
        )
