"""A report in a notebook: verdict, diagnosis and gates, as a piece of HTML without a script."""

from gatekeeper.render.page.page import environment, shown_gates
from gatekeeper.render.reasons import findings
from gatekeeper.render.table import OUTCOMES, known_lines, tally
from schemas.records.report import Report


def render_cell(report: Report) -> str:
    """HTML that stands inside a page of somebody else's; everything from the report is escaped."""
    judgement = report.judgement
    outcome = judgement.verdict.outcome
    return (
        environment()
        .get_template("cell.html.j2")
        .render(
            outcome=outcome,
            word=OUTCOMES[outcome],
            tally=tally(report),
            model=report.inputs.model.spec,
            known=known_lines(report),
            diagnosis=judgement.diagnosis.sentence,
            gates=shown_gates(report),
            reasons=findings(judgement),
        )
    )
