"""The page: everything a report holds, the verdict first."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatekeeper.evaluation.extras import Absent, Extras, Training
from gatekeeper.render.gate_rows import optional_gates
from gatekeeper.render.page.ablations import ablations
from gatekeeper.render.page.bins import bins
from gatekeeper.render.page.figures import Plot, Table
from gatekeeper.render.page.knowledge import knowledge
from gatekeeper.render.page.offsets import offset_sweep, plane
from gatekeeper.render.page.provenance import provenance
from gatekeeper.render.page.retrieval import retrieval
from gatekeeper.render.page.rollout import rollout
from gatekeeper.render.page.training import training_plots
from gatekeeper.render.reasons import findings
from gatekeeper.render.rows import CONTROL_HEADS, HEADERS, letter_of, result_headers, result_rows
from gatekeeper.render.table import OUTCOMES, beside_reasons, known_lines, render_heading, tally
from schemas.records.judgement import GateResult
from schemas.records.report import Report

if TYPE_CHECKING:  # loaded where a page is made
    import jinja2

SYMBOLS = {
    "pass": "✓",
    "waived": "✓",
    "fail": "✕",
    "inconclusive": "?",
    "skipped": "–",
    "error": "!",
    "warn": "!",
    "deployable": "✓",
    "blocked": "✕",
}
"""A status is a word and a symbol; colour only repeats it."""

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_COLUMNS = ("", "metric", "split", "value", "threshold", "status", "95% interval")
"""Of the result table, in the order of the page; the controls follow."""


@dataclass(frozen=True)
class Gate:
    """A gate as it is shown."""

    letter: str
    name: str
    status: str
    note: str


def render_page(report: Report, extras: Extras) -> str:
    """One HTML document that loads nothing; the same input gives the same text."""
    return whole("report.html.j2", _content(report, extras))


def whole(template: str, content: Mapping[str, Any]) -> str:
    """A page of a template, with its styles and the digest that alone lets them in."""
    templates = environment()
    styles = templates.get_template("report.css").render()
    digest = base64.b64encode(hashlib.sha256(styles.encode()).digest()).decode()
    return templates.get_template(template).render(content, styles=styles, digest=digest)


def environment() -> "jinja2.Environment":
    """The templates, with everything escaped that stands in them."""
    import jinja2

    found = jinja2.Environment(
        loader=jinja2.PackageLoader("gatekeeper.render.page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )
    found.globals["symbols"] = SYMBOLS
    return found


def _content(report: Report, extras: Extras) -> dict[str, Any]:
    verdict = report.judgement.verdict
    plots = _plots(report, extras)
    return {
        "model": f"{extras.run}/{report.inputs.model.spec}" if extras.run else report.inputs.model.spec,
        "outcome": verdict.outcome,
        "word": OUTCOMES[verdict.outcome],
        "tally": tally(report),
        "known": known_lines(report),
        "diagnosis": report.judgement.diagnosis.sentence,
        "reasons": findings(report.judgement),
        "beside": beside_reasons(report),
        "facts": render_heading(report).split("\n"),
        "gates": shown_gates(report),
        "plots": [plot for plot in plots if plot.drawings],
        "windows": {} if isinstance(extras.windows, Absent) else extras.windows,
        "leaks": extras.leaks,
        "absent": _absent(plots, extras),
        "horizon": report.settings.horizon,
        "checks": _checks(report),
        "status_column": _COLUMNS.index("status"),
        "provenance": provenance(report),
        "created": report.created,
        "version": report.environment.tool_version,
    }


def _plots(report: Report, extras: Extras) -> list[Plot]:
    plots = [
        knowledge(report),
        offset_sweep(report),
        retrieval(report),
        ablations(report),
        rollout(report),
        bins(report),
        plane(report, extras),
    ]
    if isinstance(extras.training, Training):
        plots.append(training_plots(extras.training))
    return plots


def _absent(plots: Sequence[Plot], extras: Extras) -> tuple[str, ...]:
    """What a section would have shown and cannot, section by section."""
    others = (each.sentence for each in (extras.training, extras.windows) if isinstance(each, Absent))
    return (*(line for plot in plots if not plot.drawings for line in plot.absent), *others)


def _checks(report: Report) -> Table:
    """All checks; value, threshold and status first, since a phone shows no more than them."""
    heads = dict(zip(HEADERS, result_headers(report), strict=True))
    order = [HEADERS.index(name) for name in (*_COLUMNS, *CONTROL_HEADS.values())]
    rows = tuple(tuple(row[place] for place in order) for row in result_rows(report))
    caption = "Every check, and the figures beside them"
    return Table(caption, tuple(heads[HEADERS[place]] for place in order), rows)


def shown_gates(report: Report) -> list[Gate]:
    """All gates and groups; those that decide nothing come last."""
    optional = optional_gates(report)
    gates = sorted(report.judgement.gates, key=lambda gate: gate.name in optional)
    return [_shown(gate, required=gate.name not in optional) for gate in gates]


def _shown(gate: GateResult, *, required: bool) -> Gate:
    """A gate, whether it decides, and who else passes it."""
    letter = letter_of(gate.name)
    notes = [
        *([] if required else ["not required"]),
        *([f"vacuous here: passed by {', '.join(gate.vacuous_for)} too"] if gate.vacuous_for else []),
    ]
    return Gate("" if letter == gate.name else letter, gate.name, gate.status, "; ".join(notes))


def _visible(value: object) -> object:
    """Characters that a reader cannot see, or that turn the text around, as the replacement character."""
    return _UNSEEN.sub("\ufffd", value) if type(value) is str else value
