"""A recipe with several seeds: a run each, in a folder below, all judged on the same samples."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from gatekeeper.training.conduct import Audience, run_training
from gatekeeper.training.folder import CONFIG_FILE, REPORT_FILE, new_folder, read_record, write_record
from gatekeeper.training.plan import Plan, check_same
from schemas.disk.lock import locked
from schemas.errors import Interrupted, UsageError
from schemas.reading.report import read_report
from schemas.records.judgement import Outcome
from schemas.records.report import Report
from trainers.own_code import named_again
from trainers.processes import Group

AudienceOf = Callable[[Plan, str], Audience]
"""(plan of one seed's run, name of its folder) -> who hears of it."""


@dataclass(frozen=True, eq=False)
class SeedsResult:
    """What the runs of a recipe left.

    Attributes:
        folder: above the runs.
        reports: path -> what the gates say of each run, in the order of the seeds.
        seeds: of each.
    """

    folder: Path
    reports: dict[Path, Report]
    seeds: tuple[int, ...]

    @property
    def outcome(self) -> Outcome:
        """The verdict on the recipe: deployable when every run is; one that is blocked blocks it."""
        found = [report.judgement.verdict.outcome for report in self.reports.values()]
        return next((each for each in ("blocked", "error") if each in found), "deployable")

    @property
    def passed(self) -> int:
        """How many runs may be deployed."""
        return sum(each.judgement.verdict.outcome == "deployable" for each in self.reports.values())


def run_seeds(plan: Plan, group: Group, audience_of: AudienceOf, *, out: Path | None) -> SeedsResult:
    """Train and evaluate once for each seed; of a folder that is resumed, what is missing.

    Args:
        plan: what is done, with all seeds.
        group: this process, alone.
        audience_of: who hears of each run.
        out: folder above the runs; one with a name of its own where None.

    Raises:
        UsageError: several processes train together, or a run is there already.
        Interrupted: a signal arrived; what was done is there, and ``--resume`` goes on.
        GatekeeperError: any, of a run.
    """
    if group.size > 1:
        raise UsageError(
            f"--seeds trains its runs one after another in one process; found {group.size} processes, of "
            "which each seed can have all: train every seed with --seed"
        )
    if out is not None:
        _refuse_runs(out)
    folder = plan.resumed or new_folder(out, plan.recipe.architecture_of(plan.settings), plan.recipe.name)
    reports: dict[Path, Report] = {}
    with locked(folder, "run"):
        if plan.resumed is None:
            write_record(folder, plan.record())
        try:
            for one, path in _runs(plan, folder):
                reports[path] = _report_of(one, path, group, audience_of)
        except (Interrupted, KeyboardInterrupt) as error:
            raise Interrupted(
                f"{str(error).partition('. Continue with: ')[0] or 'interrupted'}; {len(reports)} of "
                f"{len(plan.seeds)} seeds are done. Continue with: gatekeeper train {plan.recipe.name} "
                f"--resume {folder}{named_again(plan.recipe.architecture_of(plan.settings))}"
            ) from None
    return SeedsResult(folder, reports, plan.seeds)


def _refuse_runs(out: Path) -> None:
    there = next(iter(sorted(out.glob("seed_*"))), None)
    if there is not None:
        raise UsageError(f"{there} exists; continue it with --resume {out} or name another folder")


def _runs(plan: Plan, folder: Path) -> Iterator[tuple[Plan, Path]]:
    """The plan of each seed's run, and where its report goes."""
    for seed in plan.seeds:
        mine = folder / f"seed_{seed}"
        begun = plan.resumed is not None and (mine / CONFIG_FILE).is_file()
        one = replace(plan, seeds=(seed,), resumed=mine if begun else None)
        if begun:
            check_same(one, read_record(mine))
        yield one, mine / REPORT_FILE


def _report_of(plan: Plan, path: Path, group: Group, audience_of: AudienceOf) -> Report:
    """Of a run that is complete as it lies there, which is not trained again."""
    if plan.resumed is None or not path.is_file():
        audience = audience_of(plan, path.parent.name)
        run_training(plan, group, audience, out=path.parent, illustrated=False)
    return read_report(path)
