"""A training run from its data to its verdict."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

from gatekeeper.cli.progress import bar
from gatekeeper.config.file import Config
from gatekeeper.data.source import DataSource
from gatekeeper.evaluation.assemble import make_options
from gatekeeper.evaluation.environment import describe_environment
from gatekeeper.evaluation.evaluate import Evaluator
from gatekeeper.evaluation.extras import Extras
from gatekeeper.evaluation.illustrations import illustrate
from gatekeeper.evaluation.model import load_model
from gatekeeper.evaluation.shape import Shape, settle_shape
from gatekeeper.evaluation.writing import write_evaluation
from gatekeeper.training.folder import REPORT_FILE, RunRecord, config_to_plain
from gatekeeper.training.history import find_run, find_training
from gates.answers import Progress
from gates.contracts import Dataset, Predictor
from gates.suite import Options
from gates.windows import rows_digest
from schemas.errors import DataError, Interrupted, UsageError
from schemas.records.judgement import Outcome
from schemas.records.policy import LoadedPolicy
from schemas.records.report import Report
from schemas.records.splits import EVALUATED, TRAIN
from trainers.contracts import MODEL_FILE, Monitor, Trained, Trainer, TrainingJob
from trainers.interrupts import Interrupts
from trainers.predictor import ModulePredictor
from trainers.processes import Group


@dataclass(frozen=True, eq=False)
class Plan:
    """A run that can start: everything is loaded and checked, nothing is written yet.

    Attributes:
        recipe, settings: what to do. config: with which data and options.
        dataset: the windows. shape: their context and horizon. policy: who judges.
        options: how the gates measure.
    """

    recipe: Trainer
    settings: Any
    config: Config
    dataset: Dataset
    shape: Shape
    policy: LoadedPolicy
    options: Options

    def record(self) -> RunRecord:
        """For ``config.json``."""
        data, evaluation = config_to_plain(self.config)
        splits = self.dataset.splits
        return RunRecord(
            trainer=self.recipe.name,
            settings=asdict(self.settings),
            data=data,
            evaluation=evaluation,
            context=self.shape.context,
            horizon=self.shape.horizon,
            bank_sha256=self.dataset.bank.sha256,
            splits={name: rows_digest(split.last_rows) for name, split in splits.items()},
            policy_sha256=self.policy.sha256,
            environment=asdict(describe_environment(self.options.device)),
        )


def make_plan(
    recipe: Trainer,
    settings: Any,  # noqa: ANN401  (the recipe's own dataclass)
    config: Config,
    source: DataSource,
    policy: LoadedPolicy,
    *,
    shape: tuple[int | None, int | None],
) -> Plan:
    """Settle context and horizon, cut the windows, choose the device.

    Args:
        recipe: whose default horizon counts where nobody names one.
        settings: its knobs.
        config: data and options.
        source: the opened data.
        policy: who judges.
        shape: context and horizon given by flag or by the record of a run, where they are.

    Raises:
        DataError: a split is missing or has no window.
        UsageError: two sources disagree on the shape, or this machine lacks the device.
    """
    data = config.data
    settled = settle_shape(
        checkpoint=(None, None),
        data=(source.context, source.horizon),
        flag=shape,
        config=(data.context, data.horizon),
        default_horizon=recipe.default_horizon,
    )
    missing = [name for name in (TRAIN, *EVALUATED) if name not in source.splits]
    if missing:
        raise DataError(
            f"training needs a {missing[0]} split; name it with --{missing[0]} or in gatekeeper.toml"
        )
    dataset = source.dataset(context=settled.context, horizon=settled.horizon)
    recipe.check(dataset, settings)
    return Plan(recipe, settings, config, dataset, settled, policy, make_options(config.eval, policy.policy))


def check_same(plan: Plan, record: RunRecord) -> None:
    """Refuse to continue a run on other data or under another policy.

    Raises:
        UsageError: a digest differs.
    """
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


def train(
    plan: Plan,
    folder: Path,
    *,
    group: Group,
    interrupts: Interrupts,
    log: Callable[[str], None],
    resume: bool,
    monitor: Monitor | None = None,
) -> Trained:
    """Let the recipe do its work; leaves ``best_model.pt`` in the folder."""
    job = TrainingJob(
        dataset=plan.dataset,
        seed=plan.options.seed,
        device=plan.options.device,
        folder=folder,
        policy=plan.policy.policy,
        options=plan.options,
        group=group,
        interrupts=interrupts,
        log=log,
        resume=resume,
        monitor=monitor or Monitor(),
    )
    return plan.recipe.fit(job, plan.settings)


@dataclass(frozen=True)
class Final:
    """How a run ended: the outcome on all processes, the whole report on the first.

    ``extras`` is what a page shows beside the report, None where none was asked for.
    """

    outcome: Outcome
    report: Report | None
    extras: Extras | None


def final_evaluation(
    plan: Plan, folder: Path, *, group: Group, interrupts: Interrupts, illustrated: bool = False
) -> Final:
    """The five gates on the kept weights; writes ``5cat_results.json`` and its scores.

    With ``illustrated`` also what a page shows beside the report.
    """
    evaluator = Evaluator(plan.dataset, plan.policy, plan.options, config=plan.config.shown)
    candidate = load_model(
        str(folder / MODEL_FILE),
        device=plan.options.device,
        dimension=plan.dataset.bank.dimension,
        allow_code=False,
    )
    module = cast(ModulePredictor, candidate.predictor).module  # every file's is one
    reports: list[Report] = []
    extras: list[Extras] = []

    @contextlib.contextmanager
    def watched(what: str, total: int) -> Iterator[Progress]:
        with bar(f"final evaluation: {what}", total) as advance:

            def interruptible(count: int) -> None:
                if interrupts.received is not None:
                    raise Interrupted(
                        f"interrupted by {interrupts.received} during the final evaluation; the training is "
                        f"complete. Continue with: gatekeeper train {plan.recipe.name} --resume {folder}"
                    )
                advance(count)

            yield interruptible

    def evaluate(predictor: Predictor) -> Outcome:
        result = evaluator.evaluate(replace(candidate, predictor=predictor), watched)
        report = write_evaluation(result, folder / REPORT_FILE, own=1)
        reports.append(report)
        if illustrated:
            training, run = find_training(folder, report), find_run(folder, report)
            extras.append(illustrate(result.bench, result.measurement, training=training, run=run))
        return report.judgement.verdict.outcome

    outcome = group.on_first(module, plan.options.device, evaluate, name=MODEL_FILE)
    return Final(outcome, reports[0] if reports else None, extras[0] if extras else None)
