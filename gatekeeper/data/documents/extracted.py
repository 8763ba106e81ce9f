"""What is taken out of a document."""

from dataclasses import dataclass


class UnreadableError(Exception):
    """A document that has no text to give; the message says why, as "it is encrypted"."""


@dataclass(frozen=True)
class Extracted:
    """The text of a document.

    Attributes:
        text: all of it, in reading order. The places of chunks count its characters.
        title: what the document calls itself; None where it does not.
    """

    text: str
    title: str | None = None
