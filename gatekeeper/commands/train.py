"""``gatekeeper train``: one subcommand a registered trainer, its flags made from its settings."""

import dataclasses
import shlex
from collections.abc import Callable
from pathlib import Path

import click
import torch

from gatekeeper.commands.html import check_page_target, html_option, write_page
from gatekeeper.commands.options import tell_notes, train_data_options
from gatekeeper.commands.paths import FILE
from gatekeeper.config import Config, refuse_unknown, resolve_config
from gatekeeper.data.source import open_source
from gatekeeper.render.criteria import render_criteria
from gatekeeper.render.table import render_verdict
from gatekeeper.run_folder import RunRecord, new_folder, read_record, recorded_config, write_record
from gatekeeper.train_settings import build_settings, settings_options
from gatekeeper.training import REPORT_FILE, Plan, check_same, final_evaluation, make_plan, train
from schemas.errors import EXIT_CODES, UsageError
from schemas.lock import locked
from schemas.policy_io import load_policy
from schemas.report import Report
from trainers.contracts import MODEL_FILE, Trained, Trainer
from trainers.group import Group, connect, disconnect, join_group
from trainers.interrupts import listening
from trainers.registry import trainer, trainer_names

DATA_FLAGS = ("bank", "train", "val", "ood", "context", "horizon")


class TrainerGroup(click.Group):
    """Finds its subcommands among the registered trainers."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all registered trainers."""
        return list(trainer_names())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """The command of one trainer.

        Raises:
            UsageError: nobody registered it (or several who did), or it is broken.
        """
        return train_command(trainer(cmd_name))


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
        **given: object,
    ) -> None:
        if resume and out:
            raise UsageError("--resume continues in its own folder; leave --out out")
        if html is not None:
            check_page_target(html, made=out)
        knobs = {field.name for field in dataclasses.fields(recipe.settings)}
        flags = {name: value for name, value in given.items() if value is not None}
        group = join_group()
        plan, record = _plan(recipe, config, resume, flags, knobs, group)
        connect(group, plan.options.device)
        try:
            folder = resume or _new_folder(plan, out, group)
            ctx.exit(_run(plan, folder, group, html, resume=record is not None))
        finally:
            disconnect(group)

    command: Callable[..., None] = settings_options(recipe)(run)
    for option in (
        click.option("--device", help="auto, cpu, cuda or mps [auto]."),
        click.option("--seed", type=int, help="Of everything random [0]."),
        click.option("--policy", help="Built-in policy or a TOML file [seed-5cat]."),
        html_option,
        click.option("--resume", type=FILE, help="Continue the run in this folder."),
        click.option(
            "--out",
            type=FILE,
            help="Run folder [runs/<architecture>_<recipe>_<UTC time>].",
        ),
    ):
        command = option(command)
    text = (
        f"{recipe.summary}\n\nEnds with the five gates on the kept weights. "
        "Exit codes: 0 deployable, 1 blocked, 2 usage error, 3 error, 4 interrupted and saved."
    )
    flagged = train_data_options(command, horizon=recipe.default_horizon)
    return click.command(name=recipe.name, help=text)(flagged)


def _plan(
    recipe: Trainer,
    file: Path | None,
    resume: Path | None,
    flags: dict[str, object],
    knobs: set[str],
    group: Group,
) -> tuple[Plan, RunRecord | None]:
    """Load and check everything; nothing is written yet."""
    own = {name: value for name, value in flags.items() if name in knobs}
    rest = {name: value for name, value in flags.items() if name not in knobs}
    record = None if resume is None else _record(recipe, resume, own, rest)
    if record is not None and resume is not None:
        settings = build_settings(recipe, record.settings, {}, where=f"{resume}: ")
        base = recorded_config(record, resume)
        given = resolve_config(file, rest) if file or set(rest) & set(DATA_FLAGS) else base
        evaluation = dataclasses.replace(base.eval, device=str(rest.get("device", base.eval.device)))
        config = dataclasses.replace(base, data=given.data, eval=evaluation)
        shape: tuple[int | None, int | None] = record.context, record.horizon
    else:
        config = resolve_config(file, rest)
        refuse_unknown(config.train, trainer_names(), f"{config.file}: [train] recipe ")
        where = f"{config.file}: [train.{recipe.name}] "
        settings = build_settings(recipe, config.train.get(recipe.name, {}), own, where=where)
        shape = None, None
    if group.size > 1:
        config = _on_own_device(config, group)
    source = open_source(config)
    if group.first:
        tell_notes(source)
    plan = make_plan(recipe, settings, config, source, load_policy(config.eval.policy), shape=shape)
    if record is not None:
        check_same(plan, record)
    return plan, record


def _record(recipe: Trainer, resume: Path, own: dict[str, object], rest: dict[str, object]) -> RunRecord:
    record = read_record(resume)
    if record.trainer != recipe.name:
        raise UsageError(
            f"{resume} is a run of {record.trainer!r}; continue it with gatekeeper train {record.trainer}"
        )
    refused = [*own, *(name for name in ("seed", "policy", "context", "horizon") if name in rest)]
    if refused:
        flag = refused[0].replace("_", "-")
        raise UsageError(f"--{flag} cannot change while a run is resumed; leave it out or start a new run")
    return record


def _on_own_device(config: Config, group: Group) -> Config:
    """Several processes on one machine: each takes the CUDA device of its own number."""
    wanted = config.eval.device
    if wanted == "cuda" or (wanted == "auto" and torch.cuda.is_available()):
        return dataclasses.replace(
            config, eval=dataclasses.replace(config.eval, device=f"cuda:{group.local}")
        )
    return config


def _new_folder(plan: Plan, out: Path | None, group: Group) -> Path:
    folder = Path()
    if group.first:
        folder = new_folder(out, plan.recipe.architecture_of(plan.settings), plan.recipe.name)
    return group.agree(folder)


def _run(plan: Plan, folder: Path, group: Group, page: Path | None, *, resume: bool) -> int:
    if not group.first:
        with listening() as interrupts:
            train(plan, folder, group=group, interrupts=interrupts, log=_silent, resume=resume)
            final = final_evaluation(plan, folder, group=group, interrupts=interrupts)
        return EXIT_CODES[final.outcome]
    with locked(folder, "run"), listening() as interrupts:
        if not resume:
            write_record(folder, plan.record())
        trained = train(plan, folder, group=group, interrupts=interrupts, log=_say, resume=resume)
        final = final_evaluation(
            plan, folder, group=group, interrupts=interrupts, illustrated=page is not None
        )
    if final.report is not None:
        _show(trained, final.report, folder)
    if page is not None and final.report is not None and final.extras is not None:
        write_page(final.report, final.extras, page)
    return EXIT_CODES[final.outcome]


def _show(trained: Trained, report: Report, folder: Path) -> None:
    click.echo(trained.summary)
    if trained.history is not None:
        click.echo(f"\n{render_criteria(trained.history)}")
    click.echo(f"\n{render_verdict(report)}\n")
    click.echo(f"model: {folder / MODEL_FILE}")
    click.echo(f"report: {folder / REPORT_FILE}")
    click.echo(f"next: gatekeeper eval {shlex.quote(str(folder / MODEL_FILE))}")


def _say(line: str) -> None:
    click.echo(line, err=True)


def _silent(line: str) -> None:
    """Only the first process speaks."""
