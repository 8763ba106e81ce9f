"""A model ready to be measured: a module that somebody holds or that was loaded, or a control."""

import contextlib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from gatekeeper.config.window import SILENT, WindowClaim
from gatekeeper.evaluation.controls import control_name
from gates.asking import ask
from gates.contracts import Dataset, Predictor
from gates.windows import context_rows
from schemas.errors import ModelError
from schemas.records.model import ModelFormat, ModelInput
from schemas.records.splits import EVALUATED
from trainers.checkpoints.encoder_fact import EncoderFact
from trainers.outputs import Output
from trainers.predictor import ModulePredictor


@dataclass(frozen=True, eq=False)
class Candidate:
    """A model ready to be measured.

    Attributes:
        predictor: answers queries; of a file or factory a module on its device, in evaluation mode.
        info: what a report says about it.
        trained: the shape of a window it was trained for, where its file says so.
        notes: what was read otherwise than it stands in the file, a sentence each.
        trained_on: the encoder of the vectors it was trained on, where its file says so.
    """

    predictor: Predictor
    info: ModelInput
    trained: WindowClaim = SILENT
    notes: tuple[str, ...] = ()
    trained_on: EncoderFact | None = None


def control_candidate(spec: str, controls: Mapping[str, Predictor]) -> Candidate:
    """A built-in control, ``control:NAME``, as the model under evaluation.

    Raises:
        UsageError: there is none of that name.
    """
    name = control_name(spec)
    return Candidate(controls[name], describe(spec, "control", name))


def module_candidate(
    module: nn.Module, name: str | None = None, *, output: Output | None = None
) -> Candidate:
    """A module that somebody holds, where its weights lie; it is neither moved nor switched to another mode.

    Args:
        module: (B, L, D) -> (B, D).
        name: what reports and messages call it; its class's name by default.
        output: the part of its answer that is the prediction (:mod:`trainers.outputs`).

    Raises:
        ModelError: a weight has no shape yet.
    """
    first = next(itertools.chain(module.parameters(), module.buffers()), torch.empty(0))
    kind = type(module)
    called = kind.__name__ if name is None else name
    if any(map(is_lazy, module.parameters())):
        raise ModelError(
            f"{called} has lazy layers whose weights have no shape yet; call it on a batch first"
        )
    info = describe(called, "factory", f"{kind.__module__}:{kind.__qualname__}", module)
    return Candidate(ModulePredictor(module, called, first.device, output), info)


@contextlib.contextmanager
def answering(module: nn.Module) -> Iterator[None]:
    """In evaluation mode within the block, and afterwards each of its parts in the mode it was in."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def candidate_on(device: torch.device, module: nn.Module, info: ModelInput) -> Candidate:
    """A module of a file or a factory, moved to the device."""
    module.to(device)  # in place; an own class may override it and return nothing
    return Candidate(ModulePredictor(module, info.spec, device), info)


def describe(
    name: str,
    kind: Literal["checkpoint", "control", "factory", "exported", "weights"],
    architecture: str,
    module: nn.Module | None = None,
    file: "tuple[str, ModelFormat] | tuple[None, None]" = (None, None),
) -> ModelInput:
    """What a report says of a model, and of the file it came from: (digest, format)."""
    digest, form = file
    return ModelInput(
        spec=name,
        kind=kind,
        architecture=architecture,
        sha256=digest,
        format=form,
        prefix=None,
        parameters=0 if module is None else sum(each.numel() for each in module.parameters()),
        fingerprint="not applicable",
        training=None,
    )


def check_width(predictor: Predictor, dataset: Dataset) -> None:
    """One forward pass on a real window, so that a misfit is told before anything is measured.

    Without a val split there is no window, and nothing is checked.

    Raises:
        PredictionError: the model does not map (1, L, D) to (1, D).
    """
    if EVALUATED[0] not in dataset.splits:
        return  # what is missing is told where the windows are drawn
    row = dataset.splits[EVALUATED[0]].last_rows[:1]
    window = dataset.window
    chunks = dataset.bank.vectors[context_rows(row, window.context)]  # a copy, which the model may change
    ask(predictor, chunks, row + window.horizon)
