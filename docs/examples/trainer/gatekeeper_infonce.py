"""A recipe of your own: beside the squared error, pick the target among the targets of the batch.

    push = mean over i of -log softmax_j(cos(p[i], v[j]) / temperature)[i]
    loss = MSE + push_weight * push

The push is InfoNCE with the other targets of the batch as negatives (van den Oord, Li, Vinyals,
"Representation learning with contrastive predictive coding", 2018). Processes and parts of a batch
each compare their own windows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trainers import GradientSettings, GradientTrainer, MeanSquaredError, Terms, Weight, check_between

if TYPE_CHECKING:  # `gatekeeper list` and `--help` read this module without loading torch
    import torch

    from trainers import Batch, WindowBatches


@dataclass(frozen=True, kw_only=True)
class InfoNceSettings(GradientSettings):
    """Every field is a flag of ``gatekeeper train infonce`` and a key of ``[train.infonce]``."""

    temperature: float = field(default=0.05, metadata={"help": "Divides the cosines."})
    push_weight: float = field(default=1e-3, metadata={"help": "Of the contrastive loss beside the MSE."})

    def __post_init__(self) -> None:
        super().__post_init__()
        check_between("temperature", self.temperature, 0.0, 10.0)
        check_between("push_weight", self.push_weight, 0.0, 10.0)


class InfoNce(MeanSquaredError):
    """Mean squared error with a contrastive push; the gap is measured as in p1 and p6."""

    def __init__(self, settings: InfoNceSettings) -> None:
        super().__init__("InfoNCE")
        self.settings = settings
        self.softness = 1.0

    def terms(self, predictions: "torch.Tensor", batch: "Batch", batches: "WindowBatches") -> Terms:
        """The terms of the plain error, and the push."""
        from torch import arange
        from torch.nn.functional import cross_entropy, normalize

        plain = super().terms(predictions, batch, batches)
        cosines = normalize(predictions, dim=-1) @ normalize(batch.targets, dim=-1).T
        own = arange(len(cosines), device=cosines.device)
        push = cross_entropy(cosines / self.settings.temperature, own)
        return Terms(plain.mse, push, plain.pos, plain.neg, plain.gap)

    def weight(self, terms: "torch.Tensor") -> Weight:
        """The same in every step, until a collapse was rolled back."""
        value = terms.new_full((), self.settings.push_weight * self.softness)
        return Weight(value, terms.new_zeros(()))

    def soften(self) -> None:
        """Halve the weight."""
        self.softness *= 0.5

    def line(self, means: Mapping[str, float]) -> str:
        """E.g. ``[InfoNCE] mse=0.00210 ... push=1.904``."""
        return f"{super().line(means)} push={means['push']:.3f}"

    def state(self) -> dict[str, object]:
        """How often the push was softened."""
        return {"softness": self.softness}

    def load(self, state: Mapping[str, object]) -> None:
        """Continue from :meth:`state`."""
        self.softness = float(str(state["softness"]))


TRAINER = GradientTrainer(
    name="infonce",
    summary="MSE, and picking the target among the targets of the batch (horizon 1).",
    default_horizon=1,
    settings=InfoNceSettings,
    make_objective=lambda settings, dataset: InfoNce(settings),
)
