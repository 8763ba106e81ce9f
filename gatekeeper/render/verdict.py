"""The verdict as a person first sees it: at most 24 lines of 80 columns, readable without colour.

What is decided comes first, then a row a gate, what the model knows beside a copy, and why. All rows are
:func:`gatekeeper.render.table.render_table`'s.
"""

from collections.abc import Sequence

from gatekeeper.render.fitting import WIDTH, columns, fit, pad, paragraph
from gatekeeper.render.gate_rows import gate_lines
from gatekeeper.render.reasons import undecided_once, warned
from gatekeeper.render.rows import result_rows
from gatekeeper.render.table import OUTCOMES, tally
from schemas.records.report import Report
from schemas.records.splits import PAIR
from schemas.text import printable
from schemas.verdict.escape import find_escape
from schemas.verdict.judge import too_few_gates
from schemas.verdict.knowledge import Known, find_known
from schemas.verdict.wording import figure

MOST_LINES, MOST_TAIL = 24, 5
_FOOTNOTE = "* a control that knows nothing passes too, so this proves nothing here"


def render_brief(report: Report, *, name: str | None = None, tail: Sequence[str] = ()) -> str:
    """The verdict, the gates, what is known and why, in at most 24 lines of 80 columns.

    Args:
        report: what was measured and decided.
        name: of the model; as the report calls it by default.
        tail: the last lines, each of at most 80 columns; at most :data:`MOST_TAIL`.
    """
    vacuous = any(gate.vacuous_for and gate.status == "pass" for gate in report.judgement.gates)
    note = [_FOOTNOTE] if vacuous else []
    body = [*_head(report, name), "", *gate_lines(report), *note, "", *_knows(report)]
    end = ["", *tail] if tail else []
    if len(body) + len(end) + len(_told(report, MOST_LINES)) > MOST_LINES:  # blank lines make room
        body, end = [line for line in body if line], list(tail)
    told = _told(report, MOST_LINES - len(body) - len(end))
    return "\n".join(fit(line, WIDTH) for line in [*body, *told, *end])


def whereabouts(report: Report, path: str | None) -> list[str]:
    """Where the report lies, and how to see all of it.

    Args:
        report: how many rows it has.
        path: of its file; None where none was written.
    """
    rows = len(result_rows(report))
    if path is None:
        return paragraph("Report", f"none written (--report FILE does); all {rows} rows: --full", most=1)
    shown = printable(path)
    command = f"all {rows} rows: gatekeeper report FILE --full; page: --html FILE"
    return [pad("Report", 8) + fit(shown, WIDTH - 8), pad("", 8) + command]


def _head(report: Report, name: str | None) -> list[str]:
    """The verdict, the model, and on which data who decided; on two lines where one has no room."""
    splits = [split for key, split in report.inputs.splits.items() if key != PAIR]
    windows, articles = (sum(getattr(split, key) for split in splits) for key in ("sampled", "articles"))
    counts = f", {windows:,} windows, {articles:,} articles"
    data = fit(printable(report.inputs.bank.source), WIDTH - columns(counts)) + counts
    policy = f"policy {printable(report.policy.name)}"
    both = f"{data}; {policy}"
    lines = [both] if columns(both) <= WIDTH else [data, fit(policy, WIDTH)]
    return [f"{OUTCOMES[report.judgement.verdict.outcome]}: {tally(report)}", _model(report, name), *lines]


def _model(report: Report, name: str | None) -> str:
    model = report.inputs.model
    kind = [] if model.architecture in model.spec else [fit(printable(model.architecture), 24)]
    if model.parameters:
        kind.append(f"{model.parameters:,} parameters")
    end = f" ({', '.join(kind)})" if kind else ""
    return fit(printable(name or model.spec), WIDTH - columns(end)) + end


def _knows(report: Report) -> list[str]:
    """A line a split: bits of the model and of the best control, and the gain."""
    known = find_known(report.evidence)
    if not known:
        return paragraph("Knows", "what it knows is undefined", most=1)
    labels = ("Knows", *("" for _ in known[1:]))
    return [line for label, each in zip(labels, known, strict=True) for line in _known(label, each)]


def _known(label: str, known: Known) -> list[str]:
    forms = (
        f"{known.split} {figure(known.bits, 2)} bits; best {word}{known.control} "
        f"{figure(known.theirs, 2)}; gain {known.gained()}"
        for word in ("control ", "")
    )
    long, short = forms
    return paragraph(label, long if columns(long) <= WIDTH - 8 else short, most=1)


def _told(report: Report, room: int) -> list[str]:
    """Why, and what the rows cannot show: a few lines each, the rest counted where there is no room.

    Args:
        report: the verdict is told.
        room: lines, at least 1.
    """
    verdict, stopped = report.judgement.verdict, _stopped_by(report)
    told = [
        ("Why", report.judgement.diagnosis.sentence, _lines_of_why(report) - len(stopped)),
        *(("-", reason, 2) for reason in stopped),
        *(("Also", reason, 2) for reason in _beside_rows(report)),
        *(("Waiver", text, 2) for text in verdict.waivers),
        *(("Warns", text, 2) for text in warned(report.judgement)),
    ]
    lines: list[str] = []
    for number, (label, text, most) in enumerate(told, start=1):
        left = room - len(lines) - (number < len(told))
        if left < 1:
            return [*lines, pad("", 8) + f"and {len(told) - number + 1} more: --full shows all"]
        lines += paragraph(label, printable(text), most=min(most, left), indent=2 if label == "-" else 8)
    return lines


def _lines_of_why(report: Report) -> int:
    """Four where nothing is decided: the sentence holds what the true targets miss, to the letter."""
    return 4 if report.judgement.diagnosis.name == "undecided" else 3


def _stopped_by(report: Report) -> list[str]:
    """The first check that stops a model of which nothing else is the matter, to the letter."""
    if report.judgement.diagnosis.name != "falls_short":
        return []
    sentences = {check.sentence for check in report.judgement.checks}
    return [reason for reason in report.judgement.verdict.reasons if reason in sentences][:1]


def _beside_rows(report: Report) -> list[str]:
    """Reasons that neither a row nor the head nor the diagnosis tells."""
    judgement, escape = report.judgement, find_escape(report.evidence)
    told = {
        *(check.sentence for check in judgement.checks),
        *escape.escaped,
        *too_few_gates(judgement.gates, report.policy),
    }
    said = judgement.diagnosis.sentence
    return undecided_once(
        reason for reason in judgement.verdict.reasons if reason not in told and reason not in said
    )
