"""``gatekeeper train``: one subcommand a registered trainer, its flags made from its settings."""

import dataclasses
import shlex
import typing
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from gatekeeper.commands.options import data_options, tell_notes
from gatekeeper.config import resolve_config
from gatekeeper.data.source import DataSource, open_source
from gatekeeper.environment import choose_device, describe_environment
from gatekeeper.evaluation import Shape, settle_shape
from gates.contracts import Dataset
from gates.windows import rows_digest
from schemas.atomic import write_text
from schemas.errors import DataError, OutputError, UsageError
from schemas.strict_json import dumps
from trainers.checkpoint import save_checkpoint
from trainers.contracts import TrainedModel, Trainer, TrainingJob
from trainers.registry import trainer, trainer_names

MODEL_FILE = "best_model.pt"
CONFIG_FILE = "config.json"


class TrainerGroup(click.Group):
    """Finds its subcommands among the registered trainers."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all registered trainers."""
        return list(trainer_names())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """The command of one trainer.

        Raises:
            UsageError: nobody registered it (the message lists who did), or it is broken.
        """
        return train_command(trainer(cmd_name))


@click.group(name="train", cls=TrainerGroup)
def train_group() -> None:
    """Train a model with a registered trainer."""


def train_command(recipe: Trainer) -> click.Command:
    """The command of a trainer: flags for data, run and each of its settings."""

    def run(
        config: Path | None, out: Path | None, seed: int | None, device: str | None, **rest: object
    ) -> None:
        names = {setting.name for setting in dataclasses.fields(recipe.settings)}
        knobs = {name: value for name, value in rest.items() if name in names and value is not None}
        data_flags = {name: value for name, value in rest.items() if name not in names}
        settings = recipe.settings(**knobs)
        merged = resolve_config(config, {**data_flags, "seed": seed, "device": device})
        source = open_source(merged)
        tell_notes(source)
        shape = settle_shape(
            checkpoint=(None, None),
            data=(source.context, source.horizon),
            flag=(None, None),
            config=(merged.data.context, merged.data.horizon),
        )
        dataset = _training_data(source, shape)
        folder = _run_folder(out, recipe)
        job = TrainingJob(dataset=dataset, seed=merged.eval.seed, device=choose_device(merged.eval.device))
        model = recipe.fit(job, settings)
        _save(folder, recipe, settings, job, model)
        click.echo(model.summary)
        click.echo(f"model: {folder / MODEL_FILE}")
        click.echo(f"next: gatekeeper eval {shlex.quote(str(folder / MODEL_FILE))}")

    command: Callable[..., None] = run
    for setting in reversed(dataclasses.fields(recipe.settings)):
        command = _flag(recipe, setting)(command)
    command = click.option("--device", help="auto, cpu, cuda or mps [auto].")(command)
    command = click.option("--seed", type=int, help="Of everything random [0].")(command)
    command = click.option(
        "--out", type=click.Path(path_type=Path), help="Run folder [runs/<architecture>_<recipe>_<UTC time>]."
    )(command)
    return click.command(name=recipe.name, help=recipe.summary)(data_options(command))


def _flag(
    recipe: Trainer, setting: "dataclasses.Field[Any]"
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """``--max-windows`` from ``max_windows: int``; a tuple becomes a flag that may be repeated."""
    kind = typing.get_type_hints(recipe.settings)[setting.name]
    repeated = typing.get_origin(kind) is tuple
    plain = typing.get_args(kind)[0] if repeated else kind
    shown: Any = setting.default
    default = " ".join(f"{value:g}" for value in shown) if repeated else shown
    text = f"{setting.metadata['help'].rstrip('.')} [{default}]" + (" (repeatable)." if repeated else ".")

    def given(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:  # noqa: ANN401
        return None if value == () else value

    return click.option(
        f"--{setting.name.replace('_', '-')}", type=plain, multiple=repeated, callback=given, help=text
    )


def _training_data(source: DataSource, shape: Shape) -> Dataset:
    dataset = source.dataset(context=shape.context, horizon=shape.horizon)
    if "train" not in dataset.splits:
        raise DataError("training needs a train split; name it with --train or in gatekeeper.toml")
    return dataset


def _run_folder(out: Path | None, recipe: Trainer) -> Path:
    """Make the run folder; a new one unless the user names it, so that no two runs share one."""
    stamp = datetime.now(UTC).strftime("%Y%m%d_%H%M%S")
    folder = out or Path("runs") / f"{recipe.architecture}_{recipe.name}_{stamp}"
    if (folder / MODEL_FILE).exists():
        raise UsageError(f"{folder / MODEL_FILE} exists; name another folder with --out")
    try:
        folder.mkdir(parents=True, exist_ok=out is not None)
    except OSError as error:
        if out is None and isinstance(error, FileExistsError):
            raise UsageError(f"{folder} exists already; name another folder with --out") from None
        raise OutputError(f"the run folder {folder} cannot be made: {error.strerror}") from None
    return folder


def _save(folder: Path, recipe: Trainer, settings: Any, job: TrainingJob, model: TrainedModel) -> None:  # noqa: ANN401
    dataset = job.dataset
    facts = {
        "trainer": recipe.name,
        "settings": dataclasses.asdict(settings),
        "seed": job.seed,
        "context": dataset.context,
        "horizon": dataset.horizon,
        "bank": {"source": Path(dataset.bank.source).name, "sha256": dataset.bank.sha256},
        "train": {
            "windows": len(dataset.splits["train"].last_rows),
            "sha256": rows_digest(dataset.splits["train"].last_rows),
        },
        "model": {"type": model.model_type, "config": dict(model.model_config), **model.facts},
        "environment": dataclasses.asdict(describe_environment(job.device)),
    }
    write_text(folder / CONFIG_FILE, dumps(facts))
    save_checkpoint(
        folder / MODEL_FILE,
        model_type=model.model_type,
        model_config=model.model_config,
        module=model.module,
        horizon=dataset.horizon,
        context=dataset.context,
        extra=model.facts,
    )
