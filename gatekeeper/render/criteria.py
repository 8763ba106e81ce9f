"""The success criteria of a training run as a table."""

from gatekeeper.render.grid import grid
from schemas.records.history import History
from schemas.verdict.training_criteria import success_criteria

_FEW = 2
_ANSWERS = {True: "yes", False: "no", None: "-"}


def render_criteria(history: History) -> str:
    """One row a criterion: what was asked, whether it was met, what was found."""
    rows = [
        [criterion.name, _ANSWERS[criterion.met], criterion.figure] for criterion in success_criteria(history)
    ]
    headers = ["success criterion", "met", "found"]
    return grid(rows, headers)


def criteria_met(history: History) -> str:
    """How many were met, and each that was not; what was found is said of up to two, so two lines suffice."""
    found = success_criteria(history)
    judged = [criterion for criterion in found if criterion.met is not None]
    missed = [criterion for criterion in judged if not criterion.met]
    met = f"{len(judged) - len(missed)} of {len(judged)}"
    if len(missed) > _FEW:
        return f"{met}; not {', '.join(criterion.name for criterion in missed)}"
    told = (f"{criterion.name} ({criterion.figure})" for criterion in missed)
    return "; not ".join([f"{met} success criteria", *told])
