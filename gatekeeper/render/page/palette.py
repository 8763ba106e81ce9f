"""Roles of colours. Plots are drawn in stand-ins, and the page's style sheet decides what each looks like.

The palette of the controls follows Okabe and Ito, which colour-blind people can tell apart; every series
also has a marker or a dash pattern of its own. Splits have one colour and differ in form: the first is
filled, the second hollow, and further ones take turns with other markers and dash patterns.
"""

from dataclasses import dataclass

ROLES = (
    "ink",
    "muted",
    "grid",
    "paper",
    "accent",
    "oracle",
    "copy-last",
    "mean-context",
    "constant",
    "random",
    "ridge",
    "ridge-centred",
    "copy-last-centred",
    "copy-mix",
    "logit",
)
"""Each is a variable ``--NAME`` of the style sheet."""

STAND_INS = {f"#0102{number:02x}": role for number, role in enumerate(ROLES, start=1)}
"""Colour in the drawing -> role. Colours nobody would choose."""

_OF = {role: colour for colour, role in STAND_INS.items()}

INK, MUTED, GRID, PAPER, ACCENT = (_OF[role] for role in ROLES[:5])


@dataclass(frozen=True)
class Series:
    """How a predictor is drawn."""

    label: str
    colour: str
    marker: str
    dash: str


MODEL = Series("model", ACCENT, "o", "-")

CONTROLS: dict[str, Series] = {
    "oracle": Series("oracle", _OF["oracle"], "*", "--"),
    "copy_last": Series("copy_last", _OF["copy-last"], "s", "-."),
    "mean_context": Series("mean_context", _OF["mean-context"], "^", ":"),
    "constant": Series("constant", _OF["constant"], "D", "--"),
    "random": Series("random", _OF["random"], "x", ":"),
    "ridge": Series("ridge", _OF["ridge"], "v", "-."),
    "ridge_centred": Series("ridge_centred", _OF["ridge-centred"], "<", ":"),
    "copy_last_centred": Series("copy_last_centred", _OF["copy-last-centred"], ">", ":"),
    "copy_mix": Series("copy_mix", _OF["copy-mix"], "P", "--"),
    "logit": Series("logit", _OF["logit"], "h", "-."),
}


@dataclass(frozen=True)
class SplitLook:
    """How a split is drawn.

    Attributes:
        marker: of its points. dash: of its curves.
        edge: dash pattern around its bars. filled: points and bars, or else hollow ones.
    """

    marker: str
    dash: str
    edge: str
    filled: bool


_SPLIT_LOOKS = (
    SplitLook("o", "-", "-", filled=True),
    SplitLook("s", "--", "-", filled=False),
    SplitLook("^", ":", "--", filled=True),
    SplitLook("D", "-.", "--", filled=False),
    SplitLook("v", "-", ":", filled=True),
    SplitLook("P", "--", ":", filled=False),
    SplitLook("p", ":", "-.", filled=True),
    SplitLook("h", "-.", "-.", filled=False),
)


def split_look(number: int) -> SplitLook:
    """Of the split with this number, from 0; from the ninth on they repeat."""
    return _SPLIT_LOOKS[number % len(_SPLIT_LOOKS)]
