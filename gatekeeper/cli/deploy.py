"""``gatekeeper deploy``: check a model and put it into production, or take it back."""

import sys
from pathlib import Path

import click

from gatekeeper.cli.terminal import colour_on
from gatekeeper.cli.types import FILE
from gatekeeper.cli.verifier import Verifier, verifier_options
from gatekeeper.cli.voice import show
from gatekeeper.config.outputs import Output, refuse_overwriting
from gatekeeper.deployment.folder import deploy, history, roll_back
from gatekeeper.deployment.own_names import own_files
from gatekeeper.deployment.verify import Demands, Ruling, Submission, read_submission
from gatekeeper.evaluation.companions import with_companions
from gatekeeper.render.decision import render_decision
from gatekeeper.render.production import render_history, render_release
from schemas.errors import EXIT_CODES, UsageError

MLFLOW = "mlflow:"


@click.command(name="deploy")
@click.argument("model", type=FILE, required=False)
@click.option("--report", type=FILE, help="Report of MODEL.")
@click.option("--to", "target", required=True, help="Deployment folder, or mlflow:NAME@ALIAS.")
@verifier_options
@click.option(
    "--champion",
    type=FILE,
    help="Newer report of the model in production [the one it was deployed with].",
)
@click.option("--rollback", is_flag=True, help="Serve the predecessor again.")
@click.option("--history", "listing", is_flag=True, help="List all releases, newest first.")
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
        show(_history(target) if listing else _roll_back(target))
        return
    if model is None or report is None:
        raise UsageError("deploy needs MODEL and --report; or --rollback, or --history")
    if not target.startswith(MLFLOW):
        made = [Output("file", path) for path in own_files(Path(target))]
        read = (model, *with_companions(report), *verifier.inputs(), *with_companions(champion))
        refuse_overwriting(made, read)
    demands = verifier.demands()
    if champion is not None and not demands.policy.policy.champion:
        raise UsageError(
            f"--champion has no effect: the policy {demands.policy.policy.name} has no champion rules"
        )
    rival = None if champion is None else read_submission(champion)
    ruling, line = _deploy(model, read_submission(report, verifier.envelope), demands, target, rival)
    show(render_decision(ruling, colour=colour_on(sys.stdout)))
    if line is not None:
        show(f"\n{line}")
    ctx.exit(EXIT_CODES[ruling.decision.judgement.verdict.outcome])


def _deploy(
    model: Path, submission: Submission, demands: Demands, target: str, champion: Submission | None
) -> tuple[Ruling, str | None]:
    """The ruling, and the line that says what is in production now."""
    if target.startswith(MLFLOW):
        from gatekeeper.integrations.mlflow import target as mlflow_target
        from gatekeeper.render.versions import render_version

        registry = mlflow_target.parse_target(target)
        made = mlflow_target.deploy(model, submission, demands, registry, champion=champion)
        return made.ruling, None if made.version is None else render_version(made.version, registry)
    done = deploy(model, submission, demands, Path(target), champion=champion)
    return done.ruling, None if done.production is None else render_release(done.production, Path(target))


def _roll_back(target: str) -> str:
    if target.startswith(MLFLOW):
        from gatekeeper.integrations.mlflow import target as mlflow_target
        from gatekeeper.render.versions import render_version

        registry = mlflow_target.parse_target(target)
        return render_version(mlflow_target.roll_back(registry), registry, restored=True)
    return render_release(roll_back(Path(target)), Path(target))


def _history(target: str) -> str:
    if target.startswith(MLFLOW):
        from gatekeeper.integrations.mlflow import target as mlflow_target
        from gatekeeper.render.versions import render_versions

        return render_versions(mlflow_target.history(mlflow_target.parse_target(target)))
    return render_history(history(Path(target)))


def _refuse_more(ctx: click.Context, *, rollback: bool, listing: bool) -> None:
    if rollback and listing:
        raise UsageError("--rollback and --history are two commands; give one of them")
    flag = "--rollback" if rollback else "--history"
    for name in ("model", "report", "policy", "max_age", "trusted_key", "envelope", "champion"):
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise UsageError(f"{flag} takes no {name.replace('_', '-')}")
