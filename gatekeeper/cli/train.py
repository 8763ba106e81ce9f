"""``gatekeeper train``: one subcommand a registered trainer, its flags made from its settings."""

import shlex
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click

from gatekeeper.cli.command import command
from gatekeeper.cli.data_argument import data_argument
from gatekeeper.cli.groups import NamedGroup
from gatekeeper.cli.guard import end, guard_of
from gatekeeper.cli.knobs import option, settings_flags, with_options
from gatekeeper.cli.options import data_flags, tell
from gatekeeper.cli.page import check_page_target, html_option, write_page
from gatekeeper.cli.progress import bar, working
from gatekeeper.cli.stdout import reserved_stdout
from gatekeeper.cli.terminal import full_asked, full_option, painted
from gatekeeper.cli.types import FILE, OUTPUT
from gatekeeper.cli.voice import say, show, warn
from gatekeeper.config.sections import EvalConfig
from gatekeeper.render.fitting import paragraph
from schemas.errors import EXIT_CODES, UsageError
from schemas.records.report import Report
from schemas.text import printable
from trainers.contracts import MODEL_FILE, Trainer
from trainers.registry import TRAINERS, listed, trainer

if TYPE_CHECKING:
    from gatekeeper.integrations.recording import RecorderOptions
    from gatekeeper.training.conduct import Audience
    from gatekeeper.training.final import RunResult
    from gatekeeper.training.plan import Plan
    from gatekeeper.training.recorder import Recorder
    from gatekeeper.training.request import RunRequest
    from trainers.processes import Group


class TrainerGroup(NamedGroup):
    """Finds its subcommands among the registered trainers."""

    def lines(self) -> Mapping[str, str]:
        """Names of all registered trainers, with what each says of itself."""
        return {plugin.name: plugin.summary or "" for plugin in listed(TRAINERS)}

    def load(self, name: str) -> click.Command:
        """The command of one trainer.

        Raises:
            UsageError: it is broken, or several packages registered it.
        """
        return train_command(trainer(name))

    def refuse(self, context: click.Context, name: str) -> NoReturn:
        """The registry's own words."""
        trainer(name)
        raise AssertionError(f"{name} is known after all")


@click.group(name="train", cls=TrainerGroup)
def train_group() -> None:
    """Train a model with a registered trainer, and let the gates judge it."""


def train_command(recipe: Trainer) -> click.Command:
    """The command of a trainer: flags for data, run and each of its settings."""

    @click.pass_context
    def run(
        ctx: click.Context,
        /,
        config: Path | None,
        out: Path | None,
        resume: Path | None,
        html: Path | None,
        seeds: int | None,
        **given: Any,  # noqa: ANN401  (what the flags below are)
    ) -> None:
        if resume and out:
            raise UsageError("--resume continues in its own folder; leave --out out")
        if seeds is not None and resume:
            raise UsageError("--resume trains the seeds that are missing; leave --seeds out")
        if seeds == 1:
            raise UsageError("--seeds 1 has no spread; leave it out, or ask for two or more")
        if seeds is not None and html is not None:
            raise UsageError("--html shows one run; make the page of a seed with gatekeeper report --html")
        if html is not None:
            check_page_target(html, made=out)
        from gatekeeper.integrations.recording import RecorderOptions
        from gatekeeper.training.request import RunRequest

        recorders = RecorderOptions(*map(given.pop, ("tensorboard", "mlflow", "mlflow_experiment")))
        named = {name: value for name, value in given.items() if value is not None}
        request = RunRequest(
            recipe, config, named, out=out, resume=resume, seeds=1 if seeds is None else seeds, page=html
        )
        with reserved_stdout(process=guard_of(ctx) is not None) as stdout:
            try:
                code = _train(request, recorders, stdout)
            except (click.ClickException, click.exceptions.Exit) as error:
                # No code of ours ends the command in there, and a plug-in's exit would look like a verdict.
                raise RuntimeError(f"the recipe {recipe.name} tried to end the command") from error
        end(ctx, code)

    flags = with_options(
        data_argument(),
        *data_flags(training=True, horizon=recipe.default_horizon),
        click.option("--out", type=OUTPUT, help="Run folder [runs/<architecture>_<recipe>_<UTC time>]."),
        click.option("--resume", type=FILE, help="Continue the run in this folder."),
        html_option,
        full_option,
        *(option(EvalConfig, name, line="training") for name in ("policy", "device")),
        option(EvalConfig, "seed", line="training"),
        click.option("--seeds", type=int, help="Runs, with seeds that follow on --seed; all must pass."),
        click.option("--tensorboard", type=OUTPUT, help="Write scalars for TensorBoard to this folder."),
        click.option("--mlflow", is_flag=True, help="Log to MLflow, where MLFLOW_TRACKING_URI says."),
        click.option("--mlflow-experiment", help="[MLFLOW_EXPERIMENT_NAME, else gatekeeper]."),
        *settings_flags(recipe),
    )
    text = (
        f"{recipe.summary}\n\nEnds with the five gates on the kept weights. "
        "Exit codes: 0 deployable, 1 blocked, 2 usage error, 3 error, 4 interrupted and saved."
    )
    return command(recipe.name, help=text)(flags(run))


