"""A module as something the gates can ask."""

from dataclasses import dataclass

import torch
from torch import nn

from gates.asking import weight_format
from gates.contracts import Queries
from schemas.errors import PredictionError
from schemas.reasons import reason
from schemas.records.answers import Format
from trainers.outputs import Output, prediction


@dataclass(frozen=True, eq=False)
class ModulePredictor:
    """A module (B, L, D) -> (B, D) as a :class:`gates.contracts.Predictor`.

    Attributes:
        module: the network. name: how messages call it. device: where it answers.
        output: the part of its answer that is the prediction (:mod:`trainers.outputs`); None where it
            returns nothing else.
    """

    module: nn.Module
    name: str
    device: torch.device
    output: Output | None = None
    reads_targets: bool = False

    @property
    def weight_format(self) -> Format | None:
        """Coarsest floating format of the module's weights."""
        return weight_format(self.module)

    def predict(self, queries: Queries) -> torch.Tensor:
        """The module's answer to the contexts; it never sees the target rows.

        Raises:
            PredictionError: as :func:`answer_with`.
        """
        return answer_with(self.module, queries.contexts, self.name, self.output)


def answer_with(
    module: nn.Module, contexts: torch.Tensor, name: str, output: Output | None = None
) -> torch.Tensor:
    """What a module makes of contexts (B, L, D).

    Raises:
        PredictionError: it raised something, or returned no ordinary tensor of real numbers.
    """
    shape = tuple(contexts.shape)  # before the module, which may change what it is given
    try:
        answer = module(contexts)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an exit from user code would look like a pass
        raise PredictionError(f"{name} cannot read contexts of shape {shape}: {reason(error)}") from error
    return prediction(answer, output, shape=shape, name=name)
