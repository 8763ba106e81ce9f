"""Markdown and reStructuredText to text, each by way of the page that its own parser makes of it.

Blocks of code are left out, as on pages: sentence encoders are trained on prose. Code within a sentence
stays.
"""

import re
from typing import Any

from gatekeeper.config.extras import from_extra
from gatekeeper.data.documents.extracted import Extracted, UnreadableError
from gatekeeper.data.documents.pages import page_text

_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[^\S\n]*\n(?:.*\n){0,500}?(?:\1|\.\.\.)[^\S\n]*(?:\n|\Z)")
_ROLE = re.compile(r":([A-Za-z][\w.+:-]{0,60}):`")
_DIRECTIVE = re.compile(r"^[^\S\n]*\.\.[^\S\n]+([A-Za-z][\w.+:-]{0,60})::", re.M)
_TARGET = re.compile(r"(?<=.)\s*<[^<>]*>\Z", re.S)  # of a role with a text of its own

_SPHINX = """
autoclass autofunction automodule autosummary digraph doctest graphviz highlight index literalinclude mermaid
plantuml productionlist testcleanup testcode testoutput testsetup toctree
"""
_NO_PROSE = frozenset(_SPHINX.split())
"""Directives of Sphinx whose content is no text to read."""


def markdown_text(source: str) -> Extracted:
    r"""The text of a Markdown file (CommonMark with tables); metadata at its head are left out.

    Raises:
        UsageError: markdown-it-py is not installed.

    Example:
        >>> markdown_text("# Title\n\nSome *text*, `code`.\n\n```\nx = 1\n```\n- [one](a.md)\n- two")
        Extracted(text='Title\n\nSome text, code.\n\none\n\ntwo', title='Title')
    """
    with from_extra("markdown_it", "documents"):
        from markdown_it import MarkdownIt
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return page_text(parser.render(_FRONT_MATTER.sub("", source)))


def rst_text(source: str) -> Extracted:
    r"""The text of a reStructuredText file.

    Nothing that it names is opened. Of roles and directives that only Sphinx knows the content is read.

    Raises:
        UnreadableError: docutils fails on it.
        UsageError: docutils is not installed.

    Example:
        >>> rst_text("Title\n=====\n\nSee :ref:`that <there>`.\n\n.. versionadded:: 3\n   New.\n").text
        'Title\n\nSee that.\n\nNew.'
    """
    with from_extra("docutils", "documents"):
        from docutils.core import publish_parts
        from docutils.utils import SystemMessage
    _register_others(source)
    settings = {
        "_disable_config": True,
        "embed_stylesheet": False,
        "file_insertion_enabled": False,
        "halt_level": 5,
        "line_length_limit": 10**9,
        "math_output": "LaTeX",
        "raw_enabled": False,
        "report_level": 5,
        "stylesheet_path": "",
        "syntax_highlight": "none",
    }
    try:
        parts = publish_parts(source, writer="html5", settings_overrides=settings)
    except (SystemMessage, RecursionError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise UnreadableError(f"docutils cannot parse it ({type(error).__name__})") from None
    return page_text(parts["html_body"])


def _register_others(source: str) -> None:
    """Make docutils read through the roles and directives of a text that it does not know."""
    from docutils import nodes, utils
    from docutils.parsers.rst import Directive, directives, roles
    from docutils.parsers.rst.languages import en
    from docutils.statemachine import StringList

    class Transparent(Directive):  # type: ignore[misc]  # of an untyped package
        """Its content, without what stands in its first line, and without its options."""

        has_content, optional_arguments, final_argument_whitespace = True, 1, True

        def run(self) -> list[Any]:
            if self.name.lower().rpartition(":")[2] in _NO_PROSE:
                return []
            head = "".join(self.arguments).splitlines()[1:]
            lines = [line for line in head if not line.lstrip().startswith(":")]
            holder = nodes.container()
            self.state.nested_parse(StringList([*lines, "", *self.content]), self.content_offset, holder)
            return list(holder.children)

    def shown(role: str, raw: str, text: str, *rest: object) -> tuple[list[Any], list[Any]]:
        return [nodes.inline(raw, _TARGET.sub("", utils.unescape(text)).lstrip("~!"))], []

    document = utils.new_document("")
    for name in {each.lower() for each in _ROLE.findall(source)}:
        if roles.role(name, en, 0, document.reporter)[0] is None:
            roles.register_local_role(name, shown)
    for name in {each.lower() for each in _DIRECTIVE.findall(source)}:
        if directives.directive(name, en, document)[0] is None:
            directives.register_directive(name, Transparent)
