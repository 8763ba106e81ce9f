"""Text from elsewhere in markdown."""

import re

_BREAK = "\u200b"
_STARTS = tuple(re.compile(start) for start in (r"@(?=[^\W\d_])|(?<!\w)@(?=\w)", "://", r"www\."))


def escape(text: str) -> str:
    """Text from a report or a policy as plain words of markdown: no tags, links, images or mentions.

    Mentions and bare links are recognised after escapes are undone, so a zero-width space breaks them.
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for mark in "\\`*_[]|#!~":
        text = text.replace(mark, f"\\{mark}")
    for start in _STARTS:
        text = start.sub(lambda found: f"{found[0][0]}{_BREAK}{found[0][1:]}", text)
    return text
