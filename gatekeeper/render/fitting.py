"""Text that fits a line of a terminal: measured in columns, cut in the middle, wrapped between words."""

import itertools
import unicodedata

WIDTH = 80
"""Columns that every terminal has."""

ELLIPSIS = "..."
_JOINED = ("Mn", "Me", "Cf")  # what stands over another character or is not seen at all


def columns(text: str) -> int:
    """How many columns a terminal gives to a line: two to a wide character, none to a combining mark.

    Example:
        >>> columns("abc"), columns("模型")
        (3, 4)
    """
    return sum(map(_columns, text))


def fit(text: str, most: int) -> str:
    """The text where it has room, else its beginning and its end, which tell most names apart.

    Example:
        >>> fit("transformer_of_tuesday.pt", 16)
        'transfo...day.pt'
    """
    if columns(text) <= most:
        return text
    room = max(most - len(ELLIPSIS), 0)
    return f"{_first(text, room - room // 2)}{ELLIPSIS[:most]}{_first(text[::-1], room // 2)[::-1]}"


def pad(text: str, width: int, *, right: bool = False) -> str:
    """The text, cut or filled with blanks to exactly ``width`` columns."""
    shown = fit(text, width)
    blanks = " " * (width - columns(shown))
    return blanks + shown if right else shown + blanks


def paragraph(label: str, text: str, *, most: int, indent: int = 8) -> list[str]:
    """Lines of whole words under a label, at most so many; what does not fit ends in an ellipsis.

    Args:
        label: stands before the first line.
        text: on one line.
        most: lines, at least 1.
        indent: columns that the label takes.
    """
    room = WIDTH - indent
    words = [fit(word, room) for word in text.split()]
    lines = _wrapped(words, room)
    if len(lines) > most:
        rest = " ".join(lines[most - 1 :])
        lines = [*lines[: most - 1], _first(rest, room - len(ELLIPSIS)).rstrip() + ELLIPSIS]
    heads = itertools.chain([pad(label, indent)], itertools.repeat(" " * indent))
    return [head + line for head, line in zip(heads, lines, strict=False)]


def _wrapped(words: list[str], room: int) -> list[str]:
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word}".lstrip()
        if columns(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _first(text: str, room: int) -> str:
    taken = itertools.accumulate(map(_columns, text))
    return text[: sum(1 for each in taken if each <= room)]


def _columns(character: str) -> int:
    if unicodedata.category(character) in _JOINED:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
