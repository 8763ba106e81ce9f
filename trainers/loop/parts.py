"""What a recipe brings to the loop: a model, an objective, its batches, and what the run works for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import nn

from gates.contracts import Dataset, IntArray
from schemas.records.splits import TRAIN
from trainers.contracts import ConfigValue
from trainers.loop.batches import WindowBatches
from trainers.loop.goal import Goal
from trainers.loop.mini_5cat import MiniResult
from trainers.loop.noise import Noise
from trainers.loop.objective import Objective
from trainers.loop.settings import SIZES, GradientSettings
from trainers.own_architecture import chosen_architecture


@dataclass(frozen=True, eq=False)
class Learned:
    """Parameters that are stepped alike.

    Attributes:
        parameters: which.
        pace: multiplies the learning rate.
        decays: whether weight decay pulls at them.
    """

    parameters: tuple[nn.Parameter, ...]
    pace: float = 1.0
    decays: bool = True


def all_alike(module: nn.Module) -> tuple[Learned, ...]:
    """Every parameter of a module, in one group."""
    return (Learned(tuple(module.parameters())),)


@dataclass(frozen=True, eq=False)
class Parts:
    """What a run is put together from, for one data set.

    Attributes:
        objective: what is minimised.
        model_type, model_config: registered architecture that is saved, and what it is built from.
        build: makes the module that is trained, saved and measured: of that architecture, or a wrapper that
            :func:`trainers.checkpoints.checkpoint.restore` knows around it.
        batches: train windows, device and seed -> batches.
        stop: what the gates found after an epoch -> why the training is over, "" while it goes on.
        goal: what the run works for.
        groups: the module -> what is learned, the objective's own parameters included; the first group's
            learning rate is the run's.
    """

    objective: Objective
    model_type: str
    model_config: Mapping[str, object]
    build: Callable[[], nn.Module]
    batches: Callable[[Dataset, torch.device, int], WindowBatches]
    stop: Callable[[MiniResult], str] = lambda gates: ""
    goal: Goal = "cosine"
    groups: Callable[[nn.Module], tuple[Learned, ...]] = all_alike


def plain_parts(
    dataset: Dataset,
    settings: GradientSettings,
    objective: Objective,
    *,
    dress: Callable[[nn.Module], nn.Module],
    extra_inputs: int,
    noise: Noise | None,
    chosen: Callable[[], IntArray | None],
    stop: Callable[[MiniResult], str],
) -> Parts:
    """The architecture of the settings, windows of train in a seeded order, every parameter alike.

    Args:
        dataset: what the model is for.
        settings: of the run.
        objective: what is minimised.
        dress: a fresh network -> the module that is trained: a wrapper of it, or itself.
        extra_inputs: how many numbers a chunk that wrapper appends.
        noise: what becomes of some last chunks before the model sees them; None leaves them alone.
        chosen: the last rows of the train windows of this epoch; None where all are meant.
        stop: as there.

    Raises:
        ModelError: unknown architecture. UsageError: it lacks a size.
    """
    plugin = chosen_architecture(settings.architecture)
    config = module_config(dataset, settings, extra=extra_inputs)
    return Parts(
        objective,
        settings.architecture,
        config,
        build=lambda: dress(plugin.build(config)),
        batches=lambda dataset, device, seed: WindowBatches(
            dataset, TRAIN, device=device, seed=seed, noise=noise, chosen=chosen
        ),
        stop=stop,
    )


def module_config(dataset: Dataset, settings: GradientSettings, *, extra: int = 0) -> Mapping[str, object]:
    """What the settings make of their architecture for vectors and contexts of this data set.

    Args:
        dataset: whose.
        settings: with the sizes that somebody names.
        extra: how many numbers a wrapper appends to each vector.

    Raises:
        ModelError: unknown architecture. UsageError: it lacks a size.
    """
    plugin = chosen_architecture(settings.architecture)
    dimension = dataset.bank.dimension + extra
    return plugin.sized_config(
        dimension=dimension, context=dataset.window.context, sizes=given_sizes(settings)
    )


def given_sizes(settings: GradientSettings) -> dict[str, ConfigValue]:
    """The sizes that the settings name, by their names for users."""
    return {name: value for name in SIZES if (value := getattr(settings, name)) is not None}
