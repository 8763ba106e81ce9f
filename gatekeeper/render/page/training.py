"""A training run as pictures: what the gates said after each epoch, and what the loss did."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from gatekeeper.evaluation.extras import Absent, Training
from gatekeeper.render.page.figures import WIDTH, Plot, Table
from gatekeeper.render.page.palette import ACCENT, INK, MUTED
from gatekeeper.render.page.strokes import legend, line_style, required
from gatekeeper.render.page.svg import Drawing, drawing, to_svg
from gatekeeper.render.rows import number
from schemas.records.history import LAMBDA_RANGE, Epoch, History, SplitGates, Warned
from schemas.verdict.training_criteria import mean_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HEIGHT = 260.0
_TICKS = 12
"""At most so many epochs are named on an axis."""

_GATED: Mapping[str, tuple[str, Callable[[SplitGates], float | None]]] = {
    "margin": ("margin", lambda gates: gates.margin),
    "recall": ("article R@5", lambda gates: gates.recall),
    "bits": ("bits known", lambda gates: gates.bits),
    "cosine": ("mean cosine to the target", lambda gates: gates.cos),
}
_LOGGED = {"lambda_eff": "λ_eff", "gap": "gap"}


def training_plots(training: Training) -> Plot:
    """Margin, R@5, bits and cosine of the Mini-5CAT, λ_eff and gap of the steps, epoch by epoch."""
    history = training.history
    stages = () if isinstance(training.ramp, Absent) else training.ramp
    drawings = (
        *(_gated(training, key) for key in _GATED if _measured(history, key)),
        *(_logged(training, key) for key in _LOGGED if any(epoch.steps for epoch in history.epochs)),
    )
    marks = [f"epoch {stage.epoch}: margin {stage.margin:g}, share {stage.share:g}" for stage in stages]
    lead = (
        f"{history.trainer} on {history.architecture}. λ_eff is the weight of the push, the gap is the "
        f"cosine to the target minus that to {history.negative}. "
        f"{_kept(history)} {_ended(history)}"
        + (f" Dotted lines are the stages of the ramp ({'; '.join(marks)})." if marks else "")
    )
    absent = (training.ramp.sentence,) if isinstance(training.ramp, Absent) else ()
    return Plot(
        key="training",
        heading="Training: what the gates said after each epoch",
        lead=lead,
        drawings=drawings,
        table=_table(history),
        absent=(*absent, *_never(history), *_watched(history)),
    )


def collapses(history: History) -> tuple[Warned, ...]:
    """The warnings that called the run collapsed."""
    return tuple(warned for warned in history.warnings if warned.collapse)


def _kept(history: History) -> str:
    return "No weights were kept." if history.best_epoch is None else f"Kept: epoch {history.best_epoch}."


def _ended(history: History) -> str:
    return f"It ended: {history.ended}." if history.ended else "It has not ended."


def _never(history: History) -> tuple[str, ...]:
    return () if any(epoch.mini for epoch in history.epochs) else ("No gates were run between the epochs.",)


def _watched(history: History) -> tuple[str, ...]:
    """What the collapse watch said: every collapse in full, other warnings counted."""
    found = collapses(history)
    told = [f"Collapse in epoch {each.epoch}: {each.sentence}" for each in found]
    others = Counter(warned.name for warned in history.warnings if not warned.collapse)
    if others:
        named = ", ".join(f"{name} ({count})" for name, count in others.items())
        told.append(f"The collapse watch warned of {named}.")
    return tuple(told)


def _measured(history: History, key: str) -> bool:
    return any(
        _GATED[key][1](gates) is not None
        for epoch in history.epochs
        if epoch.mini
        for gates in epoch.mini.splits.values()
    )


def _gated(training: Training, key: str) -> Drawing:
    label, read = _GATED[key]
    curves: dict[str, dict[int, float]] = {}
    for epoch in training.history.epochs:
        for name, gates in epoch.mini.splits.items() if epoch.mini else ():
            value = read(gates)
            curves.setdefault(name, {})[epoch.epoch] = math.nan if value is None else value
    with drawing(WIDTH, _HEIGHT) as (figure, axes):
        for place, (name, curve) in enumerate(curves.items()):
            axes.plot(list(curve), list(curve.values()), **line_style(place), label=name)
        if key == "margin":
            axes.axhline(0, color=MUTED, linewidth=1)
        _marks(axes, training)
        axes.set_ylabel(label)
        legend(figure, axes)
        told = (f"{name}: {', '.join(map(_figure, curve.values()))}" for name, curve in curves.items())
        return to_svg(
            figure,
            name=f"training-{key}",
            title=f"Training: {label} by epoch",
            description=f"{'; '.join(told)}.{_said(training.history)}",
        )


def _logged(training: Training, key: str) -> Drawing:
    curve = {epoch.epoch: mean_figure(epoch, key) for epoch in training.history.epochs if epoch.steps}
    with drawing(WIDTH, _HEIGHT) as (figure, axes):
        axes.plot(list(curve), list(curve.values()), **line_style(0), label="epoch mean")
        for bound in LAMBDA_RANGE if key == "lambda_eff" and any(curve.values()) else ():
            required(axes, bound, label="wanted range")
        _marks(axes, training)
        axes.set_ylabel(_LOGGED[key])
        legend(figure, axes)
        told = ", ".join(_digits(each, key) for each in curve.values())
        return to_svg(
            figure,
            name=f"training-{key.replace('_', '-')}",
            title=f"Training: {_LOGGED[key]} by epoch",
            description=f"Means of the epochs: {told}.{_said(training.history)}",
        )


def _marks(axes: "Axes", training: Training) -> None:
    """The stages of the ramp, the kept epoch and the first collapse."""
    history = training.history
    last = max(epoch.epoch for epoch in history.epochs)
    axes.set_xlim(0.6, last + 0.4)
    axes.set_xticks(range(1, last + 1, -(-last // _TICKS)))
    axes.set_xlabel("epoch")
    stages = () if isinstance(training.ramp, Absent) else training.ramp
    for stage in stages:
        if stage.epoch <= last:
            axes.axvline(stage.epoch - 0.4, color=MUTED, linewidth=1.2, linestyle=":")
            top = stage.epoch - 0.4, 1.0
            axes.annotate(
                f"margin {stage.margin:g}",
                top,
                xycoords=("data", "axes fraction"),
                xytext=(3, 2),
                textcoords="offset points",
                fontsize=10,
            )
    if history.best_epoch is not None:
        left, right = history.best_epoch - 0.15, history.best_epoch + 0.15
        axes.axvspan(left, right, color=ACCENT, alpha=0.2, linewidth=0, label="kept")
    for warned in collapses(history)[:1]:
        axes.axvline(warned.epoch, color=INK, linewidth=2.2, label="collapse")


def _said(history: History) -> str:
    found = collapses(history)
    return f" Collapse in epoch {found[0].epoch}." if found else ""


def _table(history: History) -> Table:
    heads = ("epoch", "split", "margin", "article R@5", "bits", "cosine", "λ_eff", "gap", "gates passed", "")
    rows = [row for epoch in history.epochs for row in _rows(epoch)]
    return Table("The epochs of the training", heads, tuple(rows))


def _rows(epoch: Epoch) -> list[tuple[str, ...]]:
    logged = tuple(_digits(mean_figure(epoch, key), key) if epoch.steps else "-" for key in _LOGGED)
    if epoch.mini is None:
        return [(str(epoch.epoch), "-", *("-" for _ in _GATED), *logged, "not measured", "")]
    passed = ", ".join(name for name, status in epoch.mini.gates.items() if status == "pass") or "none"
    marks = ", ".join(
        mark for mark, holds in (("kept", epoch.mini.kept), ("escaped", epoch.mini.escaped)) if holds
    )
    return [
        (
            str(epoch.epoch),
            name,
            *(number(read(gates)) for _, read in _GATED.values()),
            *logged,
            passed,
            marks,
        )
        for name, gates in epoch.mini.splits.items()
    ]


def _figure(value: float) -> str:
    return "undefined" if math.isnan(value) else number(value)


def _digits(value: float, key: str) -> str:
    return f"{value:.5f}" if key == "lambda_eff" else number(value)
