"""``gatekeeper train``: one subcommand a registered trainer, its flags made from its settings."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import click

from gatekeeper.cli.completion import complete
from gatekeeper.cli.groups import NamedGroup
from gatekeeper.cli.guard import end, guard_of
from gatekeeper.cli.options import train_data_options
from gatekeeper.cli.page import check_page_target, html_option
from gatekeeper.cli.stdout import reserved_stdout
from gatekeeper.cli.types import FILE
from gatekeeper.training.settings import settings_options
from schemas.errors import UsageError
from trainers.contracts import Trainer
from trainers.registry import TRAINERS, listed, trainer


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
        tensorboard: Path | None,
        mlflow: bool,
        mlflow_experiment: str | None,
        **given: object,
    ) -> None:
        if resume and out:
            raise UsageError("--resume continues in its own folder; leave --out out")
        if html is not None:
            check_page_target(html, made=out)
        from gatekeeper.integrations.recording import RecorderOptions
        from gatekeeper.training.conduct import run_training

        wanted = RecorderOptions(tensorboard, mlflow, mlflow_experiment)
        flags = {name: value for name, value in given.items() if value is not None}
        with reserved_stdout(process=guard_of(ctx) is not None) as stdout:
            try:
                code = run_training(
                    recipe, config, flags, out=out, resume=resume, page=html, wanted=wanted, stdout=stdout
                )
            except (click.ClickException, click.exceptions.Exit) as error:
                # No code of ours ends the command in there, and a plug-in's exit would look like a verdict.
                raise RuntimeError(f"the recipe {recipe.name} tried to end the command") from error
        end(ctx, code)

    command: Callable[..., None] = settings_options(recipe)(run)
    for option in (
        click.option("--mlflow-experiment", help="[MLFLOW_EXPERIMENT_NAME, else gatekeeper]."),
        click.option("--mlflow", is_flag=True, help="Log to MLflow, where MLFLOW_TRACKING_URI says."),
        click.option("--tensorboard", type=FILE, help="Write scalars for TensorBoard to this folder."),
        click.option("--device", help="auto, cpu, cuda or mps [auto]."),
        click.option("--seed", type=int, help="Of everything random [0]."),
        click.option(
            "--policy",
            help="Built-in policy or a TOML file [seed-5cat].",
            shell_complete=complete("policies", files=True),
        ),
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
