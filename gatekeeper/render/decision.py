"""A decision for people: what was measured, the verdict, and what was verified."""

from gatekeeper.deployment.verify import Ruling
from gatekeeper.render.fitting import paragraph
from gatekeeper.render.markdown import escape
from gatekeeper.render.rows import result_rows
from gatekeeper.render.table import (
    OUTCOMES,
    render_gates,
    render_heading,
    render_results,
    render_verdict_lines,
)
from gatekeeper.render.verdict import render_brief
from schemas.records.decision import Decision
from schemas.text import printable


def render_brief_decision(ruling: Ruling) -> str:
    """For a terminal: the verdict as a person first sees it, and what was verified."""
    decision, rows = ruling.decision, len(result_rows(ruling.report))
    return render_brief(
        ruling.report,
        tail=[
            *paragraph("Checked", ", ".join(_bound(decision)), most=2),
            *_reservations(decision),
            *paragraph("", f"all {rows} rows: gatekeeper check --full", most=1),
        ],
    )


def render_decision(ruling: Ruling) -> str:
    """All of it: what was evaluated, result table, gates, verdict, what was verified."""
    report = ruling.report
    return "\n\n".join(
        [
            render_heading(report),
            render_results(report, "simple"),
            render_gates(report, bullet="  - "),
            render_verdict_lines(report, bullet="  - "),
            "\n".join(["Verified:", *(f"  - {fact}" for fact in facts(ruling.decision))]),
        ]
    )


def render_decision_markdown(ruling: Ruling) -> str:
    """For a pull request: verdict, gates, what was verified; the table folded away."""
    report = ruling.report
    outcome = report.judgement.verdict.outcome
    return "\n\n".join(
        [
            f"## {OUTCOMES[outcome]}: {escape(report.inputs.model.spec)}",
            escape(render_verdict_lines(report, bullet="- ", gap="\n\n")),
            escape(render_gates(report, bullet="- ")),
            "\n".join(["Verified:", *(f"- {escape(fact)}" for fact in facts(ruling.decision))]),
            escape(render_heading(report)),
            f"<details><summary>All checks</summary>\n\n{render_results(report, 'github')}\n\n</details>",
        ]
    )


def _bound(decision: Decision) -> list[str]:
    """What the decision is bound to, in a few words each."""
    policy, champion = decision.policy, decision.champion
    parts = {
        "model": decision.model_sha256,
        "report": decision.report_sha256,
        f"policy {printable(policy.name)} ({policy.source})": policy.sha256,
        "champion's report": None if champion is None else champion.report_sha256,
        "signed by": decision.signer,
    }
    return [f"{what} {digest[:12]}" for what, digest in parts.items() if digest is not None]


def _reservations(decision: Decision) -> list[str]:
    """What was taken on trust, where anything was."""
    files = () if decision.files_verified else ("the files of gatekeeper, which runs from a checkout",)
    notes = "; ".join(printable(note) for note in (*decision.notes, *files))
    return paragraph("But", f"not verified: {notes}", most=2) if notes else []


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
