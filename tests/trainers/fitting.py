"""Small settings of any recipe, and a training with them."""

from collections.abc import Callable
from typing import Any

from trainers.contracts import Trained, TrainingJob
from trainers.loop.settings import GradientSettings
from trainers.registry import trainer, trainer_names

MakeJob = Callable[..., TrainingJob]
SMALL: dict[str, Any] = {"epochs": 2, "layers": 1, "width": 16, "heads": 2, "mini_samples": 120}

EARLY: dict[str, dict[str, Any]] = {
    "p2": {"guards_from": 2},
    "p3": {"guards_from": 2},
    "p4": {"guards_from": 2, "rollout_epochs": (1, 2)},
    "p5": {"easy": (-1.0, -2.0), "middle": (-1.0, -2.0), "leave": (-2.0, 0.0), "stage_epochs": 1},
}
"""What a recipe does in a late epoch by default, done in the tests' second one; and stages of all windows."""

GRADIENT = [name for name in trainer_names() if issubclass(trainer(name).settings, GradientSettings)]

CONTINUED = ("p2", "p4", "p5")
"""Those that are interrupted in what they do late, and continued; p4 is p3 and more."""


def settings(name: str, **more: object) -> Any:  # noqa: ANN401  (each recipe has its own)
    kind = trainer(name).settings
    return kind(**({**SMALL, **EARLY.get(name, {}), **more} if issubclass(kind, GradientSettings) else {}))


def fit(job: TrainingJob, name: str, **more: object) -> Trained:
    return trainer(name).fit(job, settings(name, **more))
