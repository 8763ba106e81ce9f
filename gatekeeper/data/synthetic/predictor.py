"""The predictor R^j of a synthetic world as a checkpoint that ``gatekeeper eval`` loads."""

from pathlib import Path

import torch
from torch import nn

from gatekeeper.data.synthetic.worlds import CONTEXT, World, predictor_weight
from schemas.errors import ModelError
from trainers.checkpoints.checkpoint import save_checkpoint
from trainers.registry import architecture


def write_predictor(path: Path, world: World, *, power: float) -> None:
    """Write a ``linear`` checkpoint that applies R^power to the last chunk and ignores the others.

    Args:
        path: file to write.
        world: whose rotation.
        power: j.

    Raises:
        OutputError: the file cannot be written.
    """
    config = {"input_dim": world.dimension, "context": CONTEXT}
    module = architecture("linear").build(config)
    projection = getattr(module, "projection", None)
    if not isinstance(projection, nn.Linear):
        raise ModelError("the registered architecture 'linear' has no linear layer named 'projection'")
    with torch.no_grad():
        projection.weight.copy_(torch.from_numpy(predictor_weight(world, power=power)))
        if projection.bias is not None:
            projection.bias.zero_()
    save_checkpoint(
        path,
        model_type="linear",
        model_config=config,
        module=module,
        horizon=world.horizon,
        context=CONTEXT,
        extra={"power": power, "angle": world.angle, "rho": world.rho},
    )
