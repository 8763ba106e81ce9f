r"""Text from elsewhere in what we show: names of plug-ins, models and files, titles, what a library says.

It may hold what a terminal acts on (``\x1b[2J``), what turns a line around (U+202E), and what a CI system
that reads our output takes for a command: GitHub ``::set-output ...`` at the beginning of a line and
``##[...]`` anywhere, Azure ``##vso[...]``, TeamCity ``##teamcity[...]``; GitLab's sections need a control
character. A text that becomes part of a line passes :func:`printable`, and everything passes
:func:`harmless`, :func:`harmless_json` or :func:`harmless_xml` on its way out.
"""

import re
from collections.abc import Callable

from schemas.reasons import without_advice

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no line of a report holds: control characters, and halves of pairs, which are no text."""

_JOINERS = "\u200c\u200d"  # emoji and several scripts are made with them
_BREAK = "\u200b"  # keeps a name in markdown from being a mention; printable() lets none of others pass
_STYLES = re.compile("(\x1b\\[(?:0|31|32|33)m)")
"""The colours of ours. Those of others get no further than printable()."""

_CREDENTIALS = re.compile(r"(?<=//)[^/\s@]*@")

_SHOWN = 200  # characters of what a library says

_ODD = re.compile(r"[^\n -~]")
"""A character that has to be looked at."""

_COMMANDS = re.compile(r"(#)(#)(?=\w*\[)|(?m:^)(\s*)(:)(?=:)|()(:)(?=:[\w-]+(?: [^:\n]*)?::)")
"""The character that a command needs, and what stands before it. A colon may belong to two commands, so the
one that follows it is only looked at."""


def printable(text: str) -> str:
    r"""The text on one line, with everything a terminal would act on, or not show, as U+FFFD.

    A byte of a file name that is no text is shown as its escape. What a CI system would take for a command
    gets a space.

    Example:
        >>> printable("two\nwords \x1b[31m"), printable("::add-mask::x ##[error]")
        ('two words �[31m', ': :add-mask::x ## [error]')
    """
    line = " ".join(text.split())
    return _commanding_nothing(_ODD.sub(_shown, line), _apart)


def one_line(error: Exception) -> str:
    r"""What a library says went wrong, without credentials in it.

    Example:
        >>> one_line(OSError("no answer from https://me:secret@example.org\nat all"))
        'no answer from https://example.org at all'
    """
    text = printable(without_advice(str(error))) or type(error).__name__
    return _CREDENTIALS.sub("", text)[:_SHOWN]


def harmless(text: str) -> str:
    r"""Lines of ours, spaces and colours as they are, all else as in :func:`printable`.

    Example:
        >>> harmless("a  b\n  ::set-output name=x::y\rz")
        'a  b\n  : :set-output name=x::y�z'
    """
    parts = _STYLES.split(text)
    parts[::2] = [_ODD.sub(_line_shown, part) for part in parts[::2]]
    return _commanding_nothing("".join(parts), _apart)


def harmless_json(text: str) -> str:
    r"""JSON with escapes for what a terminal or a CI system would act on; its value stays the same.

    Example:
        >>> harmless_json('["##[error]\u202e"]')
        '["#\\u0023[error]\\u202e"]'
    """
    shown = _ODD.sub(lambda found: found[0] if _harmless(found[0]) else _escaped(found[0]), text)
    return _commanding_nothing(shown, lambda before, mark: before + _escaped(mark))


def harmless_xml(text: str) -> str:
    """XML with references for what a terminal or a CI system would act on; its value stays the same."""
    # What is left as it is of line ends, is text, and a parser reads it so.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    shown = _ODD.sub(lambda found: found[0] if _harmless(found[0]) else f"&#{ord(found[0])};", text)
    return _commanding_nothing(shown, lambda before, mark: f"{before}&#{ord(mark)};")


def _commanding_nothing(text: str, change: Callable[[str, str], str]) -> str:
    """The text with what makes a command, wherever it does, as ``change`` writes it."""

    def changed(found: re.Match[str]) -> str:
        before, mark = (each for each in found.groups() if each is not None)
        return change(before, mark)

    return _COMMANDS.sub(changed, text)


def _apart(before: str, mark: str) -> str:
    return f"{before}{mark} "


def _harmless(character: str) -> bool:
    return character.isprintable() or character in _JOINERS


def _shown(found: re.Match[str]) -> str:
    character = found[0]
    if "\ud800" <= character <= "\udfff":
        return _escaped(character)
    return character if _harmless(character) else "\ufffd"


def _line_shown(found: re.Match[str]) -> str:
    return _BREAK if found[0] == _BREAK else _shown(found)


def _escaped(character: str) -> str:
    """A character as JSON writes it where only ASCII may stand."""
    data = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{data[at : at + 2].hex()}" for at in range(0, len(data), 2))
