"""From what is asked for to a training run that can start: everything loaded and checked, nothing written."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from gatekeeper.config.file import resolve_config
from gatekeeper.config.keys import key_names
from gatekeeper.config.record import Config
from gatekeeper.config.sections import DataConfig
from gatekeeper.config.window import DEFAULT_WINDOW, SILENT, WindowClaim, settle_window
from gatekeeper.data.source import DataSource, open_source
from gatekeeper.evaluation.assemble import make_options
from gatekeeper.evaluation.environment import describe_environment
from gatekeeper.training.folder import (
    RECORDED,
    RunRecord,
    config_to_plain,
    read_record,
    recorded_config,
    refuse_links,
)
from gatekeeper.training.request import RunRequest
from gatekeeper.training.settings import build_settings
from gates.contracts import Dataset
from gates.options import Options
from gates.suite import drawn_articles
from gates.windows import rows_digest
from schemas.disk.room import check_room
from schemas.errors import DataError, UsageError
from schemas.names import refuse_unknown
from schemas.reading.policy import load_policy
from schemas.records.policy import LoadedPolicy
from schemas.records.splits import EVALUATED, TRAIN
from schemas.verdict.few_articles import lacking
from trainers.checkpoints.saved_states import FOLDER as STATES
from trainers.checkpoints.saved_states import MANIFEST
from trainers.contracts import Trainer
from trainers.own_code import is_spec
from trainers.processes import Group
from trainers.registry import trainer_names


@dataclass(frozen=True, eq=False)
class Plan:
    """A run that can start: everything is loaded and checked, nothing is written yet.

    Attributes:
        recipe, settings: what to do. config: with which data and options.
        dataset: the windows. policy: who judges.
        options: how the gates measure, with a seed of their own: every run is judged on the same samples.
        seeds: of the training; a run has one, and of several each has a run of its own.
        resumed: folder of the run that goes on; None for a new one.
    """

    recipe: Trainer
    settings: Any
    config: Config
    dataset: Dataset
    policy: LoadedPolicy
    options: Options
    seeds: tuple[int, ...] = (0,)
    resumed: Path | None = None

    @property
    def seed(self) -> int:
        """Of the training, or of the first of several."""
        return self.seeds[0]

    def doubts(self) -> tuple[str, ...]:
        """Why no weights at all can pass on these articles, told before they are trained."""
        return lacking(self.policy.policy, drawn_articles(self.dataset, self.options))

    def record(self) -> RunRecord:
        """For ``config.json``."""
        data, evaluation = config_to_plain(self.config)
        splits = self.dataset.splits
        return RunRecord(
            trainer=self.recipe.name,
            settings=asdict(self.settings),
            data=data,
            evaluation=evaluation,
            context=self.dataset.window.context,
            horizon=self.dataset.window.horizon,
            bank_sha256=self.dataset.bank.sha256,
            splits={name: rows_digest(split.last_rows) for name, split in splits.items()},
            policy_sha256=self.policy.sha256,
            seeds=list(self.seeds),
            environment=asdict(describe_environment(self.options.device)),
        )

    def params(self) -> dict[str, object]:
        """What the training depends on, for MLflow."""
        return {
            "trainer": self.recipe.name,
            **asdict(self.settings),
            "context": self.dataset.window.context,
            "horizon": self.dataset.window.horizon,
            "seed": self.seed,
            "eval_seed": self.options.seed,
            "policy": self.policy.policy.name,
            "bank_sha256": self.dataset.bank.sha256,
            "device": self.options.device,
        }


def plan_run(request: RunRequest, group: Group, tell: Callable[[Iterable[str]], None]) -> Plan:
    """Load and check everything that a run needs.

    Args:
        request: what is asked for.
        group: the processes that will train together.
        tell: takes what a user should know about the data, on the first process.

    Raises:
        GatekeeperError: the run cannot be made, go on or be written.
    """
    out, resume = request.out, request.resume
    if out is not None:
        check_room(out, *(out / name for name in RECORDED), out / STATES / MANIFEST)
    if resume is not None:
        refuse_links(resume)
    record = None if resume is None else _record(request, resume)
    if record is not None and resume is not None:
        settings = build_settings(request.recipe, record.settings, {}, where=f"{resume}: ")
        config = _resumed_config(request, record, resume)
        resumed, seeds = WindowClaim("checkpoint", record.context, record.horizon), tuple(record.seeds)
    else:
        config, resumed, seeds = resolve_config(request.file, request.rest()), SILENT, request.all_seeds()
        settings = _settings(request, config)
    _check_named(request, settings, resume)
    if group.size > 1:
        config = _on_own_device(config, group)
    source = open_source(config)
    if group.first:
        tell(source.notes)
    policy = load_policy(config.eval.policy)
    dataset = _cut_windows(request.recipe, source, (resumed, source.window, *config.window_claims()))
    request.recipe.check(dataset, settings)
    options = make_options(config.eval, policy.policy)
    plan = Plan(request.recipe, settings, config, dataset, policy, options, seeds, resume)
    if record is not None:
        check_same(plan, record)
    request.refuse_overwriting(config)
    return plan


def _cut_windows(recipe: Trainer, source: DataSource, claims: Iterable[WindowClaim]) -> Dataset:
    """The windows in the shape that all agree on, by default at the recipe's own horizon."""
    window = settle_window(*claims, default=replace(DEFAULT_WINDOW, horizon=recipe.default_horizon)).window
    missing = [name for name in (TRAIN, *EVALUATED) if name not in source.splits]
    if missing:
        raise DataError(
            f"training needs a {missing[0]} split; name it with --{missing[0]} or in gatekeeper.toml"
        )
    return source.dataset(window)


