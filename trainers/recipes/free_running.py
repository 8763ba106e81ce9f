"""Predictions that are read again: what a model says some steps on, from what it said before."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from trainers.loop.batches import Batch, WindowBatches


@dataclass(frozen=True, eq=False)
class FreeRun:
    """Steps of a batch, from the target on.

    Attributes:
        predictions: (S, B, D) of the chunks target, target + 1, ...; the gradient runs through all steps.
        targets: (S, B, D) those chunks.
        exists: (S, B) whether the chunk is there, and all that the step reads; a step that does not exist is
            any vector.
    """

    predictions: torch.Tensor
    targets: torch.Tensor
    exists: torch.Tensor


def free_run(predictions: torch.Tensor, batch: "Batch", batches: "WindowBatches", *, steps: int) -> FreeRun:
    """Run a model on its own predictions, as gate D does.

    Step j (from 1) predicts the chunk at target + j - 1. A place of its context that lies behind the window's
    last chunk holds the model's own prediction of it, of length 1, made from the context that ends a horizon
    before it; at horizon 2 that of the skipped chunk comes from the window one place earlier.

    Args:
        predictions: (B, D) of the batch, which are the first step.
        batch: with a model to ask.
        batches: whose chunks they are.
        steps: at least 1.
    """
    context, horizon, rows = batches.context, batches.horizon, batch.last_rows
    # By its place behind the last chunk, which is place 0: the target's is the horizon.
    own = {horizon: predictions}
    for place in range(1, min(horizon, steps)):
        own[place] = batch.ask(batches.contexts_before(rows, horizon - place)[0])
    for end in range(1, steps):
        read = [
            nn.functional.normalize(own[place], dim=-1) for place in range(max(1, end - context + 1), end + 1)
        ]
        true = batch.contexts[:, end:]
        own[horizon + end] = batch.ask(torch.cat([true, torch.stack(read, dim=1)], dim=1))
    found = [batches.neighbours(rows, offset) for offset in range(steps)]
    exists = torch.stack([there(rows, batches, offset).to(predictions.device) for offset in range(steps)])
    return FreeRun(
        torch.stack([own[horizon + step] for step in range(steps)]),
        torch.stack([chunks for chunks, _ in found]),
        exists,
    )


def there(rows: torch.Tensor, batches: "WindowBatches", offset: int) -> torch.Tensor:
    """(B,) whether the step ``offset`` places behind the target exists, and all it reads.

    What it reads begins ``horizon`` - 1 places before the window where it reads a prediction of a skipped
    chunk.
    """
    target = batches.exists(rows, offset)
    return target if offset == 0 else target & batches.reaches_back(rows, batches.horizon - 1)
