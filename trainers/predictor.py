"""A module as something the gates can ask."""

from dataclasses import dataclass

import torch
from torch import nn

from gates.contracts import Queries
from schemas.errors import PredictionError
from schemas.reasons import reason


@dataclass(frozen=True, eq=False)
class ModulePredictor:
    """A module (B, L, D) -> (B, D) as a :class:`gates.contracts.Predictor`."""

    module: nn.Module
    name: str
    device: torch.device

    def predict(self, queries: Queries) -> torch.Tensor:
        """The module's answer to the contexts; it never sees the target rows.

        Raises:
            PredictionError: the module raised something or returned no tensor.
        """
        try:
            answer = self.module(queries.contexts)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # an exit from user code would look like a pass
            shape = tuple(queries.contexts.shape)
            raise PredictionError(
                f"{self.name} cannot read contexts of shape {shape}: {reason(error)}"
            ) from error
        if not isinstance(answer, torch.Tensor):
            raise PredictionError(f"{self.name} must return one tensor; found {type(answer).__name__}")
        return answer
