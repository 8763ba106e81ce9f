"""The report as a table for a terminal or as markdown, and a leaderboard of several."""

from collections.abc import Sequence

import click
from tabulate import tabulate

from gatekeeper.render.markdown import escape
from gatekeeper.render.rows import interval, letter_of, number, result_headers, result_rows
from schemas.records.answers import coarsest
from schemas.records.metrics import GATES
from schemas.records.report import Report
from schemas.text import printable
from schemas.verdict.checks import PASSING

OUTCOMES = {"deployable": "DEPLOYABLE", "blocked": "BLOCKED", "error": "ERROR"}
_COLOURS = {"deployable": "green", "blocked": "red", "error": "yellow"}


def render_table(report: Report, *, colour: bool = False) -> str:
    """Heading, result table, gates, verdict with its reasons."""
    verdict = render_verdict(report, colour=colour)
    return "\n\n".join([render_heading(report), render_results(report, "simple"), verdict])


def render_markdown(report: Report) -> str:
    """The same as GitHub-flavoured markdown, verdict first."""
    return "\n\n".join(
        [
            f"## {OUTCOMES[report.judgement.verdict.outcome]}: {escape(report.inputs.model.spec)}",
            escape(render_verdict_lines(report, bullet="- ", gap="\n\n")),
            escape(render_gates(report, bullet="- ")),
            render_results(report, "github"),
            escape(render_heading(report)),
        ]
    )


def render_results(report: Report, form: str) -> str:
    """All checks and the figures beside them, as a table of tabulate's format ``form``."""
    return tabulate(result_rows(report), headers=result_headers(report), tablefmt=form, disable_numparse=True)


def render_leaderboard(reports: Sequence[Report], *, markdown: bool = False) -> str:
    """Several models on the same data, best first: verdict, gates passed, margin on ood."""

    def key(report: Report) -> tuple[int, int, float]:
        verdict = report.judgement.verdict
        order = ("deployable", "blocked", "error").index(verdict.outcome)
        margin = report.evidence.model["ood"]["offset_sweep.margin"].value
        return order, -verdict.gates_passed, -(margin if margin is not None else -2.0)

    rows = []
    for report in sorted(reports, key=key):
        ood = report.evidence.model["ood"]
        margin, cos, recall = (
            ood[name] for name in ("offset_sweep.margin", "offset_sweep.cos", "retrieval.article.r@5")
        )
        verdict = report.judgement.verdict
        rows.append(
            [
                escape(report.inputs.model.spec) if markdown else printable(report.inputs.model.spec),
                OUTCOMES[verdict.outcome],
                f"{verdict.gates_passed}/{len(GATES)}",
                f"{number(margin.value)} {interval(margin)}",
                f"{number(cos.value)} {interval(cos)}",
                f"{number(recall.value)} {interval(recall)}",
            ]
        )
    headers = ("model", "verdict", "gates", "margin ood", "cos ood", "article R@5 ood")
    form = "github" if markdown else "simple"
    table = tabulate(rows, headers=headers, tablefmt=form, disable_numparse=True)
    decided = dict.fromkeys(decided_by(report) for report in reports)
    return "\n\n".join([*(map(escape, decided) if markdown else decided), table])


def render_heading(report: Report) -> str:
    """What was evaluated, on which data, how."""
    model, bank, settings = report.inputs.model, report.inputs.bank, report.settings
    splits = ", ".join(
        f"{name} {split.sampled} of {split.windows} windows in {split.articles} articles"
        for name, split in report.inputs.splits.items()
    )
    size = f", {model.parameters:,} parameters" if model.parameters else ""
    return "\n".join(
        [
            f"{printable(model.spec)} ({printable(model.architecture)}{size}; fingerprint "
            f"{model.fingerprint})",
            f"{printable(bank.source)}: {bank.rows} chunks of width {bank.dimension} in "
            f"{bank.articles} articles; {splits}",
            f"context {settings.context}, horizon {settings.horizon} (from {settings.horizon_source}), "
            f"seed {settings.seed}, ridge control {settings.ridge}",
            answered(report),
            decided_by(report),
        ]
    )


def answered(report: Report) -> str:
    """In which company the model was asked, in which formats it answers, and what company changes."""
    settings, answers = report.settings, report.evidence.answers.values()
    asked = f"asked in batches of {settings.batch_size}, {settings.order}"
    if not answers:
        return asked
    form = coarsest(*(each.coarsest for each in answers))
    most = max(each.disagreement for each in answers)
    return f"{asked}; {form} answers, asked again they differ by at most {most:.1e}"


def decided_by(report: Report) -> str:
    """The files that decided: two policies may have one name, and a configuration may lie further up."""
    inputs = report.inputs
    config = "no configuration file" if inputs.config is None else f"configuration {inputs.config}"
    return printable(f"policy {report.policy.name} ({inputs.policy_source}), {config}")


def render_verdict(report: Report, *, colour: bool = False) -> str:
    """Only the gates and the verdict with its reasons."""
    verdict = render_verdict_lines(report, bullet="  - ", colour=colour)
    return "\n\n".join([render_gates(report, bullet="  - "), verdict])


def render_gates(report: Report, *, bullet: str) -> str:
    """One line a gate."""
    lines = []
    for gate in report.judgement.gates:
        letter = letter_of(gate.name)
        vacuous = f" (vacuous here: passed by {', '.join(gate.vacuous_for)} too)" if gate.vacuous_for else ""
        lines.append(f"{bullet}{letter} {gate.name}: {gate.status.upper()}{vacuous}")
    return "\n".join(["Gates:", *lines])


def render_verdict_lines(report: Report, *, bullet: str, gap: str = "\n", colour: bool = False) -> str:
    """The verdict, its reasons, and what else a reader must know; markdown needs a blank line as gap.

    With ``colour`` the first line is green, red or yellow on a terminal.
    """
    outcome = report.judgement.verdict.outcome
    head = f"{OUTCOMES[outcome]}: {tally(report)}"
    head = click.style(head, fg=_COLOURS[outcome]) if colour else head
    sections = {head: report.judgement.verdict.reasons} | {
        f"{title}:": lines for title, lines in beside_reasons(report).items()
    }
    return gap.join(
        "\n".join([title, *(f"{bullet}{printable(line)}" for line in lines)])
        for title, lines in sections.items()
    )


def tally(report: Report) -> str:
    """``3 of 5 gates passed, 3 needed``, and whether the model has escaped."""
    verdict, needed = report.judgement.verdict, report.policy.min_gates_passed
    escaped = ", escaped" if verdict.escaped else ""
    return f"{verdict.gates_passed} of {len(GATES)} gates passed, {needed} needed{escaped}"


def beside_reasons(report: Report) -> dict[str, tuple[str, ...]]:
    """What a reader must know beside the reasons: title -> sentences, without the empty ones."""
    verdict = report.judgement.verdict
    reasons = set(verdict.reasons)
    others = tuple(
        check.sentence
        for check in report.judgement.checks
        if check.status not in PASSING and check.severity == "error" and check.sentence not in reasons
    )
    sections = {
        "Not required, but not passed either": others,
        "Warnings": verdict.warnings,
        "Waivers": verdict.waivers,
        "Remarks": verdict.remarks,
    }
    return {title: lines for title, lines in sections.items() if lines}
