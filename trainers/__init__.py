"""Pluggable trainers and architectures, found through entry points.

What a plug-in needs is importable from here, and loaded when it is asked for: a plug-in is found, listed and
given flags by programs that start without torch.
"""

from typing import TYPE_CHECKING

_PUBLIC = {
    "MODEL_FILE": "trainers.contracts",
    "Architecture": "trainers.contracts",
    "Batch": "trainers.loop.batches",
    "GradientSettings": "trainers.loop.settings",
    "GradientTrainer": "trainers.loop.gradient",
    "MeanSquaredError": "trainers.recipes.mse",
    "Objective": "trainers.loop.objective",
    "Terms": "trainers.loop.objective",
    "Trained": "trainers.contracts",
    "Trainer": "trainers.contracts",
    "TrainingJob": "trainers.contracts",
    "Weight": "trainers.loop.objective",
    "WindowBatches": "trainers.loop.batches",
    "check_between": "trainers.loop.settings",
    "save_checkpoint": "trainers.checkpoints.checkpoint",
}
"""Public name -> the module that holds it."""

__all__ = sorted(_PUBLIC)

if TYPE_CHECKING:
    from trainers.checkpoints.checkpoint import save_checkpoint as save_checkpoint
    from trainers.contracts import MODEL_FILE as MODEL_FILE
    from trainers.contracts import Architecture as Architecture
    from trainers.contracts import Trained as Trained
    from trainers.contracts import Trainer as Trainer
    from trainers.contracts import TrainingJob as TrainingJob
    from trainers.loop.batches import Batch as Batch
    from trainers.loop.batches import WindowBatches as WindowBatches
    from trainers.loop.gradient import GradientTrainer as GradientTrainer
    from trainers.loop.objective import Objective as Objective
    from trainers.loop.objective import Terms as Terms
    from trainers.loop.objective import Weight as Weight
    from trainers.loop.settings import GradientSettings as GradientSettings
    from trainers.loop.settings import check_between as check_between
    from trainers.recipes.mse import MeanSquaredError as MeanSquaredError
else:

    def __getattr__(name: str) -> object:
        """Load a public name."""
        if name not in _PUBLIC:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = getattr(import_module(_PUBLIC[name]), name)
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
