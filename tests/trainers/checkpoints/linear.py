"""A linear model as we save it."""

from pathlib import Path

from torch import nn

from trainers.checkpoints.checkpoint import Checkpoint, read_checkpoint, save_checkpoint

WIDTH, CONTEXT = 12, 5  # of the fixtures


def save(path: Path, module: nn.Module, config: dict[str, object], **extra: object) -> Checkpoint:
    """Save it, and read it again."""
    save_checkpoint(
        path, model_type="linear", model_config=config, module=module, horizon=2, context=CONTEXT, extra=extra
    )
    return read_checkpoint(path.read_bytes(), path.name)
