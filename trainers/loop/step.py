"""One optimiser step: the gathered batch, its parts, its share of every process."""

import contextlib
import functools
from collections.abc import Callable, Sequence
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

Forward = Callable[..., torch.Tensor]
"""A module as the loop calls it, with :attr:`trainers.loop.batches.Batch.inputs`."""


@dataclass(frozen=True, eq=False)
class Stepper:
    """What a step needs.

    Attributes:
        forward: the module, compiled and wrapped as the settings say.
        module: the module itself, whose weights are stepped.
        batches: the train windows. group: who shares them.
        settings: batch, clip, precision and parts.
    """

    forward: Forward
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
        learned = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        self._average_apart(learned)
        nn.utils.clip_grad_norm_(learned, self.settings.clip)
        optimizer.step()
        return figures

    def _backward(self, part: IntArray, total: int, objective: Objective, *, last: bool) -> torch.Tensor:
        mine = self.group.part(part)
        share = len(mine) / len(part)
        # A process without a window still takes part in the sums, with one that counts nothing.
        ask = functools.partial(self._ask, last=last)
        batch = replace(self.batches.gather(mine if len(mine) else part[:1], part), ask=ask)
        terms = objective.terms(ask(*batch.inputs), batch, self.batches)
        means = self.group.sum(terms.detached() * share)
        weight = objective.weight(means)
        loss = weight.error * terms.mse + weight.value * terms.push
        with self._unsynchronised(last):
            # Processes average their gradients, hence the factor of their number.
            (loss * (share * self.group.size * len(part) / total)).backward()  # type: ignore[no-untyped-call]
        minimised = weight.error * means[0] + weight.value * means[1]
        return torch.cat([minimised[None], means[:5], weight.value[None], weight.clamped[None]])

    def _average_apart(self, learned: Sequence[nn.Parameter]) -> None:
        """Average over the processes what is learned outside the module, whose wrapper knows its own only."""
        own = {id(parameter) for parameter in self.module.parameters()}
        for parameter in learned:
            if id(parameter) not in own and parameter.grad is not None:
                parameter.grad = self.group.sum(parameter.grad) / self.group.size

    def _ask(self, *inputs: torch.Tensor, last: bool) -> torch.Tensor:
        with self._unsynchronised(last), autocast(self.batches.device, self.settings.precision):
            return self.forward(*inputs).float()

    def _unsynchronised(self, last: bool) -> AbstractContextManager[None]:
        if isinstance(self.forward, DistributedDataParallel) and not last:
            return self.forward.no_sync()
        return contextlib.nullcontext()


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager[object]:
    """bfloat16 in the forward pass where asked for; weights, loss and optimiser stay float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")


def wrap(
    module: nn.Module,
    settings: GradientSettings,
    group: Group,
    device: torch.device,
    example: tuple[torch.Tensor, ...],
) -> Forward:
    """The module as the loop calls it: compiled where asked for, gradients averaged over the group.

    Args:
        module: the weights.
        settings: whether to compile.
        group: who averages gradients.
        device: this process's.
        example: inputs of one window, to try a compiled module on.

    Raises:
        UsageError: this machine cannot compile it.
    """
    forward: Forward = module
    if settings.compile:
        compiled = torch.compile(module)
        try:
            with torch.no_grad():
                compiled(*example)
        except Exception as error:  # whatever the tool chain underneath raises
            raise UsageError(f"--compile does not work on this machine: {reason(error)}") from error
        forward = compiled
    if group.size > 1:
        places = [device] if device.type == "cuda" else None
        forward = DistributedDataParallel(module if forward is module else compiled, device_ids=places)
    return forward
