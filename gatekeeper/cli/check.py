"""``gatekeeper check``: the command a CI job trusts."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NoReturn

import click

from gatekeeper.cli.command import command
from gatekeeper.cli.terminal import full_asked, full_option, painted
from gatekeeper.cli.types import FILE, OUTPUT, Choice
from gatekeeper.cli.verifier import Verifier, verifier_options
from gatekeeper.cli.voice import hand_over
from gatekeeper.config.outputs import Output, refuse_overwriting
from gatekeeper.deployment.model_file import confirmed_format, model_digest
from gatekeeper.deployment.submission import read_submission
from gatekeeper.deployment.verify import Ruling, examine
from gatekeeper.evaluation.companions import with_companions
from gatekeeper.render.ci.github import (
    render_annotations,
    render_error_annotation,
    without_commands,
    write_github_files,
)
from gatekeeper.render.ci.junit import render_junit, render_junit_error
from gatekeeper.render.decision import render_brief_decision, render_decision, render_decision_markdown
from gatekeeper.render.markdown import escape
from schemas.disk.atomic import write_text
from schemas.errors import EXIT_CODES, GatekeeperError, UsageError
from schemas.reading.codec import encode
from schemas.reading.strict_json import dumps
from schemas.text import harmless, harmless_json, printable

Format = Literal["table", "json", "markdown", "junit", "github"]


def _needs(given: Mapping[str, Any]) -> Iterator[str]:
    if given["model"] is None and not given["report_only"]:
        yield "--model (or --report-only)"


@command("check", needs=_needs)
@click.argument("report", type=FILE)
@click.option("--model", type=FILE, help="The model file; must be the evaluated one.")
@click.option("--report-only", is_flag=True, help="Judge the report alone, bound to no model file.")
@verifier_options
@click.option("--champion", type=FILE, help="Report of the model in production.")
@click.option("--first", is_flag=True, help="There is no champion yet: leave its rules out.")
@click.option(
    "--format",
    "form",
    type=Choice(("table", "json", "markdown", "junit", "github")),
    default="table",
    help="What is written [table].",
)
@full_option
@click.option("--output", type=OUTPUT, help="Write to this file instead of stdout.")
def check_command(
    report: Path,
    model: Path | None,
    report_only: bool,
    verifier: Verifier,
    champion: Path | None,
    first: bool,
    form: Format,
    output: Path | None,
) -> None:
    """Decide whether the model of REPORT may be deployed.

    --model binds the report to the file that is to be let through; --report-only says that none is.
    Every check is derived from the report's metrics under your policy; what the report says of
    itself is ignored. Exit code 0 lets the model through, anything else stops it.

    Exit codes: 0 deployable, 1 blocked, 2 usage error, 3 report, model or signature refused.
    """
    if form == "github" and output is not None:
        raise UsageError("--output does not go with --format github, which GitHub reads from the log")
    if output is not None:
        read = (*with_companions(report), model, *verifier.inputs(), *with_companions(champion))
        refuse_overwriting([Output("output", output)], read)
    try:
        ruling = _rule(report, model, verifier, champion, first=first, report_only=report_only)
        _write(_rendered(ruling, form, verifier.policy, coloured=output is None), output)
        if form == "github":
            verdict = ruling.decision.judgement.verdict
            write_github_files(verdict.outcome, harmless(render_decision_markdown(ruling)))
    except GatekeeperError as error:
        _tell_ci(form, output, error)
    raise click.exceptions.Exit(EXIT_CODES[ruling.decision.judgement.verdict.outcome])


def _check_binding(model: Path | None, *, report_only: bool) -> None:
    """A report that is bound to no file lets any file through: that must be meant."""
    if model is None and not report_only:
        raise UsageError(
            "check needs --model FILE, the file that is to be let through; "
            "add --report-only to judge the report alone"
        )
    if model is not None and report_only:
        raise UsageError("--model names a file and --report-only says there is none; give one of the two")


def _rule(
    report: Path,
    model: Path | None,
    verifier: Verifier,
    champion: Path | None,
    *,
    first: bool,
    report_only: bool,
) -> Ruling:
    if champion is not None and first:
        raise UsageError("--champion names one and --first says there is none; give one of the two")
    demands = verifier.demands(first=first)
    rules = demands.policy.policy
    if (champion is not None or first) and not rules.champion:
        flag = "--first" if first else "--champion"
        raise UsageError(f"{flag} has no effect: the policy {rules.name} has no champion rules")
    _check_binding(model, report_only=report_only)
    ruling = examine(
        read_submission(report, verifier.envelope),
        demands,
        model_sha256=None if model is None else model_digest(model),
        model=model,
        champion=None if champion is None else read_submission(champion),
    )
    if model is not None:
        confirmed_format(ruling.report, model)
    return ruling


def _rendered(ruling: Ruling, form: Format, policy: str, *, coloured: bool) -> str:
    if form == "json":
        return harmless_json(dumps(encode(ruling.decision, where="decision")))
    if form == "junit":
        return render_junit(ruling)
    if form == "markdown":
        return harmless(render_decision_markdown(ruling)) + "\n"
    if form == "github":
        file = None if ruling.decision.policy.source == "built-in" else Path(policy)
        return f"{render_annotations(ruling, file)}\n{without_commands(harmless(render_decision(ruling)))}\n"
    text = render_decision(ruling) if full_asked() else render_brief_decision(ruling)
    return harmless(painted(text, sys.stdout) if coloured else text) + "\n"


def _tell_ci(form: Format, output: Path | None, error: GatekeeperError) -> NoReturn:
    """A CI job that reads our output must see that no decision could be made."""
    message = printable(str(error))
    if form == "junit":
        _write(render_junit_error(message), output)
    elif form == "github":
        hand_over(render_error_annotation(message) + "\n")
        write_github_files("error", f"## ERROR\n\n{escape(message)}")
    raise error


def _write(text: str, output: Path | None) -> None:
    if output is None:
        hand_over(text)
    else:
        write_text(output, text)
