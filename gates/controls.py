"""Known-answer predictors: what the gates say about them shows whether the gates are sound here.

oracle        the true target row; in a rollout the true chunk of each step
copy_last     the last chunk of the context
mean_context  the mean of the context
constant      the mean of the bank, whatever the context
random        a seeded random direction per target

and those that are fitted, from ``ridge`` to ``logit`` (gates/fitted_controls.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from gates.contracts import Bank, Dataset, FloatArray, Predictor, Queries
from gates.fitted_controls import fit_controls
from gates.fitting_windows import RidgeSource
from gates.seeded import hash_rows
from schemas.records.answers import Format

_DIRECTIONS = 4_096
_CPU = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class Oracle:
    """Answers with the true row."""

    bank: Bank
    name: str = "oracle"
    device: torch.device = _CPU
    weight_format: Format | None = None
    reads_targets: bool = True

    def predict(self, queries: Queries) -> torch.Tensor:
        """Bank rows of the targets (B, D)."""
        return torch.from_numpy(self.bank.vectors[queries.target_rows])


@dataclass(frozen=True, eq=False)
class CopyLast:
    """Answers with the last context chunk."""

    name: str = "copy_last"
    device: torch.device = _CPU
    weight_format: Format | None = None
    reads_targets: bool = False

    def predict(self, queries: Queries) -> torch.Tensor:
        """``contexts[:, -1]``."""
        return queries.contexts[:, -1]


@dataclass(frozen=True, eq=False)
class MeanContext:
    """Answers with the mean of the context.

    Contexts that cancel to exactly zero have no mean direction; the last chunk stands in.
    """

    name: str = "mean_context"
    device: torch.device = _CPU
    weight_format: Format | None = None
    reads_targets: bool = False

    def predict(self, queries: Queries) -> torch.Tensor:
        """``contexts.mean(dim=1)``."""
        mean = queries.contexts.mean(dim=1)
        return torch.where((mean == 0).all(dim=1, keepdim=True), queries.contexts[:, -1], mean)


@dataclass(frozen=True, eq=False)
class Constant:
    """Answers always the same."""

    direction: FloatArray
    name: str = "constant"
    device: torch.device = _CPU
    weight_format: Format | None = None
    reads_targets: bool = False

    def predict(self, queries: Queries) -> torch.Tensor:
        """The direction (D,) for every query."""
        return torch.from_numpy(self.direction).expand(len(queries.target_rows), -1)


@dataclass(frozen=True, eq=False)
class RandomDirection:
    """Answers with a random direction chosen by a hash of the target row, whatever the context."""

    directions: FloatArray
    seed: int
    name: str = "random"
    device: torch.device = _CPU
    weight_format: Format | None = None
    reads_targets: bool = True

    def predict(self, queries: Queries) -> torch.Tensor:
        """A row of the seeded table (K, D) per query."""
        pick = hash_rows(queries.target_rows, seed=self.seed, stream="random") % np.uint64(
            len(self.directions)
        )
        return torch.from_numpy(self.directions[pick.astype(np.int64)])


def make_controls(
    dataset: Dataset, evaluated: tuple[str, ...], *, seed: int
) -> tuple[Mapping[str, Predictor], RidgeSource]:
    """All controls for a data set, in the order of :data:`schemas.records.evidence.CONTROLS`.

    Args:
        dataset: with or without a train split.
        evaluated: splits that are measured; the fitted controls are cross-fitted over them where
            there is no train split.
        seed: of the random directions, and of what is fitted.

    Returns:
        The predictors and what the fitted ones learned from.

    Raises:
        DataError: there is one article only to fit on.
    """
    bank = dataset.bank
    mean = bank.vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((_DIRECTIONS, bank.dimension)).astype(np.float32)
    fitted, source = fit_controls(dataset, evaluated, seed=seed)
    return {
        "oracle": Oracle(bank),
        "copy_last": CopyLast(),
        "mean_context": MeanContext(),
        # Vectors that cancel exactly have no mean direction; any fixed one serves.
        "constant": Constant(mean if mean.any() else bank.vectors[0]),
        "random": RandomDirection(directions, seed),
        **fitted,
    }, source
