"""The page of ``gatekeeper try``: the answer, what it rests on, and the commands that lead to it again."""

from collections.abc import Sequence

from gatekeeper.evaluation.prospect import Prospect
from gatekeeper.render.page.knowledge import known_by_controls
from gatekeeper.render.page.page import whole
from gatekeeper.render.prospect import prospect_lines
from schemas.records.report import Report


def render_prospect_page(
    prospect: Prospect,
    report: Report,
    *,
    asked: float,
    findings: Sequence[str],
    commands: Sequence[str],
) -> str:
    """One HTML document that loads nothing.

    Args:
        prospect: the answer.
        report: of the linear fit, which holds the figures of the controls.
        asked: bits that a model must know more than the best copy.
        findings: what the audit says besides.
        commands: as one would type them.
    """
    word, _, sentence = prospect.sentence.partition(": ")
    told: dict[str, list[str]] = {}
    label = ""
    for name, line in prospect_lines(prospect, asked=asked):
        label = name or label
        told.setdefault(label, []).append(line)
    if findings:
        told["The data"] = list(findings)
    return whole(
        "prospect.html.j2",
        {
            "data": report.inputs.bank.source,
            "good": prospect.name == "yes",
            "word": word,
            "sentence": f"{sentence[:1].upper()}{sentence[1:]}",
            "told": told,
            "plot": known_by_controls(report),
            "commands": commands,
            "created": report.created,
            "version": report.environment.tool_version,
        },
    )
