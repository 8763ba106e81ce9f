"""Our docstrings as Markdown: roles become links, examples become code."""

import html
import re
from typing import Any

from griffe import AliasResolutionError, Extension, NameResolutionError, Object

_ROLE = re.compile(r":(?:class|func|meth|data|mod|attr|exc):`(~?)([^`]+)`")
_LITERAL = re.compile(r"^ *::\n", re.MULTILINE)
_EXAMPLE = re.compile(r"^Example:$", re.MULTILINE)


class Roles(Extension):
    """Rewrites ``:class:`X```, the mark ``::`` before an indented block, and ``Example:``."""

    def on_object(self, *, obj: Object, **_: Any) -> None:  # noqa: ANN401  (griffe's own signature)
        """Rewrite one docstring; griffe calls it for everything it loads."""
        if obj.docstring is not None:
            text = _EXAMPLE.sub("Examples:", _LITERAL.sub("", obj.docstring.value))
            obj.docstring.value = _ROLE.sub(lambda found: _link(obj, *found.groups()), text)


def _link(obj: Object, short: str, name: str) -> str:
    shown = html.escape(name.rpartition(".")[2] if short else name)
    # Optional: private things have a role in a docstring, but no place on a page.
    return f'<autoref optional identifier="{html.escape(_target(obj, name))}"><code>{shown}</code></autoref>'


def _target(obj: Object, name: str) -> str:
    first, dot, rest = name.partition(".")
    try:
        return f"{obj.resolve(first)}{dot}{rest}"
    except (NameResolutionError, AliasResolutionError):
        return name
