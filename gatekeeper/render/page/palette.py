"""Roles of colours. Plots are drawn in stand-ins, and the page's style sheet decides what each looks like.

The palette of the controls follows Okabe and Ito, which colour-blind people can tell apart; every series
also has a marker or a dash pattern of its own. Val is filled, ood is hollow.
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
}
