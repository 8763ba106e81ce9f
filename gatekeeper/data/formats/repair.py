"""Texts as they come: what no UTF-8 file can hold is replaced, what is missing is empty; both are counted."""

import dataclasses
import math
from dataclasses import dataclass

_REPLACEMENT = "\ufffd"


@dataclass
class Repairs:
    """How many texts were not as they should be.

    Attributes:
        empty: missing, empty or blank ones. surrogates: with halves of characters (lone surrogates).
        nuls: with the character NUL.
    """

    empty: int = 0
    surrogates: int = 0
    nuls: int = 0

    def text(self, value: str | None) -> str:
        r"""The text that is kept; counted where it is another one, or says nothing.

        Example:
            >>> repairs = Repairs()
            >>> repairs.text("a\ud800b\x00"), repairs.surrogates, repairs.nuls
            ('a\ufffdb\ufffd', 1, 1)
        """
        if value is None or not value.strip():
            self.empty += 1
            value = value or ""
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            self.surrogates += 1
            # Two halves that belong together become the character they are halves of.
            value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if "\0" in value:
            self.nuls += 1
            value = value.replace("\0", _REPLACEMENT)
        return value

    def told(self, source: str) -> tuple[str, ...]:
        """What a user should know, one sentence each."""
        said = {
            "empty": "are missing or empty; they are kept as empty texts",
            "surrogates": f"held halves of characters (lone surrogates), replaced by {_REPLACEMENT}",
            "nuls": f"held the character NUL, replaced by {_REPLACEMENT}",
        }
        counts = dataclasses.asdict(self)
        return tuple(
            f"{source}: {counts[kind]} text(s) {what}" for kind, what in said.items() if counts[kind]
        )


def is_missing(value: object) -> bool:
    """Whether a value stands for none: null, or the NaN of tables."""
    return value is None or (isinstance(value, float) and math.isnan(value))
