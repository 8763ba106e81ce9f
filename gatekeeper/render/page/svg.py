"""Matplotlib figures as SVG that belongs into a page.

Text stays text in the page's own font, colours become variables of the style sheet, ids are unique on
the page, and no style attribute is left, so that the page's content security policy can forbid them.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from gatekeeper.render.page.palette import GRID, INK, MUTED, STAND_INS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_LONG = re.compile(r"-?\d+\.\d{3,}")
_ID = re.compile(r"(?<=^#).+$|(?<=url\(#)[^)]+")
_COORDINATES = {"d", "x", "y", "transform", "points", "width", "height"}
_LOOK: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "gatekeeper",
    "text.parse_math": False,
    "font.size": 12.0,
    "axes.labelsize": 12.0,
    "axes.titlesize": 12.0,
    "axes.unicode_minus": True,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "figure.facecolor": "none",
    "figure.dpi": 72.0,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 11.0,
    "legend.handlelength": 2.6,
    "legend.columnspacing": 1.2,
    "legend.labelspacing": 0.3,
    "lines.markeredgecolor": "auto",
    "errorbar.capsize": 3.0,
}


@dataclass(frozen=True)
class Drawing:
    """A plot as text of an ``<svg>`` element, with what it is called and what it shows."""

    title: str
    description: str
    markup: str


@contextmanager
def drawing(width: float, height: float) -> "Iterator[tuple[Figure, Axes]]":
    """A figure of so many units and its axes, whatever the user's own matplotlib settings are."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_LOOK)
        figure = Figure(figsize=(width / 72, height / 72), layout="constrained")
        yield figure, figure.subplots()


def to_svg(figure: "Figure", *, name: str, title: str, description: str) -> Drawing:
    """Write a figure; call it within :func:`drawing`.

    Args:
        figure: the plot.
        name: of letters, digits and hyphens, unique on the page.
        title: what it is called.
        description: what it shows, for whoever cannot see it.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    root = ElementTree.fromstring(buffer.getvalue())
    _prune(root)
    _rename_ids(root, name)
    for element in root.iter():
        _restyle(element)
        element.tag = element.tag.removeprefix(_SVG)
        element.text, element.tail = (element.text or "").strip() or None, None
    box = root.get("viewBox", "")
    root.attrib.clear()
    root.attrib |= {
        "viewBox": box,
        "role": "img",
        "aria-label": title,
        "aria-describedby": f"{name}-description",
    }
    labels = ElementTree.Element("title"), ElementTree.Element("desc", id=f"{name}-description")
    for element, text in zip(labels, (title, description), strict=True):
        element.text = text
    root[:0] = labels
    return Drawing(title, description, ElementTree.tostring(root, encoding="unicode"))


def _prune(element: ElementTree.Element) -> None:
    """Take out metadata, style sheets and groups that hold nothing."""
    for child in list(element):
        _prune(child)
        empty = child.tag in (f"{_SVG}g", f"{_SVG}defs") and not len(child)
        if empty or child.tag in (f"{_SVG}metadata", f"{_SVG}style"):
            element.remove(child)


def _rename_ids(root: ElementTree.Element, name: str) -> None:
    """Keep only ids that something refers to, with the plot's name in front."""
    used = {
        found for element in root.iter() for value in element.attrib.values() for found in _ID.findall(value)
    }
    numbers = {found: f"{name}-{number}" for number, found in enumerate(sorted(used), start=1)}
    for element in root.iter():
        given = element.attrib.pop("id", None)
        for key, value in element.attrib.items():
            element.set(key, _ID.sub(lambda match: numbers[match[0]], value))
        if given in numbers:
            element.set("id", numbers[given])
        if _HREF in element.attrib:
            element.set("href", element.attrib.pop(_HREF))


def _restyle(element: ElementTree.Element) -> None:
    """Style declarations as attributes, colours as variables, coordinates with two decimals."""
    for declaration in filter(None, element.attrib.pop("style", "").split(";")):
        key, _, value = (part.strip() for part in declaration.partition(":"))
        if key != "font-family":
            element.set(key, value)
    for key, value in element.attrib.items():
        if value in STAND_INS:
            element.set(key, f"var(--{STAND_INS[value]})")
        elif key in _COORDINATES:
            text = " ".join(_LONG.sub(lambda match: f"{float(match[0]):.2f}", value).split())
            element.set(key, text)
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