def check_same(plan: Plan, record: RunRecord) -> None:
    """Refuse to continue a run on other data or under another policy."""
    now = plan.record()
    for what, mine, theirs in (
        ("the bank", now.bank_sha256, record.bank_sha256),
        ("the policy", now.policy_sha256, record.policy_sha256),
        *((f"split {name!r}", digest, record.splits.get(name)) for name, digest in now.splits.items()),
    ):
        if mine != theirs:
            raise UsageError(
                f"{what} is not the one the run was started with; start a new run for other inputs"
            )


def _settings(request: RunRequest, config: Config) -> Any:  # noqa: ANN401  (the recipe's own dataclass)
    recipe = request.recipe
    refuse_unknown(config.train, trainer_names(), f"{config.file}: [train] recipe ")
    where = f"{config.file}: [train.{recipe.name}] "
    return build_settings(recipe, config.train.get(recipe.name, {}), request.own(), where=where)


def _check_named(request: RunRequest, settings: Any, resume: Path | None) -> None:  # noqa: ANN401  (as above)
    """Code of the user's own is run where the command line names it, never because a file does.

    Raises:
        UsageError: a configuration or the record of a run names it.
    """
    own = request.recipe.architecture_of(settings)
    if is_spec(own) and request.own().get("architecture") != own:
        where = "the configuration" if resume is None else f"the run in {resume}"
        raise UsageError(
            f"{where} names {own}, code of somebody's own, which no file may have run; name it if you trust "
            f"it: --architecture {own}"
        )


def _record(request: RunRequest, resume: Path) -> RunRecord:
    record = read_record(resume)
    if record.trainer != request.recipe.name:
        raise UsageError(
            f"{resume} is a run of {record.trainer!r}; continue it with gatekeeper train {record.trainer}"
        )
    again = record.settings.get("architecture")
    refused = [
        *(name for name, value in request.own().items() if name != "architecture" or value != again),
        *(name for name in ("seed", "policy", "context", "horizon") if name in request.flags),
    ]
    if refused:
        flag = refused[0].replace("_", "-")
        raise UsageError(f"--{flag} cannot change while a run is resumed; leave it out or start a new run")
    return record


def _resumed_config(request: RunRequest, record: RunRecord, resume: Path) -> Config:
    """The recorded one; data may have moved, and another device may go on."""
    rest, base = request.rest(), recorded_config(record, resume)
    moved = request.file or set(rest) & set(key_names(DataConfig))
    given = resolve_config(request.file, rest) if moved else base
    evaluation = replace(base.eval, device=str(rest.get("device", base.eval.device)))
    return replace(base, data=given.data, eval=evaluation)


def _on_own_device(config: Config, group: Group) -> Config:
    """Several processes on one machine: each takes the CUDA device of its own number."""
    wanted = config.eval.device
    if wanted == "cuda" or (wanted == "auto" and torch.cuda.is_available()):
        return replace(config, eval=replace(config.eval, device=f"cuda:{group.local}"))
    return config
