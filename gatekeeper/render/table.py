"""The report as a table for a terminal or as markdown."""

from gatekeeper.render.grid import grid
from gatekeeper.render.knowledge import left_out, render_knowledge
from gatekeeper.render.markdown import escape
from gatekeeper.render.power import render_power
from gatekeeper.render.reasons import findings, warned
from gatekeeper.render.rows import letter_of, result_headers, result_rows
from schemas.records.answers import coarsest
from schemas.records.metrics import GATES
from schemas.records.report import Report
from schemas.text import printable
from schemas.verdict.checks import PASSING
from schemas.verdict.knowledge import find_known

OUTCOMES = {"deployable": "DEPLOYABLE", "blocked": "BLOCKED", "error": "ERROR"}


def render_table(report: Report) -> str:
    """All of a report: heading, results, what is known in bits and could be shown, gates, verdict."""
    parts = [
        render_heading(report),
        render_results(report, "simple"),
        render_knowledge(report, "simple"),
        render_power(report.evidence.power, "simple"),
        render_verdict(report),
    ]
    return "\n\n".join(filter(None, parts))


def render_markdown(report: Report) -> str:
    """The same as GitHub-flavoured markdown, verdict first."""
    parts = [
        f"## {OUTCOMES[report.judgement.verdict.outcome]}: {escape(report.inputs.model.spec)}",
        escape(render_verdict_lines(report, bullet="- ", gap="\n\n")),
        escape(render_gates(report, bullet="- ")),
        render_results(report, "github"),
        render_knowledge(report, "github"),
        render_power(report.evidence.power, "github"),
        escape(render_heading(report)),
    ]
    return "\n\n".join(filter(None, parts))


def render_results(report: Report, form: str) -> str:
    """All checks and the figures beside them, as a table of tabulate's format ``form``."""
    return grid(result_rows(report), result_headers(report), form)


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


def render_verdict(report: Report) -> str:
    """Only the gates and the verdict with its reasons."""
    verdict = render_verdict_lines(report, bullet="  - ")
    return "\n\n".join([render_gates(report, bullet="  - "), verdict])


def render_gates(report: Report, *, bullet: str) -> str:
    """One line a gate."""
    lines = []
    for gate in report.judgement.gates:
        letter = letter_of(gate.name)
        vacuous = f" (vacuous here: passed by {', '.join(gate.vacuous_for)} too)" if gate.vacuous_for else ""
        name = gate.name if letter == gate.name else f"{letter} {gate.name}"
        lines.append(f"{bullet}{name}: {gate.status.upper()}{vacuous}")
    return "\n".join(["Gates:", *lines])


def render_verdict_lines(report: Report, *, bullet: str, gap: str = "\n") -> str:
    """The verdict with its reasons, what the model knows, the diagnosis, and what else a reader must know.

    Markdown needs a blank line as gap.
    """
    judgement = report.judgement
    head = f"{OUTCOMES[judgement.verdict.outcome]}: {tally(report)}"
    sections = {
        head: findings(judgement),
        "Knows:": known_lines(report),
        "Diagnosis:": (judgement.diagnosis.sentence,),
        **{f"{title}:": lines for title, lines in beside_reasons(report).items()},
    }
    return gap.join(
        "\n".join([title, *(f"{bullet}{printable(line)}" for line in lines)])
        for title, lines in sections.items()
    )


def known_lines(report: Report) -> tuple[str, ...]:
    """What the model knows beside the best control, a line a split."""
    found = tuple(known.sentence() for known in find_known(report.evidence))
    return found or ("what it knows is undefined",)


def tally(report: Report) -> str:
    """What the policy counts, and whether the model has escaped.

    Either ``3 of 5 gates passed, 3 needed``, or, where a policy needs no number of gates but requires single
    checks, ``14 of 18 requirements met``.
    """
    judgement, policy = report.judgement, report.policy
    required = [
        *(check.status for check in judgement.checks if check.required),
        *(gate.status for gate in judgement.gates if gate.name in policy.required_gates),
    ]
    if required and not policy.min_gates_passed:
        met = f"{sum(status in PASSING for status in required)} of {len(required)} requirements met"
    else:
        passed, needed = judgement.verdict.gates_passed, policy.min_gates_passed or "none"
        met = f"{passed} of {len(GATES)} gates passed, {needed} needed"
    return f"{met}{', escaped' if judgement.verdict.escaped else ''}"


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
        "Warnings": warned(report.judgement),
        "Waivers": verdict.waivers,
        "Remarks": (*verdict.remarks, *left_out(report)),
    }
    return {title: lines for title, lines in sections.items() if lines}
