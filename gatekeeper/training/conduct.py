"""From a plan to a run folder with a model and its report; one process of possibly several."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gatekeeper.evaluation.evaluate import Bar
from gatekeeper.training.final import RunResult, final_evaluation
from gatekeeper.training.folder import RECORDED, new_folder, write_record
from gatekeeper.training.plan import Plan
from gatekeeper.training.recorder import Recorder, Recorders, View, Warn, closing
from schemas.disk.lock import locked
from trainers.contracts import Monitor, Trained, TrainingJob
from trainers.interrupts import Interrupts, listening
from trainers.processes import Group, connect, disconnect


@dataclass(frozen=True, eq=False)
class Audience:
    """Who hears of a run, on its first process.

    Attributes:
        log: takes the lines of the training.
        warn: takes what is said however quiet all shall be.
        progress: told of what the final evaluation measures.
        open_recorders: folder of the run -> what records it, by name; called once the folder is locked.
        view: shown while the model is trained.
    """

    log: Callable[[str], None]
    warn: Warn
    progress: Bar
    open_recorders: Callable[[Path], Mapping[str, Recorder]]
    view: View | None = None


def run_training(
    plan: Plan, group: Group, audience: Audience, *, out: Path | None, illustrated: bool
) -> RunResult:
    """Train and evaluate.

    Args:
        plan: what is done, on what.
        group: the processes that do it together.
        audience: who hears of it.
        out: run folder of a new run; one with a name of its own where None.
        illustrated: whether a page of the report will be made.

    Raises:
        GatekeeperError: any; in particular :class:`schemas.errors.Interrupted`.
    """
    connect(group, plan.options.device)
    try:
        folder = plan.resumed or _new_folder(plan, out, group)
        if group.first:
            return _run(plan, folder, group, audience, illustrated=illustrated)
        return _follow(plan, folder, group, audience.progress)
    finally:
        disconnect(group)


def _new_folder(plan: Plan, out: Path | None, group: Group) -> Path:
    folder = Path()
    if group.first:
        folder = new_folder(out, plan.recipe.architecture_of(plan.settings), plan.recipe.name)
    return group.agree(folder)


def _run(plan: Plan, folder: Path, group: Group, audience: Audience, *, illustrated: bool) -> RunResult:
    """The first process writes, and is heard."""
    with locked(folder, "run"), listening() as interrupts:
        if plan.resumed is None:
            write_record(folder, plan.record())
        view: dict[str, Monitor] = {} if audience.view is None else {"the live view": audience.view}
        recorders = Recorders({**view, **audience.open_recorders(folder)}, audience.warn)
        with closing(recorders, tuple(folder / name for name in RECORDED)):
            try:
                trained = _train(plan, folder, group, interrupts, audience.log, recorders)
            finally:
                if audience.view is not None:
                    audience.view.erase()
            result = final_evaluation(
                plan, folder, trained, group, interrupts, audience.progress, illustrated=illustrated
            )
            recorders.report = result.report
    return result


def _follow(plan: Plan, folder: Path, group: Group, progress: Bar) -> RunResult:
    """The others lend their hands, in silence."""
    with listening() as interrupts:
        trained = _train(plan, folder, group, interrupts, _silent, Monitor())
        return final_evaluation(plan, folder, trained, group, interrupts, progress, illustrated=False)


def _train(
    plan: Plan,
    folder: Path,
    group: Group,
    interrupts: Interrupts,
    log: Callable[[str], None],
    monitor: Monitor,
) -> Trained:
    """Let the recipe do its work; leaves ``best_model.pt`` in the folder."""
    job = TrainingJob(
        dataset=plan.dataset,
        seed=plan.seed,
        device=plan.options.device,
        folder=folder,
        policy=plan.policy.policy,
        options=plan.options,
        group=group,
        interrupts=interrupts,
        log=log,
        resume=plan.resumed is not None,
        monitor=monitor,
    )
    return plan.recipe.fit(job, plan.settings)


def _silent(line: str) -> None:
    """Only the first process speaks."""
