"""A decision for people: what was measured, the verdict, and what was verified."""

from gatekeeper.deployment.verify import Ruling
from gatekeeper.render.markdown import escape
from gatekeeper.render.table import (
    OUTCOMES,
    render_gates,
    render_heading,
    render_results,
    render_verdict_lines,
)
from schemas.records.decision import Decision
from schemas.text import printable


def render_decision(ruling: Ruling, *, colour: bool = False) -> str:
    """For a terminal: what was evaluated, result table, gates, verdict, what was verified."""
    report = ruling.report
    return "\n\n".join(
        [
            render_heading(report),
            render_results(report, "simple"),
            render_gates(report, bullet="  - "),
            render_verdict_lines(report, bullet="  - ", colour=colour),
            "\n".join(["Verified:", *(f"  - {fact}" for fact in facts(ruling.decision))]),
        ]
    )


def render_decision_markdown(ruling: Ruling) -> str:
    """For a pull request: verdict, gates, what was verified; the table folded away."""
    report = ruling.report
    outcome = report.judgement.verdict.outcome
    mark = {"deployable": "✅", "blocked": "⛔", "error": "⚠️"}[outcome]
    return "\n\n".join(
        [
            f"## {mark} {OUTCOMES[outcome]}: {escape(report.inputs.model.spec)}",
            escape(render_verdict_lines(report, bullet="- ", gap="\n\n")),
            escape(render_gates(report, bullet="- ")),
            "\n".join(["Verified:", *(f"- {escape(fact)}" for fact in facts(ruling.decision))]),
            escape(render_heading(report)),
            f"<details><summary>All checks</summary>\n\n{render_results(report, 'github')}\n\n</details>",
        ]
    )


def facts(decision: Decision) -> list[str]:
    """What was verified, a line each, and with it what was not."""
    policy = decision.policy
    found = [
        f"report {decision.report_sha256[:12]}, made {decision.report_created}, decided {decision.decided}",
        f"policy {printable(policy.name)} ({policy.source}, {policy.sha256[:12]})",
        "files of gatekeeper are those that were installed"
        if decision.files_verified
        else "files not verified: gatekeeper runs from a checkout, and only a wheel brings their digests",
    ]
    if decision.model_sha256 is not None:
        found.append(f"model {decision.model_sha256[:12]} is the one that was evaluated")
    if decision.signer is not None:
        found.append(f"signed by the trusted key {decision.signer[:12]}")
    if decision.champion is not None:
        found.append(f"compared with the champion's report {decision.champion.report_sha256[:12]}")
    return [*found, *(f"not verified: {printable(note)}" for note in decision.notes)]
