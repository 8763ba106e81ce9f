"""The lines a run says to people. Wording of the seed where the seed has one."""

from collections.abc import Iterator

from torch import nn

from schemas.records.history import MiniGates, SplitGates
from schemas.verdict.wording import figure
from trainers.loop.batches import WindowBatches
from trainers.loop.parts import Parts
from trainers.loop.settings import GradientSettings


def plan(
    batches: WindowBatches,
    module: nn.Module,
    settings: GradientSettings,
    parts: Parts,
    *,
    chooses: str,
) -> tuple[str, str]:
    """What is trained, e.g. ``4401 windows, 12 epochs of 138 steps, transformer with ...``, and how.

    By which rule weights are kept is a long sentence, which the report has.
    """
    windows, steps = len(batches.last_rows), batches.most_steps(settings.batch_size)
    parameters = sum(parameter.numel() for parameter in module.parameters())
    by = "the gates" if parts.goal == "cosine" else "bits"
    return (
        f"{windows} windows, {settings.epochs} epochs of {steps} steps, "
        f"{settings.architecture} with {parameters:,} parameters",
        f"negative {parts.objective.negative}; kept: by {by} on {chooses}",
    )


ADVICE = (
    "    if it stays negative: check the data (is it P6 format, horizon 2?), raise --target-frac "
    "(0.25 -> 0.35) or train longer (--epochs)"
)


def mini(gates: MiniGates, *, advise: bool) -> Iterator[str]:
    """The lines of a Mini-5CAT; the seed's are those of the split that chooses, theirs alone are its symbols.

    Args:
        gates: what was measured.
        advise: whether a negative margin brings the seed's advice, which is given once a run and to
            recipes with its push.
    """
    for split, figures in gates.splits.items():
        where = "" if split == gates.selecting else f" {split}"
        margin, cos = _figure(figures.margin, "+.3f"), _figure(figures.cos, ".3f")
        recall, unseen = _figure(figures.recall, ".3f"), _figure(figures.recall_unseen, ".3f")
        seeds, known = f"Margin: {margin} | R@5: {recall}", _bits(figures.bits)
        yield f"[Mini-5CAT{where}] {seeds} | cos: {cos} | R@5 unseen: {unseen} | bits: {known}"
    kept = "; best so far, kept" if gates.kept else ""
    yield f"[Mini-5CAT] gates passed: {' '.join(gates.passed) or 'none'}{kept}"
    sign = _sign(gates)
    yield sign
    if advise and "Negative margin" in sign:
        yield ADVICE


def _sign(gates: MiniGates) -> str:
    figures = gates.splits[gates.selecting]
    if figures.margin is None:
        return "The margin is undefined on these samples"
    if gates.escaped:
        return "Escaped - no better than a constant prediction or than chance, so the margin means nothing"
    if figures.margin > 0:
        return "✅ Positive margin! Model predicts NEXT, not last context"
    return _negative(figures)


def _negative(figures: SplitGates) -> str:
    if figures.margin_last is not None and figures.margin_last < 0:
        return "⚠️  Negative margin - still copying last context"
    if figures.margin_prev is not None and figures.margin_prev < 0:
        return "Negative margin - closer to the chunk before the target than to the target"
    return "Negative margin - closer to another chunk than to the target"


def _bits(value: float | None) -> str:
    return "-" if value is None else figure(value, 2)


def _figure(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
