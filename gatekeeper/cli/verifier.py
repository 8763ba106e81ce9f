"""Flags of whoever lets models through, shared by ``check`` and ``deploy``. Nothing here loads torch."""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatekeeper.cli.completion import complete
from gatekeeper.cli.types import FILE, NAMED
from gatekeeper.config.outputs import key_file
from gatekeeper.deployment.verify import Demands
from schemas.errors import UsageError
from schemas.reading.policy import load_policy

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DEFAULT_POLICY = "seed-5cat"

_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


class Age(click.ParamType[timedelta]):
    """A span of time as ``30d``, ``12h`` or ``90m``."""

    name = "age"

    def convert(
        self,
        value: Any,  # noqa: ANN401  (click's own signature)
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> timedelta:
        """Parse a span; click calls it for flags and defaults."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"([0-9]{1,5})([dhm])", str(value))
        if found is None or int(found[1]) == 0:
            self.fail(f"expected a span of time such as 30d, 12h or 90m, found {value!r}", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})


@dataclass(frozen=True)
class Verifier:
    """The values of the flags.

    Attributes:
        policy: name of a built-in policy, or path of a TOML file.
        max_age: the oldest report that still counts.
        trusted_key: public keys, as files or ``env:NAME``.
        envelope: the signature, where it does not lie beside the report.
    """

    policy: str
    max_age: timedelta | None
    trusted_key: tuple[str, ...]
    envelope: Path | None

    def inputs(self) -> tuple[Path | None, ...]:
        """The files that the flags name."""
        return key_file(self.policy), *map(key_file, self.trusted_key), self.envelope

    def demands(self, *, first: bool = False) -> Demands:
        """What the flags ask for.

        Args:
            first: there is no champion yet.

        Raises:
            UsageError: a policy or key is wrong, or a flag would have no effect.
        """
        if self.envelope is not None and not self.trusted_key:
            raise UsageError("--envelope has no effect without --trusted-key; name the key you trust")
        return Demands(
            policy=load_policy(self.policy),
            trusted=_trusted(self.trusted_key),
            max_age=self.max_age,
            first=first,
        )


def verifier_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add ``--policy``, ``--max-age``, ``--trusted-key`` and ``--envelope``.

    The command gets them as one argument, ``verifier``.
    """

    @click.option(
        "--policy",
        type=NAMED,
        default=DEFAULT_POLICY,
        shell_complete=complete("policies", files=True),
        help=f"Built-in policy or a TOML file [{DEFAULT_POLICY}]. No configuration file is read.",
    )
    @click.option("--max-age", type=Age(), help="Refuse older reports: 30d, 12h, 90m.")
    @click.option(
        "--trusted-key",
        type=NAMED,
        multiple=True,
        help="Public key (*.pub, or env:NAME) that must have signed.",
    )
    @click.option("--envelope", type=FILE, help="Signature [REPORT's .dsse.json].")
    @functools.wraps(command)
    def gathered(
        *args: object,
        policy: str,
        max_age: timedelta | None,
        trusted_key: tuple[str, ...],
        envelope: Path | None,
        **others: object,
    ) -> None:
        command(*args, verifier=Verifier(policy, max_age, trusted_key, envelope), **others)

    return gathered


def _trusted(specs: tuple[str, ...]) -> tuple["Ed25519PublicKey", ...]:
    if not specs:
        return ()
    from gatekeeper.deployment.signing.keys import load_public

    return tuple(load_public(spec) for spec in specs)
