"""A gradient recipe: settings, an objective, and the common loop."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainers.contracts import Trained, TrainingJob
from trainers.loop.objective import Objective
from trainers.own_architecture import chosen_architecture
from trainers.own_code import is_spec

if TYPE_CHECKING:
    from torch import nn

    from gates.contracts import Dataset, IntArray
    from trainers.loop.mini_5cat import MiniResult
    from trainers.loop.noise import Noise


def as_built(objective: Objective, module: "nn.Module") -> "nn.Module":
    """The network itself, in no wrapper."""
    return module


def without_noise(settings: object) -> None:
    """Every window is shown as it is."""


def all_windows(objective: Objective) -> None:
    """Every epoch trains on all windows."""


def never(objective: Objective, gates: "MiniResult") -> str:
    """The gates end no training."""
    return ""


@dataclass(frozen=True)
class GradientTrainer:
    """Implements :class:`trainers.contracts.Trainer`.

    Attributes:
        name, summary, default_horizon: as there.
        settings: :class:`trainers.loop.settings.GradientSettings` or a subclass.
        make_objective: settings and data set -> what is minimised.
        dress: objective and fresh network -> the module that is trained, saved and measured; a wrapper that
            :func:`trainers.checkpoints.checkpoint.restore` knows, or the network itself.
        extra_inputs: how many numbers a chunk that wrapper appends.
        noise: settings -> what becomes of some last chunks while it trains, or None.
        chosen: objective -> the last rows of the train windows of this epoch, or None for all.
        stop: objective and what the gates found after an epoch -> why the training is over, or "".
    """

    name: str
    summary: str
    default_horizon: int
    settings: type[Any]
    make_objective: Callable[[Any, "Dataset"], Objective]
    dress: Callable[[Any, "nn.Module"], "nn.Module"] = as_built
    extra_inputs: int = 0
    noise: Callable[[Any], "Noise | None"] = without_noise
    chosen: Callable[[Any], "IntArray | None"] = all_windows
    stop: Callable[[Any, "MiniResult"], str] = never

    def architecture_of(self, settings: Any) -> str:  # noqa: ANN401  (a subclass of GradientSettings)
        """The one the settings name."""
        name: str = settings.architecture
        return name

    def check(self, dataset: "Dataset", settings: Any) -> None:  # noqa: ANN401  (as above)
        """Build the module without storage, and the objective."""
        import torch

        from trainers.loop.first_try import try_out
        from trainers.loop.parts import module_config

        plugin = chosen_architecture(settings.architecture)
        config = module_config(dataset, settings)
        with torch.device("meta"):
            plugin.build(config)
        if is_spec(settings.architecture):
            try_out(plugin, config, dataset)
        self.make_objective(settings, dataset)

    def fit(self, job: TrainingJob, settings: Any) -> Trained:  # noqa: ANN401  (as above)
        """Run the loop."""
        from trainers.loop.parts import plain_parts
        from trainers.loop.train import train

        objective = self.make_objective(settings, job.dataset)
        parts = plain_parts(
            job.dataset,
            settings,
            objective,
            dress=functools.partial(self.dress, objective),
            extra_inputs=self.extra_inputs,
            noise=self.noise(settings),
            chosen=functools.partial(self.chosen, objective),
            stop=functools.partial(self.stop, objective),
        )
        return train(job, settings, self.name, parts)
