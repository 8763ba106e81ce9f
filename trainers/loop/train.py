"""The training loop. It reads from top to bottom; the gates are a plain call in it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from gates.contracts import IntArray
from schemas.errors import Interrupted, TrainingError
from schemas.records.history import FIGURES, Epoch, MiniGates, Steps, Warned
from schemas.records.splits import TRAIN
from trainers.contracts import MODEL_FILE, RunStart, StepProgress, Trained, TrainingJob
from trainers.loop import log_lines as speech
from trainers.loop.collapse import Alarm
from trainers.loop.mini_5cat import MiniResult, MiniSuite
from trainers.loop.parts import Parts
from trainers.loop.settings import GradientSettings
from trainers.loop.setup import Run, begin, history_of, keep_best, load_best, make_learner, save, tell
from trainers.loop.state import Learner, State
from trainers.own_code import named_again

ROLLBACKS = 3
"""A run that collapses once more is stopped."""

_SHOWN = 8
"""Windows named in a message."""


def train(job: TrainingJob, settings: GradientSettings, trainer: str, parts: Parts) -> Trained:
    """Train until the epochs are over, the watch stops the run, or somebody asks it to end.

    Raises:
        Interrupted: a signal arrived; the state is saved.
        TrainingError: the loss is no number.
        OutputError: a state, the history or the model cannot be written; older ones are intact.
    """
    run, learner, state = begin(job, settings, trainer, parts)
    job.monitor.begin(
        RunStart(
            epochs=settings.epochs,
            steps=run.batches.most_steps(settings.batch_size),
            epoch=state.epoch,
            step=state.step,
            done=tuple(state.epochs),
            part=tuple(state.steps),
        )
    )
    while not state.ended:
        lr = float(learner.optimizer.param_groups[0]["lr"])
        if not state.collapse:
            _train_epoch(run, learner, state)
        result = None
        if state.collapse or _due(run, state):  # collapsed weights are measured too: the figures show it
            result = _check_gates(run, learner, state)
        if state.collapse:
            _recover(run, learner, state)
        elif result is not None:
            state.ended = run.parts.stop(result)
        _next_epoch(run, state, result, lr=lr)
        save(run, learner, state)
    tell(run, learner, state)  # again, for a run that was killed between its last state and its history
    return Trained(
        summary=f"{run.trainer}: {state.ended}; the weights kept are those of epoch {state.best_epoch}",
        history=history_of(run, learner.objective, state),
    )


def _train_epoch(run: Run, learner: Learner, state: State) -> None:
    """Train what is left of the epoch; a collapse cuts it short."""
    learner.objective.start_epoch(state.epoch)
    learner.module.train()
    rows_of = run.batches.cut(state.epoch, run.settings.batch_size)
    started = time.perf_counter()
    while state.step < run.steps:
        rows = rows_of[state.step]
        figures = run.stepper.take(rows, learner.optimizer, learner.objective)
        state.step += 1
        state.samples += len(rows)
        state.interval += figures
        state.interval_steps += 1
        first_bad = torch.where(torch.isfinite(figures[0]), state.bad, state.step)
        state.bad = torch.where(state.bad > 0, state.bad, first_bad)
        seconds = state.seconds + time.perf_counter() - started
        run.job.monitor.step(
            StepProgress(state.epoch, state.step, run.steps, state.samples, seconds, lambda: _means(state))
        )
        due = state.step % run.settings.log_every == 0 or state.step == run.steps
        if due or run.job.device.type == "cpu":
            _refuse_non_finite(run, state, rows_of)
        if due:
            now = time.perf_counter()
            state.seconds, started = state.seconds + now - started, now
            _look(run, learner, state)
            if state.collapse:
                return
        save_every = run.settings.save_every
        asked = _asked_to_end(run, state)
        if asked or (save_every and state.step % save_every == 0 and state.step < run.steps):
            now = time.perf_counter()
            state.seconds += now - started
            save(run, learner, state)
            started = time.perf_counter()
        if asked:
            raise Interrupted(_goodbye(run, state))


def _look(run: Run, learner: Learner, state: State) -> None:
    """Close the interval: log its means and let the watch see them."""
    means = _means(state)
    state.steps.append(Steps(state.step, means))
    run.job.monitor.interval(state.epoch, state.steps[-1])
    state.interval.zero_()
    state.interval_steps = 0
    rate = state.samples / max(state.seconds, 1e-9)
    run.job.log(
        f"{learner.objective.line(means)}  "
        f"(epoch {state.epoch}/{run.settings.epochs}, step {state.step}/{run.steps}, {rate:.0f} windows/s)"
    )
    alarms = state.watch.steps(means, margin=learner.objective.margin)
    _warn(run, state, alarms, step=state.step)


def _means(state: State) -> Mapping[str, float]:
    return dict(zip(FIGURES, (state.interval / state.interval_steps).tolist(), strict=True))


def _check_gates(run: Run, learner: Learner, state: State) -> MiniResult:
    """Mini-5CAT on the weights as they are; keeps them where they are the best so far."""
    job, module = run.job, learner.module
    module.eval()
    try:
        result = job.group.on_first(
            module,
            job.device,
            lambda predictor: _suite(run).measure(predictor, learner.objective.admissible),
        )
    except Interrupted:
        if not state.collapse:
            save(run, learner, state)
        raise Interrupted(_goodbye(run, state)) from None
    finally:
        module.train()
    if state.best is None or result.standing > state.best:
        state.best, state.best_epoch = result.standing, state.epoch
        result = replace(result, gates=replace(result.gates, kept=True))
        if job.group.first:
            keep_best(run, learner, state, result)
    pushed = learner.objective.margin is not None
    for line in speech.mini(result.gates, advise=pushed and not state.watch.advised):
        state.watch.advised = state.watch.advised or line == speech.ADVICE
        job.log(line)
    alarms = state.watch.gates(
        cosine=result.watched, constant=result.constant, recall=result.recall, pushed=pushed
    )
    _warn(run, state, alarms, step=0)
    learner.objective.end_epoch(result.cosine, result.margin)
    learner.scheduler.step(result.goal)
    return result


def _recover(run: Run, learner: Learner, state: State) -> None:
    """After a collapse: back to the best weights, and either stop there or go on more gently."""
    saved = run.store.latest([]) if state.best_epoch == state.epoch and state.step < run.steps else None
    if saved is not None and saved["epoch"] == state.epoch:
        # The collapse itself is the best there is, because nothing was measured before. The state
        # saved before it, in the middle of this epoch, may be better.
        learner.module.load_state_dict(saved["model"])  # type: ignore[arg-type]
        _check_gates(run, learner, state)
    load_best(run, learner)
    run.job.log(f"back to the weights of epoch {state.best_epoch}: {state.collapse}")
    if run.settings.on_collapse == "stop" or state.rollbacks == ROLLBACKS:
        again = f" after {ROLLBACKS} rollbacks" if state.rollbacks == ROLLBACKS else ""
        state.ended = f"stopped by the collapse watch in epoch {state.epoch}{again} ({state.collapse})"
        return
    state.rollbacks += 1
    learner.objective.soften()
    lr = 0.5 * learner.optimizer.param_groups[0]["lr"]
    fresh = make_learner(learner.module, run.settings, run.parts, lr=lr)
    learner.optimizer, learner.scheduler = fresh.optimizer, fresh.scheduler
    state.watch = state.watch.after_rollback()
    run.job.log(f"rollback {state.rollbacks} of {ROLLBACKS}: half the learning rate ({lr:g}), half the push")


def _next_epoch(run: Run, state: State, result: MiniResult | None, *, lr: float) -> None:
    mini: MiniGates | None = None if result is None else result.gates
    state.epochs.append(Epoch(state.epoch, state.samples, state.seconds, lr, tuple(state.steps), mini))
    run.job.monitor.epoch(state.epochs[-1])
    state.epoch += 1
    state.step, state.samples, state.seconds, state.steps, state.collapse = 0, 0, 0.0, [], ""
    state.interval.zero_()
    state.interval_steps = 0
    if not state.ended and state.epoch > run.settings.epochs:
        state.ended = f"all {run.settings.epochs} epochs done"
    patience = run.settings.patience
    if not state.ended and patience is not None and _measured_since_best(state) >= patience:
        state.ended = f"no better weights in the last {patience} of {state.epoch - 1} epochs"


def _measured_since_best(state: State) -> int:
    """How often the gates were asked since they last found better weights."""
    asked = [epoch.mini.kept for epoch in state.epochs if epoch.mini is not None]
    return len(asked) if True not in asked else asked[::-1].index(True)


def _due(run: Run, state: State) -> bool:
    return state.epoch % run.settings.mini_every == 0 or state.epoch == run.settings.epochs


def _suite(run: Run) -> MiniSuite:
    if run.mini is None:
        raise TrainingError("only the first process measures the gates")
    return run.mini


def _warn(run: Run, state: State, alarms: list[Alarm], *, step: int) -> None:
    for line in state.watch.news(alarms, TRAIN if step else run.chooses):
        run.job.log(line)
    for alarm in alarms:
        state.warnings.append(Warned(alarm.name, alarm.sentence, alarm.collapse, state.epoch, step))
        if alarm.collapse and not state.collapse and run.settings.on_collapse != "ignore":
            state.collapse = f"{alarm.name}: {alarm.sentence}"


def _refuse_non_finite(run: Run, state: State, rows_of: Sequence[IntArray]) -> None:
    step = int(state.bad)
    if step == 0:
        return
    rows = rows_of[step - 1]
    shown = ", ".join(str(row) for row in rows[:_SHOWN]) + (", ..." if len(rows) > _SHOWN else "")
    kept = f"; the best weights so far are in {run.job.folder / MODEL_FILE}" if state.best else ""
    raise TrainingError(
        f"the loss of epoch {state.epoch}, step {step} is no finite number (windows that end at bank rows "
        f"{shown}); lower --lr or --clip and start again{kept}"
    )


def _asked_to_end(run: Run, state: State) -> bool:
    asked = run.job.interrupts.received is not None
    if run.job.group.size == 1:
        return asked
    # All processes must leave after the same step; asking each time would cost more than it brings.
    if state.step % 10 and state.step != run.steps:
        return False
    flag = torch.tensor(float(asked), device=run.job.device)
    return bool(run.job.group.sum(flag) > 0)


def _goodbye(run: Run, state: State) -> str:
    return (
        f"interrupted by {run.job.interrupts.received or 'another process'} in epoch {state.epoch} "
        f"after step {state.step}; everything is saved. Continue with: gatekeeper train {run.trainer} "
        f"--resume {run.job.folder}{named_again(run.parts.model_type)}"
    )
