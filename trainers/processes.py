"""The processes that train together. One process alone is a group of one.

``torchrun`` starts several and tells them so through the environment. Every process holds the same
weights and works on its part of each batch; only the first one writes, prints and decides, and the
others are told what it decided.
"""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

import torch
import torch.distributed as dist
from torch import nn

from gates.asking import weight_format
from gates.contracts import IntArray, Predictor, Queries
from schemas.errors import GatekeeperError, PredictionError, UsageError
from schemas.records.answers import Format
from trainers.predictor import ModulePredictor, answer_with

T = TypeVar("T")


@dataclass(frozen=True)
class Group:
    """A process's place among those it trains with.

    Attributes:
        rank: 0 is the first. size: how many there are.
        local: number of the process on its machine.
    """

    rank: int = 0
    size: int = 1
    local: int = 0

    @property
    def first(self) -> bool:
        """Whether this process writes and prints."""
        return self.rank == 0

    def part(self, rows: IntArray) -> IntArray:
        """This process's share of a batch: consecutive windows, sizes that differ by one at most."""
        start, stop = (len(rows) * (self.rank + step) // self.size for step in (0, 1))
        return rows[start:stop]

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """The sum over all processes, in place."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def agree(self, value: T) -> T:
        """What the first process holds, on all of them; plain values only."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def collect(self, value: T) -> list[T]:
        """The values of all processes in order of rank, on all of them."""
        if self.size == 1:
            return [value]
        found: list[T | None] = [None] * self.size
        dist.all_gather_object(found, value)
        return cast("list[T]", found)

    def equalise(self, module: nn.Module) -> None:
        """Give every process the first one's weights."""
        if self.size > 1:
            for tensor in module.state_dict().values():
                dist.broadcast(tensor, src=0)

    def on_first(
        self,
        module: nn.Module,
        device: torch.device,
        work: Callable[[Predictor], T],
        *,
        name: str = "the model",
    ) -> T:
        """Let the first process ask the module while the others answer with it.

        Args:
            module: the same on all processes.
            device: this process's.
            work: run by the first process only, with a predictor whose batches are shared out.
            name: what messages call the predictor.

        Returns:
            What ``work`` returned, on all processes.

        Raises:
            GatekeeperError: what ``work`` raised, on all processes.
        """
        if self.size == 1:
            return work(ModulePredictor(module, name, device))
        outcome: tuple[T | None, GatekeeperError | None] = (None, None)
        if self.first:
            try:
                outcome = work(_Shared(module, device, self, name)), None
            except GatekeeperError as error:
                outcome = None, error
            finally:
                dist.broadcast(torch.zeros(3, dtype=torch.int64, device=device), src=0)
        else:
            self._answer(module, device, name)
        result, raised = self.agree(outcome)
        if raised is not None:
            raise raised
        return result  # type: ignore[return-value]  # None only where T allows it

    def _answer(self, module: nn.Module, device: torch.device, name: str) -> None:
        shape = torch.zeros(3, dtype=torch.int64, device=device)
        while True:
            dist.broadcast(shape, src=0)
            if int(shape[0]) == 0:
                return
            contexts = torch.empty(shape.tolist(), device=device)
            dist.broadcast(contexts, src=0)
            with contextlib.suppress(PredictionError):  # raised on all; the first one reports it
                _answer_part(module, contexts, self, name)


@dataclass(frozen=True, eq=False)
class _Shared:
    """A predictor whose batches are answered by all processes, each its part."""

    module: nn.Module
    device: torch.device
    group: Group
    name: str
    reads_targets: bool = False

    @property
    def weight_format(self) -> Format | None:
        """Coarsest floating format of the module's weights."""
        return weight_format(self.module)

    def predict(self, queries: Queries) -> torch.Tensor:
        """Send the contexts round and put the answers together."""
        contexts = queries.contexts.contiguous()
        dist.broadcast(torch.tensor(contexts.shape, dtype=torch.int64, device=self.device), src=0)
        dist.broadcast(contexts, src=0)
        return _answer_part(self.module, contexts, self.group, self.name)


def _answer_part(module: nn.Module, contexts: torch.Tensor, group: Group, name: str) -> torch.Tensor:
    """All predictions (B, D). Each process computes an equally long part; the last ones overlap.

    Raises:
        PredictionError: one of the processes has no answer; raised on all of them.
    """
    count = len(contexts)
    length = -(-count // group.size)
    starts = [min(rank * length, count - length) for rank in range(group.size)]
    failure: PredictionError | None = None
    with torch.no_grad():  # not inference_mode, as in gates.asking
        try:
            part = contexts[starts[group.rank] : starts[group.rank] + length]
            mine = answer_with(module, part, name).float().contiguous()
        except PredictionError as error:
            failure = error
        if float(group.sum(torch.tensor(float(failure is not None), device=contexts.device))) > 0.0:
            raise failure or PredictionError(f"{name} has no answer in another process")
        parts = [torch.empty_like(mine) for _ in range(group.size)]
        dist.all_gather(parts, mine)
        whole = torch.empty((count, mine.shape[1]), device=mine.device)
        for start, part in zip(starts, parts, strict=True):
            whole[start : start + length] = part
    return whole


def join_group() -> Group:
    """The group that the environment names, a single process without one.

    Raises:
        UsageError: the environment of ``torchrun`` is incomplete.
    """
    if os.environ.get("WORLD_SIZE", "1") == "1":
        return Group()
    missing = [
        name for name in ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT") if name not in os.environ
    ]
    if missing:
        raise UsageError(f"WORLD_SIZE is set but {missing[0]} is not; start several processes with torchrun")
    found = {name: os.environ[name] for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")}
    try:
        rank, size, local = (int(value) for value in found.values())
    except ValueError:
        rank, size, local = -1, 0, 0
    if not 0 <= rank < size or local < 0:
        given = ", ".join(f"{name}={value}" for name, value in found.items())
        raise UsageError(f"the environment names no place in a group: {given}; start it with torchrun")
    return Group(rank, size, local)


def connect(group: Group, device: torch.device) -> None:
    """Let the processes of a group find each other: nccl between CUDA devices, gloo otherwise."""
    if group.size > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")


def disconnect(group: Group) -> None:
    """Let go of the others."""
    if group.size > 1 and dist.is_initialized():
        dist.destroy_process_group()
