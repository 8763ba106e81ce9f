"""The end of a run: the five gates on the kept weights."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from gatekeeper.evaluation.evaluate import Bar, Evaluator
from gatekeeper.evaluation.extras import Extras
from gatekeeper.evaluation.illustrations import illustrate
from gatekeeper.evaluation.loading.how import AS_IT_IS, Loading
from gatekeeper.evaluation.loading.load import load_model
from gatekeeper.evaluation.writing import write_evaluation
from gatekeeper.training.folder import REPORT_FILE
from gatekeeper.training.history import find_run, find_training
from gatekeeper.training.plan import Plan
from gates.answers import Progress
from gates.contracts import Predictor
from schemas.errors import Interrupted
from schemas.records.judgement import Outcome
from schemas.records.report import Report
from trainers.contracts import MODEL_FILE, Trained
from trainers.interrupts import Interrupts
from trainers.own_code import is_spec, named_again
from trainers.predictor import ModulePredictor
from trainers.processes import Group


@dataclass(frozen=True, eq=False)
class RunResult:
    """What a run left.

    Attributes:
        folder: where it lies. trained: what the recipe says of its work.
        outcome: what the gates say of it, on all processes. report: theirs, on the first one.
        extras: what a page shows beside the report; None where none was asked for.
    """

    folder: Path
    trained: Trained
    outcome: Outcome
    report: Report | None = None
    extras: Extras | None = None


def final_evaluation(
    plan: Plan,
    folder: Path,
    trained: Trained,
    group: Group,
    interrupts: Interrupts,
    progress: Bar,
    *,
    illustrated: bool,
) -> RunResult:
    """Evaluate the weights a run kept; writes ``5cat_results.json`` and its scores.

    Args:
        plan: of the run.
        folder: of the run.
        trained: what the recipe did.
        group: the processes that answer together.
        interrupts: a signal ends the evaluation.
        progress: told of what is measured, on the first process.
        illustrated: whether a page will be made.

    Raises:
        Interrupted: a signal arrived; the model is there.
        GatekeeperError: the model cannot be evaluated.
    """
    evaluator = Evaluator(plan.dataset, plan.policy, plan.options, config=plan.config.shown)
    own = plan.recipe.architecture_of(plan.settings)
    candidate = load_model(
        str(folder / MODEL_FILE),
        device=plan.options.device,
        dimension=plan.dataset.bank.dimension,
        loading=Loading(factory=own) if is_spec(own) else AS_IT_IS,
    )
    results: list[RunResult] = []

    @contextlib.contextmanager
    def interruptible(what: str, total: int) -> Iterator[Progress]:
        with progress(f"final evaluation: {what}", total) as advance:

            def advance_or_end(count: int) -> None:
                if interrupts.received is not None:
                    raise Interrupted(
                        f"interrupted by {interrupts.received} during the final evaluation; the training is "
                        f"complete. Continue with: gatekeeper train {plan.recipe.name} --resume {folder}"
                        f"{named_again(own)}"
                    )
                advance(count)

            yield advance_or_end

    def evaluate(predictor: Predictor) -> Outcome:
        found = evaluator.evaluate(replace(candidate, predictor=predictor), interruptible)
        report = write_evaluation(found, folder / REPORT_FILE, own=1)
        outcome, extras = report.judgement.verdict.outcome, None
        if illustrated:
            training, run = find_training(folder, report), find_run(folder, report)
            extras = illustrate(found.bench, found.measurement, training=training, run=run)
        results.append(RunResult(folder, trained, outcome, report, extras))
        return outcome

    module = cast(ModulePredictor, candidate.predictor).module  # a file's always is one
    outcome = group.on_first(module, plan.options.device, evaluate, name=MODEL_FILE)
    return results[0] if results else RunResult(folder, trained, outcome)
