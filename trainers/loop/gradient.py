"""A gradient recipe: settings, an objective, and the common loop."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainers.contracts import Trained, TrainingJob
from trainers.loop.objective import Objective
from trainers.registry import architecture

if TYPE_CHECKING:
    from gates.contracts import Dataset


@dataclass(frozen=True)
class GradientTrainer:
    """Implements :class:`trainers.contracts.Trainer`.

    Attributes:
        name, summary, default_horizon: as there.
        settings: :class:`trainers.loop.settings.GradientSettings` or a subclass.
        make_objective: settings and data set -> what is minimised.
    """

    name: str
    summary: str
    default_horizon: int
    settings: type[Any]
    make_objective: Callable[[Any, "Dataset"], Objective]

    def architecture_of(self, settings: Any) -> str:  # noqa: ANN401  (a subclass of GradientSettings)
        """The one the settings name."""
        name: str = settings.architecture
        return name

    def check(self, dataset: "Dataset", settings: Any) -> None:  # noqa: ANN401  (as above)
        """Build the module without storage, and the objective."""
        import torch

        from trainers.loop.setup import module_config

        with torch.device("meta"):
            plugin = architecture(settings.architecture)
            plugin.build(module_config(dataset, settings))
        self.make_objective(settings, dataset)

    def fit(self, job: TrainingJob, settings: Any) -> Trained:  # noqa: ANN401  (as above)
        """Run the loop."""
        from trainers.loop.train import train

        return train(job, settings, self.name, self.make_objective(settings, job.dataset))