def _train(request: "RunRequest", options: "RecorderOptions", stdout: TextIO) -> int:
    """Train, evaluate and show; one process of possibly several. The exit code of the verdict."""
    from gatekeeper.training.conduct import run_training
    from gatekeeper.training.plan import plan_run
    from trainers.processes import join_group

    options.check()
    group = join_group()
    notes: list[str] = []
    try:
        with working("reading the data") if group.first else nullcontext():
            plan = plan_run(request, group, notes.extend)
    finally:
        tell(notes)  # they may explain an error
    for doubt in plan.doubts() if group.first else ():
        say(f"warning: no weights can pass on this data: {printable(doubt)}")
    if len(plan.seeds) > 1:
        return _train_seeds(plan, group, options, request.out, stdout)
    result = run_training(
        plan, group, _audience(plan, options), out=request.out, illustrated=request.page is not None
    )
    if result.report is not None:
        text = _all_of(result, result.report) if full_asked() else _brief(result, result.report)
        show(painted(text, stdout), file=stdout)
        if request.page is not None and result.extras is not None:
            write_page(result.report, result.extras, request.page)
    return EXIT_CODES[result.outcome]


def _train_seeds(
    plan: "Plan", group: "Group", options: "RecorderOptions", out: Path | None, stdout: TextIO
) -> int:
    """Train once for each seed and show them together. The exit code of the verdict on the recipe."""
    from gatekeeper.evaluation.recipes import read_recipe, recipe_figures
    from gatekeeper.render.recipes import recipe_verdict, render_recipe
    from gatekeeper.render.table import render_table
    from gatekeeper.training.seeds import run_seeds

    def audience_of(one: "Plan", name: str) -> "Audience":
        (seed,) = one.seeds
        say(f"{one.recipe.name}: seed {seed}, {plan.seeds.index(seed) + 1} of {len(plan.seeds)}")
        events = None if options.tensorboard is None else options.tensorboard / name
        return _audience(one, replace(options, tensorboard=events))

    found = run_seeds(plan, group, audience_of, out=out)
    say(f"runs: {printable(str(found.folder))}")
    recipe = read_recipe(found.folder)
    verdict = recipe_verdict(plan.recipe.name, list(found.reports.values()), found.passed)
    tables = [render_table(report) for report in found.reports.values()] if full_asked() else []
    board = render_recipe(recipe, recipe_figures(recipe), verdict=verdict)
    show(painted("\n\n".join([*tables, board]), stdout), file=stdout)
    return EXIT_CODES[found.outcome]


def _audience(plan: "Plan", options: "RecorderOptions") -> "Audience":
    from gatekeeper.cli.live_view import open_status
    from gatekeeper.integrations.recording import open_recorders
    from gatekeeper.training.conduct import Audience

    status = open_status()
    told = warn if status is None else status.log

    def recorders(folder: Path) -> "Mapping[str, Recorder]":
        return open_recorders(
            options, folder, resume=plan.resumed is not None, params=plan.params(), warn=told
        )

    log = say if status is None else status.log
    return Audience(log=log, warn=told, progress=bar, open_recorders=recorders, view=status)


def _brief(result: "RunResult", report: Report) -> str:
    from gatekeeper.render.criteria import criteria_met
    from gatekeeper.render.verdict import render_brief, whereabouts
    from gatekeeper.training.folder import REPORT_FILE

    model = result.folder / MODEL_FILE
    say(f"model: {printable(str(model))}")
    history = result.trained.history
    tail = [
        *paragraph("Trained", printable(result.trained.summary), most=2 if history is None else 1),
        *([] if history is None else paragraph("Met", criteria_met(history), most=2)),
        *whereabouts(report, str(result.folder / REPORT_FILE)),
    ]
    return render_brief(report, name=f"{result.folder.name}/{MODEL_FILE}", tail=tail)


def _all_of(result: "RunResult", report: Report) -> str:
    from gatekeeper.render.criteria import render_criteria
    from gatekeeper.render.table import render_table
    from gatekeeper.training.folder import REPORT_FILE

    parts = [result.trained.summary]
    if result.trained.history is not None:
        parts += ["", render_criteria(result.trained.history)]
    parts += ["", render_table(report), ""]
    model = str(result.folder / MODEL_FILE)
    parts += [f"model: {printable(model)}", f"report: {printable(str(result.folder / REPORT_FILE))}"]
    parts += [f"next: gatekeeper eval {printable(shlex.quote(model))}"]
    return "\n".join(parts)
