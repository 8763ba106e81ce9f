"""What the callbacks of all training frameworks share: probing, keeping the best weights, stopping early."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from gatekeeper.config.given import abridged, count_given, path_given
from gatekeeper.probe import Probe, ProbeResult
from schemas.disk.atomic import write_stream
from schemas.errors import ModelError, UsageError
from schemas.reading.codec import decode, encode
from schemas.text import one_line
from trainers.loop.mini_5cat import MiniResult

PREFIX = "gatekeeper/"
"""What the names of logged metrics begin with."""


@dataclass(frozen=True)
class _Progress:
    """What a resumed training must know, so that it overwrites no better weights."""

    best: MiniResult | None
    best_epoch: int | None
    waited: int


class BestWeights:
    """Measures a model now and then; keeps the weights that the gates on val prefer.

    Args:
        probe: measures.
        every: epochs from one measurement to the next.
        keep: file for the best weights (a state dict, which ``torch.load`` reads); in memory by default.
        patience: stop after so many measurements without better weights; None goes on.
        stop_escaped: stop as soon as the model has escaped. An untrained one has, so give it an epoch or two.
        module: the submodule that maps (B, L, D) to (B, D), by its dotted name; the whole model by default.

    Attributes:
        best: what was measured of the best weights so far. best_epoch: after which epoch, from 1.
        last: the newest measurement.

    Raises:
        UsageError: ``probe`` is none, a number is below 1, or ``keep`` is no file in a folder that exists.
    """

    def __init__(
        self,
        probe: Probe,
        *,
        every: int = 1,
        keep: str | os.PathLike[str] | None = None,
        patience: int | None = None,
        stop_escaped: bool = False,
        module: str = "",
    ) -> None:
        if not isinstance(probe, Probe):
            raise UsageError(f"a callback takes a gatekeeper.Probe; found {abridged(probe)}")
        self.keep = None if keep is None else path_given(keep, "keep=, the path of a file")
        if self.keep is not None and not self.keep.parent.is_dir():
            raise UsageError(
                f"keep={str(keep)!r}: the folder {self.keep.parent} does not exist; make it first"
            )
        if self.keep is not None and self.keep.is_dir():
            raise UsageError(f"keep={str(keep)!r} is a folder; name a file in it, such as best.pt")
        self.probe, self.every, self.module = probe, count_given("every", every), module
        self.patience = None if patience is None else count_given("patience", patience)
        self.stop_escaped = stop_escaped
        self.best: ProbeResult | None = None
        self.best_epoch: int | None = None
        self.last: ProbeResult | None = None
        self._weights: Mapping[str, torch.Tensor] = {}
        self._waited = 0

    def measure(self, model: nn.Module, epoch: int, *, write: bool = True) -> dict[str, float]:
        """After an epoch: probe, and keep the weights if they are the best.

        Args:
            model: the whole model.
            epoch: that ended, from 1.
            write: this process writes the file; of several that train together, one does.

        Returns:
            Flat metrics for a logger; none in an epoch without a measurement.

        Raises:
            PredictionError: the model's answers cannot be measured.
            OutputError: the file cannot be written.
        """
        if epoch % self.every:
            return {}
        self.last = self.probe(self._probed(model))
        if self.last.better_than(self.best):
            self.best, self.best_epoch, self._waited = self.last, epoch, 0
            self._store(model, write=write)
        else:
            self._waited += 1
        return {f"{PREFIX}{name}": value for name, value in self.last.metrics.items()}

    @property
    def done(self) -> bool:
        """Whether the training shall stop."""
        escaped = self.stop_escaped and self.last is not None and self.last.escaped
        return escaped or (self.patience is not None and self._waited >= self.patience)

    def load_best(self, model: nn.Module) -> None:
        """Put the best weights into a model of the same shape.

        Raises:
            UsageError: nothing was measured yet.
            ModelError: the file is gone or another one, or the model has another shape.
        """
        if self.best is None:
            raise UsageError("there are no best weights yet: nothing was measured")
        try:
            weights = self._weights
            if self.keep is not None:
                weights = torch.load(self.keep, weights_only=True, map_location="cpu")
            model.load_state_dict(weights)
        except Exception as error:  # whatever torch finds wrong with a file
            kept = "" if self.keep is None else f" of {self.keep}"
            raise ModelError(f"the best weights{kept} cannot be loaded: {one_line(error)}") from error

    @property
    def state_key(self) -> str:
        """Under which a checkpoint keeps :meth:`state_dict`, beside those of others of this kind."""
        keep = None if self.keep is None else self.keep.name
        return f"{type(self).__qualname__}(every={self.every}, keep={keep!r}, module={self.module!r})"

    def state_dict(self) -> dict[str, Any]:
        """What goes into a checkpoint: plain values, and the weights where no file has them."""
        found = None if self.best is None else self.best.found
        progress = encode(_Progress(found, self.best_epoch, self._waited), where="the callback's state")
        return {"progress": progress, "weights": dict(self._weights)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from :meth:`state_dict`, or afresh where the best weights are gone.

        Raises:
            UsageError: it is none.
        """
        where = "the callback's state"
        progress = decode(_Progress, state_dict.get("progress"), where=where, error=UsageError)
        weights = state_dict.get("weights") or {}
        if progress.best is not None and (weights if self.keep is None else self.keep.is_file()):
            self.best, self.best_epoch = ProbeResult(progress.best), progress.best_epoch
            self._weights, self._waited = weights, progress.waited

    def _probed(self, model: nn.Module) -> nn.Module:
        try:
            return model.get_submodule(self.module)
        except AttributeError:
            known = ", ".join(repr(name) for name, _ in model.named_children())
            raise UsageError(
                f"module={self.module!r}: {type(model).__name__} has no such part; found {known or 'none'}"
            ) from None

    def _store(self, model: nn.Module, *, write: bool) -> None:
        if self.keep is None:
            self._weights = {
                name: value.detach().to("cpu", copy=True) if isinstance(value, torch.Tensor) else value
                for name, value in model.state_dict().items()
            }
        elif write:
            write_stream(self.keep, lambda file: torch.save(model.state_dict(), file))
