"""Data that comes with gatekeeper: ``bundled:NAME`` wherever a bank is named."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from schemas.errors import UsageError
from schemas.names import did_you_mean

PREFIX = "bundled:"

BUNDLED: Mapping[str, str] = MappingProxyType(
    {
        "speeches": "122 speeches of US presidents; what is read where nobody names a bank",
        "books": "357 chapters of nine novels, four of which are in no split but --ood strangers",
    }
)
"""Name -> what it is."""

DEFAULT = "speeches"


@dataclass(frozen=True)
class Bundled:
    """One of :data:`BUNDLED` by its name."""

    name: str

    def __str__(self) -> str:
        """It as :func:`parse_bundled` reads it."""
        return PREFIX + self.name


def parse_bundled(text: str) -> Bundled | None:
    """What ``bundled:NAME`` names; None where the text is no such word, and so a path.

    Raises:
        UsageError: nothing of that name is bundled.

    Example:
        >>> parse_bundled("bundled:books"), parse_bundled("bank.npz")
        (Bundled(name='books'), None)
    """
    if not text.startswith(PREFIX):
        return None
    name = text.removeprefix(PREFIX)
    if name not in BUNDLED:
        hint = did_you_mean(name, BUNDLED) or f"there are {' and '.join(BUNDLED)}"
        raise UsageError(f"no bundled data is called {name!r}; {hint}")
    return Bundled(name)
