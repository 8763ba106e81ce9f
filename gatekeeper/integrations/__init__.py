"""Every optional package but the encoder: MLflow, TensorBoard, Lightning, Transformers."""

import importlib
from types import ModuleType

CALLBACKS = ("lightning", "transformers")


def __getattr__(name: str) -> ModuleType:
    """The callbacks, so that ``gatekeeper.integrations.lightning`` needs no import of its own."""
    if name in CALLBACKS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
