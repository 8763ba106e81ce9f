"""HTML to text: a paragraph for each block, blank lines between them.

What no reader reads as text is left out: scripts, styles, navigation (``nav``), footers, controls, pictures,
formulas in markup, and blocks of code (``pre``), unless nothing else is there. Where a page says what its
main part is (``main``, ``role=main``, or the only ``article``), that is read alone. Headers and the like that
no element tells apart are found where they repeat over pages (:mod:`gatekeeper.data.documents.boilerplate`).
"""

from collections.abc import Iterator
from typing import Any

from gatekeeper.config.extras import from_extra
from gatekeeper.data.documents.extracted import Extracted

_SILENT = """
audio button canvas datalist embed footer head iframe map math nav noscript object script select style svg
template textarea video
"""
_BORDERED = """
address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption
figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre section summary
table tbody tfoot thead tr ul
"""
_LEFT_OUT, _BLOCKS = frozenset(_SILENT.split()), frozenset(_BORDERED.split())
_CODE = frozenset({"pre"})
_CELLS = frozenset({"td", "th"})
_SPACES = frozenset({"br", "p", *_CELLS})
_PERMALINKS = frozenset("#§¶")
_MAIN = ("//main", "//*[@role='main']", "//article")


def page_text(page: str) -> Extracted:
    r"""The text of a page, and its title: that of its head, else its first heading.

    Raises:
        UsageError: lxml is not installed.

    Example:
        >>> page_text("<title>A</title><nav>Home</nav><p>One <b>paragraph</b>.<ul><li>two</ul>")
        Extracted(text='One paragraph.\n\ntwo', title='A')
    """
    with from_extra("lxml", "documents"):
        from lxml import etree
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(page.encode(), parser)
    except etree.LxmlError:
        root = None
    if root is None:
        return Extracted("")
    main = _main(root)
    blocks = list(_blocks(main, _LEFT_OUT | _CODE)) or list(_blocks(main, _LEFT_OUT))
    return Extracted("\n\n".join(blocks), _title(root))


def _main(root: Any) -> Any:  # noqa: ANN401  (an element)
    for path in _MAIN:
        found = root.xpath(path)
        if len(found) == 1:
            return found[0]
    return root


def _title(root: Any) -> str | None:  # noqa: ANN401
    for path in ("//head/title", "//title[not(ancestor::svg)]", "//h1"):
        for found in root.xpath(path)[:1]:
            title = " ".join("".join(found.itertext()).split())
            if title:
                return title
    return None


def _blocks(root: Any, left_out: frozenset[str]) -> Iterator[str]:  # noqa: ANN401
    """Texts between the borders of blocks and between empty lines, white space collapsed."""
    from lxml.etree import iterwalk

    parts: list[str] = []
    broken = False  # whether a line has just ended
    walk = iterwalk(root, events=("start", "end"))
    for event, element in walk:
        name = element.tag
        if _is_block(element) or (name == "br" and event == "end" and broken):
            yield from _joined(parts)
        elif event == "end" and name in _SPACES:
            parts.append(" ")
            broken = broken or name == "br"
        if event == "end":
            found = None if element is root else element.tail
        elif name in left_out or element.get("hidden") is not None or _is_permalink(element):
            walk.skip_subtree()
            found = None
        else:
            found = element.text
        if found:
            parts.append(found)
            broken = broken and not found.strip()
    yield from _joined(parts)


def _is_block(element: Any) -> bool:  # noqa: ANN401
    """Whether text before it and text in it are two paragraphs; those of a row of a table are one."""
    parent = element.getparent()
    return element.tag in _BLOCKS and not (element.tag == "p" and parent is not None and parent.tag in _CELLS)


def _is_permalink(element: Any) -> bool:  # noqa: ANN401
    return element.tag == "a" and not len(element) and (element.text or "").strip() in _PERMALINKS


def _joined(parts: list[str]) -> Iterator[str]:
    text = " ".join("".join(parts).split())
    parts.clear()
    if text:
        yield text
