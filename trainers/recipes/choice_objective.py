"""What ``nce`` minimises: how surprised the cosines of a prediction are of the target among its rivals.

Nothing in that asks for a large cosine. With floors under it the loss is minimised

    subject to   mean cos(p, target) >= floor

by its Lagrangian, ``loss + price * (1 - cos)``; for unit rows 1 - cos is D / 2 times the squared error. The
price follows the running cosine, ``price <- clip(price + rate * (floor - cos), 0, cap)``, so it grows while
cosine is missing and falls when there is more than asked for, as p6c's dual variable follows its gaps.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch

from gates.contracts import Dataset
from schemas.records.splits import TRAIN
from trainers.loop.batches import Batch, WindowBatches
from trainers.loop.objective import Terms, Weight, mean_squared_error
from trainers.loop.selection import BITS_RULE
from trainers.recipes.losses import choice_loss
from trainers.recipes.rivals import Rivals, RivalSearch, Weights

RAMP = 2
"""Epochs in which the weight of the context rises from 0."""

PRICE_RATE = 0.3
"""Step of the price, in nats a cosine."""

DEAREST = 50.0
"""No price is higher: beyond, the target is hardly looked for."""

MEMORY = 0.9
"""Weight of the past in the running cosine: it looks back about ten steps."""


@dataclass(frozen=True)
class Floors:
    """Mean cosines to the target that are kept: in train, and where weights are chosen."""

    train: float
    chosen: float


class ChoiceObjective:
    """``mean of -log softmax_v(beta * cos(p, v) + log w_v)[target]`` over the target and its rivals v.

    beta is learned, through its logarithm. The squared error counts only where there are floors.

    Args:
        dataset: whose train windows are learned from.
        weights: of the rivals that join those of the target's own article.
        sharpness: where beta begins.
        device: where predictions are.
        seed: of the rivals where an article has too many.
        held_out: articles of train that choose the epochs; 0 where another split does.
        floors: under the cosine; None where it may be anything.
    """

    margin = None
    negative = "the other rows of the article that can be a target (their mean is shown)"

    def __init__(
        self,
        dataset: Dataset,
        weights: Weights,
        *,
        sharpness: float,
        device: torch.device,
        seed: int,
        held_out: int,
        floors: Floors | None = None,
    ) -> None:
        self.floors, self.price, self.scale = floors, 0.0, dataset.bank.dimension / 2.0
        self.running: float | None = None
        self.weights, self.held_out, self.epoch = weights, held_out, 1
        self.search = RivalSearch(dataset, TRAIN, seed=seed)
        self.log_sharpness = torch.nn.Parameter(torch.tensor(math.log(sharpness), device=device))

    @property
    def rule(self) -> str:
        """By bits; says where articles of train choose."""
        kept = "" if self.floors is None else f"val cosine at least {self.floors.chosen:.3f}, then "
        held = f" (here {self.held_out} articles of train that nothing is learned from)"
        return kept + BITS_RULE + (held if self.held_out else "")

    def start_epoch(self, epoch: int) -> None:
        """The context weighs more from epoch to epoch, and other rows are drawn where an article has many."""
        self.epoch = epoch

    def terms(self, predictions: torch.Tensor, batch: Batch, batches: WindowBatches) -> Terms:
        """The loss as the push. The negative is the mean rival of the article, so the gap is the lift."""
        rivals = self.search.find(batch, batches.vectors, self._weights(), epoch=self.epoch)
        rows = torch.from_numpy(rivals.rows).to(batches.vectors.device)
        candidates = batches.vectors[rows].to(predictions.device)
        cosines = torch.nn.functional.normalize(predictions, dim=-1) @ candidates.T
        loss = choice_loss(cosines, rivals.weight, rivals.target, self.log_sharpness)
        pos, neg = _mean_cosines(cosines.detach(), rivals)
        mse = mean_squared_error(predictions, batch.targets)
        return Terms(mse, loss, pos, neg, pos - neg)

    def _weights(self) -> Weights:
        """Those of this epoch."""
        return Weights(self.weights.context * min(1.0, (self.epoch - 1) / RAMP), self.weights.others)

    def weight(self, terms: torch.Tensor) -> Weight:
        """The loss counts, and the error at the price of this step."""
        if self.floors is None:
            return Weight(terms.new_ones(()), terms.new_zeros(()), 0.0)
        cosine = float(terms[2])
        self.running = cosine if self.running is None else MEMORY * self.running + (1 - MEMORY) * cosine
        wanted = self.price + PRICE_RATE * (self.floors.train - self.running)
        self.price = min(max(wanted, 0.0), DEAREST)
        return Weight(
            terms.new_ones(()), terms.new_full((), float(self.price != wanted)), self.price * self.scale
        )

    def end_epoch(self, val_cosine: float, val_margin: float) -> None:
        """Nothing is learned from the gates."""

    def admissible(self, val_cosine: float) -> bool:
        """Whether the floor is kept."""
        return self.floors is None or val_cosine >= self.floors.chosen

    def soften(self) -> None:
        """There is nothing to soften; the loop lowers the learning rate."""

    def line(self, means: Mapping[str, float]) -> str:
        """E.g. ``[NCE] loss=3.374 beta=7.50 pos=0.227 rivals=0.103 lift=+0.124``."""
        price = "" if self.floors is None else f" price={self.price:.2f}"
        return (
            f"[NCE] loss={means['push']:.3f} beta={float(self.log_sharpness.detach().exp()):.2f} "
            f"pos={means['pos']:.3f} rivals={means['neg']:.3f} lift={means['gap']:+.3f}{price}"
        )

    def state(self) -> dict[str, object]:
        """The sharpness, the price and the running cosine."""
        return {
            "log_sharpness": self.log_sharpness.detach().cpu().clone(),
            "price": self.price,
            "running": self.running,
        }

    def load(self, state: Mapping[str, object]) -> None:
        """Continue from :meth:`state`."""
        held = cast("dict[str, Any]", state)
        self.log_sharpness.data.copy_(held["log_sharpness"])
        self.price, self.running = held["price"], held["running"]


def _mean_cosines(cosines: torch.Tensor, rivals: Rivals) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean cosine to the target, and to the rivals of the article; a window without any counts as level."""
    to_target = cosines.gather(1, rivals.target[:, None])[:, 0]
    count = rivals.own.sum(dim=1)
    to_rivals = (cosines * rivals.own).sum(dim=1) / count.clamp_min(1)
    return to_target.mean(), torch.where(count > 0, to_rivals, to_target).mean()
