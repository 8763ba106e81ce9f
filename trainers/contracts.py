"""Contracts of the plug-ins: what an architecture and a trainer are."""

import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from schemas.errors import ModelError, UsageError
from schemas.reading.number import real, whole
from schemas.reasons import reason
from schemas.records.history import Epoch, History, Steps
from schemas.records.policy import Policy
from trainers.interrupts import Interrupts

if TYPE_CHECKING:  # plug-ins are found, described and given flags by programs that must start without torch
    import torch
    from torch import nn

    from gates.contracts import Dataset
    from gates.options import Options
    from trainers.processes import Group

ConfigValue = int | float
"""Sizes are whole numbers from 1 to 1,000,000, ``num_layers`` to 1000; rates (``dropout``) lie in [0, 1)."""

MODEL_FILE = "best_model.pt"
"""What every trainer leaves in its run folder."""

LARGEST = 1_000_000

MOST_LAYERS = 1_000
"""Layers are Python objects even where they get no storage, so a wrong count would cost hours."""


@dataclass(frozen=True)
class Architecture:
    """A family of modules (B, L, D) -> (B, D), built from a plain configuration.

    Attributes:
        name: as in a checkpoint's ``model_type``.
        summary: one line for people.
        make: builds the module from keyword arguments.
        defaults: key -> value of everything but the dimensions.
        dimensions: dimension and context length -> the remaining keys.
        optional: keys with a value that follows from the others when absent.
        sizes: name of a size for users (``layers``, ``width``, ...) -> its key.
    """

    name: str
    summary: str
    make: "Callable[..., nn.Module]"
    defaults: Mapping[str, ConfigValue]
    dimensions: Callable[[int, int], Mapping[str, int]]
    optional: tuple[str, ...] = ()
    sizes: Mapping[str, str] = field(default_factory=dict)

    def sized_config(
        self, *, dimension: int, context: int, sizes: Mapping[str, ConfigValue]
    ) -> dict[str, object]:
        """:meth:`default_config` with some sizes replaced, by their names for users.

        Raises:
            UsageError: this architecture has no such size.
        """
        config = self.default_config(dimension=dimension, context=context)
        for size, value in sizes.items():
            if size not in self.sizes:
                known = ", ".join(self.sizes) or "none"
                raise UsageError(f"architecture {self.name!r} has no size {size!r}; its sizes: {known}")
            config[self.sizes[size]] = value
        return config

    def default_config(self, *, dimension: int, context: int) -> dict[str, object]:
        """The configuration for vectors of a width and contexts of a length."""
        return {**self.dimensions(dimension, context), **self.defaults}

    def build(self, config: Mapping[str, object]) -> "nn.Module":
        """Build the module; keys that are absent take their default.

        Raises:
            ModelError: an unknown or missing key, or a value that is no size.
        """
        needed = tuple(key for key in self.dimensions(1, 1) if key not in self.optional)
        known = {*needed, *self.optional, *self.defaults}
        unknown = sorted(config.keys() - known)
        if unknown:
            raise ModelError(
                f"architecture {self.name!r} has no setting {unknown[0]!r}; known: {', '.join(sorted(known))}"
            )
        missing = [key for key in needed if key not in config]
        if missing:
            raise ModelError(f"architecture {self.name!r} needs {missing[0]!r} in model_config")
        merged = {**self.defaults, **{key: _checked(self.name, key, config[key]) for key in config}}
        try:
            return self.make(**merged)
        except (AssertionError, ValueError, RuntimeError) as error:
            raise ModelError(
                f"architecture {self.name!r} cannot be built from {merged}: {reason(error)}"
            ) from error


def _checked(name: str, key: str, value: object) -> ConfigValue:
    if key == "dropout":
        rate = real(value)
        if rate is not None and 0.0 <= rate < 1.0:
            return rate
        raise ModelError(f"architecture {name!r}: {key} must lie in [0, 1); found {reprlib.repr(value)}")
    most = MOST_LAYERS if key == "num_layers" else LARGEST
    size = whole(value)
    if size is None or not 1 <= size <= most:
        raise ModelError(
            f"architecture {name!r}: {key} must be a whole number from 1 to {most}; "
            f"found {reprlib.repr(value)}"
        )
    return size


