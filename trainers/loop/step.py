"""One optimiser step: the gathered batch, its parts, its share of every process."""

import contextlib
import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from gates.contracts import IntArray
from schemas.errors import UsageError
from schemas.reasons import reason
from schemas.records.history import FIGURES
from trainers.loop.batches import WindowBatches
from trainers.loop.objective import Objective
from trainers.loop.settings import GradientSettings, Precision
from trainers.processes import Group


@dataclass(frozen=True, eq=False)
class Stepper:
    """What a step needs.

    Attributes:
        forward: the module, compiled and wrapped as the settings say.
        module: the module itself, whose weights are stepped.
        batches: the train windows. group: who shares them.
        settings: batch, clip, precision and parts.
    """

    forward: Callable[[torch.Tensor], torch.Tensor]
    module: nn.Module
    batches: WindowBatches
    group: Group
    settings: GradientSettings

    def take(self, rows: IntArray, optimizer: torch.optim.Optimizer, objective: Objective) -> torch.Tensor:
        """Step on the windows ``rows`` of the whole group and return the step's figures (F,).

        The batch is cut into ``accumulate`` parts and each part among the processes. Every share
        counts by its number of windows, so the gradient is that of the mean over the batch. The
        push's weight is made from the means of a whole part, on all processes together.
        """
        optimizer.zero_grad(set_to_none=True)
        parts = np.array_split(rows, min(self.settings.accumulate, len(rows)))
        figures = torch.zeros(len(FIGURES), device=self.batches.device)
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            figures += self._backward(part, len(rows), objective, last=last) * (len(part) / len(rows))
        nn.utils.clip_grad_norm_(self.module.parameters(), self.settings.clip)
        optimizer.step()
        return figures

    def _backward(self, part: IntArray, total: int, objective: Objective, *, last: bool) -> torch.Tensor:
        mine = self.group.part(part)
        share = len(mine) / len(part)
        # A process without a window still takes part in the sums, with one that counts nothing.
        ask = functools.partial(self._ask, last=last)
        batch = replace(self.batches.gather(mine if len(mine) else part[:1], part), ask=ask)
        terms = objective.terms(ask(batch.shown), batch, self.batches)
        means = self.group.sum(terms.detached() * share)
        weight = objective.weight(means)
        loss = terms.mse + weight.value * terms.push
        with self._unsynchronised(last):
            # Processes average their gradients, hence the factor of their number.
            (loss * (share * self.group.size * len(part) / total)).backward()  # type: ignore[no-untyped-call]
        return torch.cat(
            [(means[0] + weight.value * means[1])[None], means[:5], weight.value[None], weight.clamped[None]]
        )

    def _ask(self, contexts: torch.Tensor, *, last: bool) -> torch.Tensor:
        with self._unsynchronised(last), autocast(self.batches.device, self.settings.precision):
            return self.forward(contexts).float()

    def _unsynchronised(self, last: bool) -> AbstractContextManager[None]:
        if isinstance(self.forward, DistributedDataParallel) and not last:
            return self.forward.no_sync()
        return contextlib.nullcontext()


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager[object]:
    """bfloat16 in the forward pass where asked for; weights, loss and optimiser stay float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")


def wrap(
    module: nn.Module, settings: GradientSettings, group: Group, device: torch.device, example: torch.Tensor
) -> Callable[[torch.Tensor], torch.Tensor]:
    """The module as the loop calls it: compiled where asked for, gradients averaged over the group.

    Args:
        module: the weights.
        settings: whether to compile.
        group: who averages gradients.
        device: this process's.
        example: (1, L, D) contexts to try a compiled module on.

    Raises:
        UsageError: this machine cannot compile it.
    """
    forward: Callable[[torch.Tensor], torch.Tensor] = module
    if settings.compile:
        compiled = torch.compile(module)
        try:
            with torch.no_grad():
                compiled(example)
        except Exception as error:  # whatever the tool chain underneath raises
            raise UsageError(f"--compile does not work on this machine: {reason(error)}") from error
        forward = compiled
    if group.size > 1:
        places = [device] if device.type == "cuda" else None
        forward = DistributedDataParallel(module if forward is module else compiled, device_ids=places)
    return forward
