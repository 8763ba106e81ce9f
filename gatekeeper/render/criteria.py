"""The success criteria of a training run as a table."""

from tabulate import tabulate

from schemas.records.history import History
from schemas.verdict.training_criteria import success_criteria

_ANSWERS = {True: "yes", False: "no", None: "-"}


def render_criteria(history: History) -> str:
    """One row a criterion: what was asked, whether it was met, what was found."""
    rows = [
        [criterion.name, _ANSWERS[criterion.met], criterion.figure] for criterion in success_criteria(history)
    ]
    headers = ["success criterion", "met", "found"]
    return tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True)
