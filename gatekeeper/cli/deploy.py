"""``gatekeeper deploy``: check a model and put it into production, or take it back."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from gatekeeper.cli.command import command
from gatekeeper.cli.progress import working
from gatekeeper.cli.terminal import full_asked, full_option, painted
from gatekeeper.cli.types import FILE, TARGET
from gatekeeper.cli.verifier import Verifier, verifier_options
from gatekeeper.cli.voice import show
from gatekeeper.config.outputs import Output, refuse_overwriting
from gatekeeper.deployment.deploy import deploy, roll_back
from gatekeeper.deployment.folder import DeploymentFolder
from gatekeeper.deployment.submission import read_submission
from gatekeeper.deployment.target import Target
from gatekeeper.evaluation.companions import with_companions
from gatekeeper.render.decision import render_brief_decision, render_decision
from gatekeeper.render.deployment import render_history, render_release
from schemas.errors import EXIT_CODES, UsageError

MLFLOW = "mlflow:"


def _needs(given: Mapping[str, Any]) -> Iterator[str]:
    if given["rollback"] or given["listing"]:
        return
    if given["model"] is None and given["report"] is None:
        yield "MODEL with its --report (or --rollback, or --history)"
    elif given["model"] is None:
        yield "MODEL"
    elif given["report"] is None:
        yield "--report"


@command("deploy", needs=_needs)
@click.argument("model", type=FILE, required=False)
@click.option("--report", type=FILE, help="Report of MODEL.")
@click.option("--to", "target", type=TARGET, required=True, help="Deployment folder, or mlflow:NAME@ALIAS.")
@verifier_options
@click.option(
    "--champion",
    type=FILE,
    help="Newer report of the model in production [the one it was deployed with].",
)
@click.option("--rollback", is_flag=True, help="Serve the predecessor again.")
@click.option("--history", "listing", is_flag=True, help="List all releases, newest first.")
@full_option
@click.pass_context
def deploy_command(
    ctx: click.Context,
    /,
    model: Path | None,
    report: Path | None,
    target: str,
    verifier: Verifier,
    champion: Path | None,
    rollback: bool,
    listing: bool,
) -> None:
    """Check MODEL as `gatekeeper check` does and, if it passes, switch production to it.

    The very bytes that were checked are served; `current` in the folder switches to them in one
    rename, PRODUCTION.json says what is served, and --rollback returns to what was served before.
    With mlflow:NAME@ALIAS the alias switches, in the registry that MLFLOW_TRACKING_URI names.

    Exit codes: 0 deployed, 1 blocked, 2 usage error, 3 report, model, signature or folder refused.
    """
    if not target or "\0" in target:
        raise UsageError(f"--to: expected a folder or mlflow:NAME@ALIAS, found {target!r}")
    if rollback or listing:
        _refuse_more(ctx, rollback=rollback, listing=listing)
        place = _target(target)
        show(render_history(place.history(), place) if listing else render_release(roll_back(place), place))
        return
    if model is None or report is None:
        raise UsageError("deploy needs MODEL and --report; or --rollback, or --history")
    place = _target(target)
    made = [Output("file", path) for path in place.own_files()]
    read = (model, *with_companions(report), *verifier.inputs(), *with_companions(champion))
    refuse_overwriting(made, read)
    demands = verifier.demands()
    if champion is not None and not demands.policy.policy.champion:
        raise UsageError(
            f"--champion has no effect: the policy {demands.policy.policy.name} has no champion rules"
        )
    with working("checking and deploying"):
        rival = None if champion is None else read_submission(champion)
        done = deploy(model, read_submission(report, verifier.envelope), demands, place, champion=rival)
    told = render_decision(done.ruling) if full_asked() else render_brief_decision(done.ruling)
    show(painted(told, sys.stdout))
    if done.production is not None:
        show(f"\n{render_release(done.production, place)}")
    ctx.exit(EXIT_CODES[done.ruling.decision.judgement.verdict.outcome])


def _target(text: str) -> Target:
    if not text.startswith(MLFLOW):
        return DeploymentFolder(Path(text))
    from gatekeeper.integrations.mlflow.target import parse_target

    return parse_target(text)


def _refuse_more(ctx: click.Context, *, rollback: bool, listing: bool) -> None:
    if rollback and listing:
        raise UsageError("--rollback and --history are two commands; give one of them")
    flag = "--rollback" if rollback else "--history"
    for name in ("model", "report", "policy", "max_age", "trusted_key", "envelope", "champion"):
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise UsageError(f"{flag} takes no {name.replace('_', '-')}")
