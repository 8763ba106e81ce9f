"""Which encoder made the vectors that a model was trained on, as a fact of its checkpoint."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gates.contracts import Bank

_FACT = "encoder"
_NAME = re.compile(r"[ -~]{1,400}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class EncoderFact:
    """An encoder.

    Attributes:
        name: for people.
        sha256: digest of what decides its vectors.
    """

    name: str
    sha256: str


def encoder_fact(bank: Bank) -> dict[str, object]:
    """What a checkpoint repeats of a bank's encoder; nothing where nobody knows it."""
    made_by = bank.embedded_by
    return {} if made_by is None else {_FACT: {"name": made_by.name, "sha256": made_by.sha256}}


def read_encoder_fact(facts: Mapping[str, object]) -> EncoderFact | None:
    """What :func:`encoder_fact` wrote; None where a checkpoint says nothing of the kind."""
    found = facts.get(_FACT)
    name, sha256 = (found.get("name"), found.get("sha256")) if isinstance(found, Mapping) else (None, None)
    if not isinstance(name, str) or not isinstance(sha256, str):
        return None
    return EncoderFact(name, sha256) if _NAME.fullmatch(name) and _DIGEST.fullmatch(sha256) else None


def other_encoder(trained_on: EncoderFact | None, bank: Bank) -> str | None:
    """That a bank's vectors are none of those a model was trained on; None where nothing says so.

    Two encoders of one width fit the same model, but a direction means something else to each.
    """
    made_by = bank.embedded_by
    if trained_on is None or made_by is None or trained_on.sha256 == made_by.sha256:
        return None
    return (
        f"it was trained on vectors of the encoder {trained_on.name} ({trained_on.sha256[:12]}), "
        f"{bank.source} holds those of {made_by.name} ({made_by.sha256[:12]}): they have nothing in "
        "common but their width"
    )
