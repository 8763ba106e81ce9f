"""Several models on the same data, best first, each under the shortest name that tells it apart."""

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath

from gatekeeper.render.fitting import WIDTH, columns, pad
from gatekeeper.render.grid import grid
from gatekeeper.render.markdown import escape
from gatekeeper.render.rows import number
from gatekeeper.render.table import OUTCOMES, decided_by
from schemas.records.metrics import BITS_KNOWN, GATES, RECALL_UNSEEN
from schemas.records.report import Report
from schemas.records.splits import OOD
from schemas.text import printable
from schemas.verdict.escape import value_of
from schemas.verdict.wording import share

Entry = tuple[str, Report]
"""How a model was named on the command line, and its report."""

MARGIN = "offset_sweep.margin"
CAPTION = "on ood, best first; finds: of unseen targets, among five; bits: known"
_ORDER = ("deployable", "blocked", "error")
_HEADS = ("model", "verdict", "gates", "margin", "finds", "bits", "what it does")
_TAKEN = (10, 5, 6, 5, 5, 17)  # by all but the name
_GAP = 2


def render_leaderboard(entries: Sequence[Entry], *, markdown: bool = False) -> str:
    """Verdict, gates passed, margin, R@5 among unseen rows and bits known on ood, and the diagnosis.

    Args:
        entries: at least one.
        markdown: for a pull request; otherwise no line is longer than 80 columns.
    """
    names = shortest_names([name for name, _ in entries])
    rows = [_row(names[name], report) for name, report in sorted(entries, key=lambda entry: _rank(entry[1]))]
    if markdown:
        decided = dict.fromkeys(escape(decided_by(report)) for _, report in entries)
        cells = [[escape(cell) for cell in row] for row in rows]
        return "\n\n".join([*decided, CAPTION, grid(cells, _HEADS, "github")])
    room = WIDTH - sum(_TAKEN) - _GAP * len(_TAKEN)
    widths = (min(max(columns(row[0]) for row in [_HEADS, *rows]), room), *_TAKEN)
    return "\n".join([CAPTION, *(_line(row, widths) for row in [_HEADS, *rows])])


def shortest_names(names: Sequence[str]) -> dict[str, str]:
    """Each name cut from the left to what tells it apart from the others.

    Example:
        >>> shortest_names(["runs/a/best.pt", "runs/b/best.pt", "old/last.pt"])
        {'runs/a/best.pt': 'a/best.pt', 'runs/b/best.pt': 'b/best.pt', 'old/last.pt': 'last.pt'}
    """
    parts = {name: PurePath(name).parts or (name,) for name in dict.fromkeys(names)}
    ends = Counter(each[-length:] for each in parts.values() for length in range(1, len(each) + 1))
    return {
        name: str(PurePath(*next((each[-n:] for n in range(1, len(each)) if ends[each[-n:]] == 1), each)))
        for name, each in parts.items()
    }


def _rank(report: Report) -> tuple[int, int, float]:
    verdict = report.judgement.verdict
    margin = value_of(report.evidence.model, OOD, MARGIN)
    return _ORDER.index(verdict.outcome), -verdict.gates_passed, -(-2.0 if margin is None else margin)


def _row(name: str, report: Report) -> tuple[str, ...]:
    judgement = report.judgement
    found, known = (value_of(report.evidence.model, OOD, name) for name in (RECALL_UNSEEN, BITS_KNOWN))
    return (
        printable(name),
        OUTCOMES[judgement.verdict.outcome],
        f"{judgement.verdict.gates_passed}/{len(GATES)}",
        number(value_of(report.evidence.model, OOD, MARGIN)),
        "-" if found is None else share(found),
        "-" if known is None else f"{known:.2f}",
        judgement.diagnosis.name.replace("_", " "),
    )


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return (" " * _GAP).join(pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
