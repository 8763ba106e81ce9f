"""A run: what it is made of, how it begins or continues, and what it leaves on the disk."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from gates.contracts import Bank, IntArray
from schemas.reading.history import write_history
from schemas.records.history import HISTORY_FILE, HISTORY_VERSION, History
from schemas.records.splits import selecting
from trainers.checkpoints.checkpoint import read_checkpoint, save_checkpoint
from trainers.checkpoints.encoder_fact import encoder_fact
from trainers.checkpoints.saved_states import Store
from trainers.contracts import MODEL_FILE, TrainingJob
from trainers.loop import log_lines as speech
from trainers.loop.batches import WindowBatches
from trainers.loop.collapse import Watch
from trainers.loop.mini_5cat import MiniResult, MiniSuite
from trainers.loop.objective import Objective
from trainers.loop.parts import Parts
from trainers.loop.random_state import random_state, restore_random_state
from trainers.loop.selection import told_of
from trainers.loop.settings import GradientSettings
from trainers.loop.state import Learner, State, fresh_state, pack, unpack
from trainers.loop.step import Stepper, wrap


@dataclass(frozen=True, eq=False)
class Run:
    """What stays the same from the first step to the last."""

    job: TrainingJob
    settings: GradientSettings
    trainer: str
    parts: Parts
    batches: WindowBatches
    stepper: Stepper
    store: Store
    mini: MiniSuite | None  # the first process has one

    @property
    def chooses(self) -> str:
        """The split that chooses the weights."""
        return selecting(self.job.dataset.splits)

    @property
    def steps(self) -> int:
        """Steps of the present epoch."""
        return self.batches.steps(self.settings.batch_size)


def begin(
    job: TrainingJob, settings: GradientSettings, trainer: str, parts: Parts
) -> tuple[Run, Learner, State]:
    """Build everything, and continue from the saved state where the job says so."""
    dataset, device = job.dataset, job.device
    torch.manual_seed(job.seed)
    module = parts.build().to(device)
    torch.manual_seed(job.seed + job.group.rank)  # each process drops out other units
    batches = parts.batches(dataset, device, job.seed)
    example = batches.gather(batches.last_rows[:1]).inputs
    stepper = Stepper(
        wrap(module, settings, job.group, device, example), module, batches, job.group, settings
    )
    learner = make_learner(module, settings, parts, lr=settings.lr)
    constant = _constant_cosine(dataset.bank, batches.last_rows + dataset.window.horizon)
    constant = constant if parts.goal == "cosine" else 0.0  # a constant prediction has no lift
    state = fresh_state(Watch(constant, dataset.bank.dimension, parts.goal), device)
    store = Store(job.folder)
    if job.resume:
        _resume(job, store, learner, state)
    mini: list[MiniSuite] = []
    if not state.ended:
        for line in speech.plan(batches, module, settings, parts, chooses=selecting(dataset.splits)):
            job.log(f"{trainer}: {line}")

        def prepare(_: object) -> None:
            suite = MiniSuite(
                dataset,
                job.policy,
                job.options,
                samples=settings.mini_samples,
                interrupts=job.interrupts,
                goal=parts.goal,
            )
            for doubt in suite.doubts():
                job.log(f"warning: no weights can pass on this data: {doubt}")
            mini.append(suite)

        job.group.on_first(module, device, prepare)
    run = Run(job, settings, trainer, parts, batches, stepper, store, mini[0] if mini else None)
    return run, learner, state


def make_learner(module: nn.Module, settings: GradientSettings, parts: Parts, *, lr: float) -> Learner:
    """A module with a fresh optimiser and schedule."""
    groups = [
        {
            "params": list(group.parameters),
            "lr": lr * group.pace,
            "weight_decay": settings.weight_decay if group.decays else 0.0,
        }
        for group in parts.groups(module)
    ]
    optimizer = torch.optim.AdamW(groups, lr=lr, weight_decay=settings.weight_decay, fused=True)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, mode="max", factor=settings.lr_factor, patience=settings.lr_patience
    )
    return Learner(module, optimizer, scheduler, parts.objective)


def _constant_cosine(bank: Bank, targets: IntArray) -> float:
    mean = bank.vectors.mean(axis=0)
    return float(np.mean(bank.vectors[targets] @ (mean / np.linalg.norm(mean))))


def _resume(job: TrainingJob, store: Store, learner: Learner, state: State) -> None:
    notes: list[str] = []
    saved = store.latest(notes)
    for note in notes:
        job.log(f"note: {note}")
    if saved is None:
        job.log("nothing was saved yet; starting from the beginning")
        return
    random = unpack(saved, state, learner)
    restore_random_state(random[min(job.group.rank, len(random) - 1)], job.device)
    job.log(f"resumed in epoch {state.epoch} after step {state.step}")


def save(run: Run, learner: Learner, state: State) -> None:
    """Save state and history; only the first process writes."""
    random = run.job.group.collect(random_state(run.job.device))
    if run.job.group.first:
        saved = pack(state, learner, random)
        run.store.save(saved, epoch=state.epoch, step=state.step)
        tell(run, learner, state)


def tell(run: Run, learner: Learner, state: State) -> None:
    """Write the history; only the first process writes."""
    if run.job.group.first:
        write_history(history_of(run, learner.objective, state), run.job.folder / HISTORY_FILE)


def history_of(run: Run, objective: Objective, state: State) -> History:
    """The history as it stands."""
    return History(
        schema_version=HISTORY_VERSION,
        trainer=run.trainer,
        architecture=run.parts.model_type,
        negative=objective.negative,
        rule=told_of(run.chooses, objective.rule),
        epochs=tuple(state.epochs),
        warnings=tuple(state.warnings),
        best_epoch=state.best_epoch,
        ended=state.ended,
    )


def keep_best(run: Run, learner: Learner, state: State, result: MiniResult) -> None:
    """Write the weights to the run's model file, with what the gates said of them where they were chosen."""
    dataset = run.job.dataset
    save_checkpoint(
        run.job.folder / MODEL_FILE,
        model_type=run.parts.model_type,
        model_config=run.parts.model_config,
        module=learner.module,
        horizon=dataset.window.horizon,
        context=dataset.window.context,
        extra={
            "trainer": run.trainer,
            "epoch": state.epoch,
            "rule": told_of(run.chooses, learner.objective.rule),
            "chosen_on": run.chooses,
            f"{run.chooses}_cosine": result.cosine,
            f"{run.chooses}_margin": result.margin,
            f"{run.chooses}_recall": result.recall,
            **encoder_fact(dataset.bank),
        },
    )


def load_best(run: Run, learner: Learner) -> None:
    """Give every process the weights that were kept."""
    if run.job.group.first:
        path = run.job.folder / MODEL_FILE
        learner.module.load_state_dict(dict(read_checkpoint(path.read_bytes(), path.name).state))
    run.job.group.equalise(learner.module)
