"""Everything of a run that changes while it trains, and how it becomes a file and comes back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import nn

from schemas.errors import ReportError, TrainingError
from schemas.reading.codec import decode, encode
from schemas.reasons import reason
from schemas.records.history import FIGURES, Epoch, Steps, Warned
from trainers.loop.collapse import Watch
from trainers.loop.objective import Objective
from trainers.loop.selection import Standing


@dataclass(eq=False)
class Learner:
    """The parts that learn.

    Attributes:
        module: the weights. optimizer, scheduler: of them. objective: what is minimised.
    """

    module: nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: torch.optim.lr_scheduler.ReduceLROnPlateau
    objective: Objective


@dataclass(eq=False)
class State:
    """Where a run is.

    Attributes:
        watch: of collapse.
        interval: (F,) sum of :data:`schemas.records.history.FIGURES` since the last log line, and
            ``interval_steps``, the number of steps in it.
        bad: the first step of this epoch whose loss was no number, 0 while there is none.
        epoch: being trained, from 1. step: done in it. samples, seconds: spent in it. steps: its log
            lines so far.
        best: standing of the kept weights and the epoch they are of.
        epochs, warnings: of the history.
        rollbacks: so far.
        collapse: why the present weights are lost, "" while they are not. Never saved: a run that is
            interrupted now continues from before its collapse and meets it again.
        ended: why the training is over.
    """

    watch: Watch
    interval: torch.Tensor
    bad: torch.Tensor
    interval_steps: int = 0
    epoch: int = 1
    step: int = 0
    samples: int = 0
    seconds: float = 0.0
    steps: list[Steps] = field(default_factory=list)
    best: Standing | None = None
    best_epoch: int | None = None
    epochs: list[Epoch] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    rollbacks: int = 0
    collapse: str = ""
    ended: str = ""


_PLAIN = (
    "epoch",
    "step",
    "samples",
    "seconds",
    "best_epoch",
    "rollbacks",
    "ended",
)


def fresh_state(watch: Watch, device: torch.device) -> State:
    """Before the first step."""
    return State(
        watch=watch,
        interval=torch.zeros(len(FIGURES), device=device),
        bad=torch.zeros((), dtype=torch.int64, device=device),
    )


def pack(state: State, learner: Learner, random: list[dict[str, torch.Tensor]]) -> dict[str, object]:
    """Plain values and tensors; ``random`` holds the random state of each process."""
    return {
        **{name: getattr(state, name) for name in _PLAIN},
        "window": state.interval.cpu(),  # under the names that saved states have had from the first
        "window_steps": state.interval_steps,
        "watch": state.watch.state(),
        "steps": _text(state.steps),
        "epochs": _text(state.epochs),
        "warnings": _text(state.warnings),
        "best": None if state.best is None else vars(state.best),
        "model": learner.module.state_dict(),
        "optimizer": learner.optimizer.state_dict(),
        "scheduler": learner.scheduler.state_dict(),
        "objective": learner.objective.state(),
        "random": random,
    }


def unpack(saved: Mapping[str, object], state: State, learner: Learner) -> list[dict[str, torch.Tensor]]:
    """Continue from :func:`pack`: fills ``state`` and ``learner``, returns the random states.

    Raises:
        TrainingError: the saved state is not one of this run.
    """
    try:
        parts = cast("dict[str, Any]", saved)
        learner.module.load_state_dict(parts["model"])
        learner.optimizer.load_state_dict(parts["optimizer"])
        learner.scheduler.load_state_dict(parts["scheduler"])
        learner.objective.load(parts["objective"])
        for name in _PLAIN:
            setattr(state, name, parts[name])
        state.interval = parts["window"].to(state.interval.device)
        state.interval_steps = parts["window_steps"]
        state.watch = Watch(**parts["watch"])
        state.steps = list(decode(tuple[Steps, ...], _content(parts["steps"])))
        state.epochs = list(decode(tuple[Epoch, ...], _content(parts["epochs"])))
        state.warnings = list(decode(tuple[Warned, ...], _content(parts["warnings"])))
        state.best = None if parts["best"] is None else Standing(**parts["best"])
        return list(parts["random"])
    except (
        ReportError,
        AttributeError,
        LookupError,
        OverflowError,
        TypeError,
        ValueError,
        RuntimeError,
    ) as error:
        raise TrainingError(f"the saved state does not fit this run: {reason(error)}") from error


def _text(records: Sequence[object]) -> str:
    """As one value: a state is read back whenever it is saved, and of thousands each would be looked at."""
    return json.dumps(encode(records, where="state"))


def _content(saved: object) -> object:
    """Of :func:`_text`; the states of older versions hold the figures themselves."""
    return json.loads(saved) if isinstance(saved, str) else saved