@dataclass(frozen=True)
class RunStart:
    """Where a run begins, or goes on.

    Attributes:
        epochs: in all. steps: of each, or of one with all windows where a recipe begins with some.
        epoch: that comes next, from 1. step: already done in it.
        done: the epochs before it.
        part: means from log line to log line of the part of it that is done.
    """

    epochs: int
    steps: int
    epoch: int = 1
    step: int = 0
    done: tuple[Epoch, ...] = ()
    part: tuple[Steps, ...] = ()


@dataclass(frozen=True, eq=False)
class StepProgress:
    """A step that was just taken.

    Attributes:
        epoch: from 1. step: in it, from 1. steps: of this epoch.
        samples: windows trained on in this epoch. seconds: spent on them.
        means: the figures since the last log line (name in :data:`schemas.records.history.FIGURES` -> mean).
            Asking waits for the device, so ask a few times a second, not at every step.
    """

    epoch: int
    step: int
    steps: int
    samples: int
    seconds: float
    means: Callable[[], Mapping[str, float]]


class Monitor:
    """Hears of everything and does nothing; a subclass answers what it cares for."""

    def begin(self, start: RunStart) -> None:
        """Before the first step; also where a run is resumed, with what it had done before."""

    def step(self, progress: StepProgress) -> None:
        """After every step. It runs between two steps, so it must be quick."""

    def interval(self, epoch: int, steps: Steps) -> None:
        """With every log line: the means since the one before."""

    def epoch(self, record: Epoch) -> None:
        """After every epoch and its Mini-5CAT, with what the history keeps of it."""


def _alone() -> "Group":
    from trainers.processes import Group

    return Group()


@dataclass(frozen=True, eq=False)
class TrainingJob:
    """What a trainer is asked to do, and where.

    Attributes:
        dataset: with the splits ``train``, ``val`` and ``ood``, and maybe ``select``, on which epochs are
            then chosen (:func:`schemas.records.splits.selecting`); its context and horizon are what the
            model is trained for.
        seed: of everything random.
        device: where to train.
        folder: the run folder; the trainer leaves :data:`MODEL_FILE` there.
        policy: its checks on val choose the weights that are kept; ``select`` stands in val's place.
        options: how the gates measure.
        log: takes a line for people; silent on all processes but the first.
        group: the processes that train together.
        interrupts: whether somebody asked the run to end.
        monitor: told of steps and epochs, on the first process.
        resume: continue from the states saved in ``folder``.
    """

    dataset: "Dataset"
    seed: int
    device: "torch.device"
    folder: Path
    policy: Policy
    options: "Options"
    log: Callable[[str], None]
    group: "Group" = field(default_factory=_alone)
    interrupts: Interrupts = field(default_factory=Interrupts)
    monitor: Monitor = field(default_factory=Monitor)
    resume: bool = False


@dataclass(frozen=True)
class Trained:
    """What a trainer did.

    Attributes:
        summary: one line for people.
        history: of its epochs; None for a trainer without any.
    """

    summary: str
    history: History | None = None


class Trainer(Protocol):
    """A recipe. Its settings are a frozen dataclass; each field's metadata holds a line of help.

    Flags of ``gatekeeper train NAME`` and keys of ``[train.NAME]`` are made from the fields, so a
    recipe declares its knobs once.
    """

    @property
    def name(self) -> str:
        """As in ``gatekeeper train NAME``."""
        ...

    @property
    def summary(self) -> str:
        """One line for ``--help``."""
        ...

    @property
    def default_horizon(self) -> int:
        """Places from last chunk to target where neither data nor user says so."""
        ...

    @property
    def settings(self) -> type[Any]:
        """The dataclass of its knobs."""
        ...

    def architecture_of(self, settings: Any) -> str:  # noqa: ANN401  (its own dataclass)
        """Registered architecture it will train, for the name of the run folder."""
        ...

    def check(self, dataset: "Dataset", settings: Any) -> None:  # noqa: ANN401  (its own dataclass)
        """Refuse what cannot be trained, before anything is written.

        Raises:
            GatekeeperError: an unknown architecture, a size it lacks, settings that do not fit the data.
        """
        ...

    def fit(self, job: TrainingJob, settings: Any) -> Trained:  # noqa: ANN401  (its own dataclass)
        """Train, and write the model to ``job.folder / MODEL_FILE``.

        Raises:
            GatekeeperError: any; in particular :class:`schemas.errors.Interrupted`.
        """
        ...
