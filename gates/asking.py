"""What a predictor answers, taken as unit rows: dense, real, finite numbers of a known format."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import torch

from gates.contracts import BoolArray, DoubleArray, FloatArray, IntArray, Predictor, Queries
from gates.geometry import without_extremes
from schemas.errors import PredictionError
from schemas.records.answers import EPS, Format, coarsest

FORMATS: Mapping[torch.dtype, Format] = MappingProxyType(
    {getattr(torch, name): name for name in EPS}  # type: ignore[misc]  # the keys are the formats
)
"""Floating formats an answer may have."""

_WHOLE = (
    torch.bool,
    torch.uint8,
    torch.uint16,
    torch.uint32,
    torch.uint64,
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
)

_PLAIN = (torch.Tensor, torch.nn.Parameter)

_COMPUTED_IN: tuple[torch.dtype, ...] = (torch.bfloat16, torch.float16, torch.float32)
"""Narrow to wide. Networks store numbers of eight bits, but do not add in them; and signs or small
whole numbers, which eight bits hold too, are as precise as what they were rounded from."""


@dataclass(eq=False)
class SeenFormats:
    """The formats of all answers so far.

    Attributes:
        answered: the coarsest floating format among them, None while all were whole numbers.
        holding: formats that hold every number so far exactly, narrow to wide.
    """

    answered: Format | None = None
    holding: list[torch.dtype] = field(default_factory=lambda: list(_COMPUTED_IN))

    def see(self, answer: torch.Tensor) -> None:
        """Take note of one answer on the CPU."""
        if answer.dtype in FORMATS:
            self.answered = coarsest(self.answered, FORMATS[answer.dtype])
        self.holding = [each for each in self.holding if _holds(answer, each)]

    @property
    def exact(self) -> Format:
        """The narrowest format that holds all of them."""
        return FORMATS[self.holding[0]] if self.holding else "float64"


def ask(
    predictor: Predictor, contexts: FloatArray, target_rows: IntArray, context_rows: IntArray | None = None
) -> torch.Tensor:
    """One call of a predictor.

    Args:
        predictor: who answers.
        contexts: (B, L, D). They are handed over as they are: a copy that nobody else reads.
        target_rows: (B,).
        context_rows: (B, L) where they are rows of the bank.

    Returns:
        (B, D) dense real numbers on the CPU, of whatever format the predictor has.

    Raises:
        PredictionError: another shape, or no such numbers.
    """
    batch = torch.from_numpy(contexts).to(predictor.device)
    # Not inference_mode: what a network keeps from this call, e.g. a mask, could not be trained with.
    with torch.no_grad(), np.errstate():  # whose code asks for another arithmetic has it for itself
        answer: object = predictor.predict(Queries(batch, target_rows, context_rows))
    expected = contexts.shape[0], contexts.shape[2]
    dense = ordinary(answer, predictor.name)
    if tuple(dense.shape) != expected:
        raise PredictionError(
            f"{predictor.name} must return predictions of shape {expected}; found {tuple(dense.shape)}"
        )
    return dense.detach().resolve_neg().to("cpu")


def ordinary(answer: object, name: str) -> torch.Tensor:
    """The answer, if its numbers can be read as they are; a conversion could drop some in silence.

    Raises:
        PredictionError: no tensor, or one that is nested, sparse, quantised, complex, without numbers, or
            of an unknown format.
    """
    if not isinstance(answer, torch.Tensor):
        raise PredictionError(f"{name} must return one tensor; found {type(answer).__name__}")
    if answer.is_nested:
        kind = "a nested tensor"
    elif answer.layout is not torch.strided:
        kind = f"a tensor of layout {str(answer.layout).removeprefix('torch.')}"
    elif answer.is_meta:
        kind = "a tensor on the meta device, without numbers"
    elif type(answer) not in _PLAIN:
        kind = f"a {type(answer).__name__}"
    elif answer.dtype not in FORMATS and answer.dtype not in _WHOLE:
        kind = f"numbers of type {str(answer.dtype).removeprefix('torch.')}"
    else:
        return answer
    raise PredictionError(
        f"{name} must return an ordinary dense tensor of real numbers; found {kind}; convert it in forward"
    )


def unit_rows(answer: torch.Tensor) -> tuple[FloatArray, BoolArray, BoolArray]:
    """Normalise answers (B, D) of any format.

    Returns:
        (B, D) float32 unit rows, and (B,) which were not finite and which were zero; the latter stay
        zero, the former are NaN.
    """
    wide = answer.dtype in (torch.float64, torch.int64, torch.uint32, torch.uint64)
    rows = answer.to(torch.float64 if wide else torch.float32).numpy()
    finite = np.asarray(np.isfinite(rows).all(axis=1))
    # Scaling by the largest entry first keeps very long or very short predictions from
    # overflowing or vanishing in the norm.
    largest = np.abs(rows).max(axis=1)
    zero = finite & (largest == 0.0)
    largest[zero] = 1.0
    with np.errstate(all="ignore"):
        unit: FloatArray = (rows / largest[:, None]).astype(np.float32, copy=False)
        lengths = np.linalg.norm(unit, axis=1, keepdims=True)
        lengths[zero] = 1.0
        unit /= lengths
    unit[~finite] = np.nan
    return unit, ~finite, zero


def row_lengths(answer: torch.Tensor) -> DoubleArray:
    """Lengths (B,) of the answers (B, D) as they were given; infinite only where float64 ends."""
    rows, exponents = without_extremes(answer.to(torch.float64).numpy())
    with np.errstate(over="ignore"):
        found: DoubleArray = np.ldexp(np.linalg.norm(rows, axis=1), exponents)
    return found


def _holds(answer: torch.Tensor, form: torch.dtype) -> bool:
    return answer.dtype == form or torch.equal(answer.double(), answer.to(form).double())


def weight_format(module: torch.nn.Module) -> Format | None:
    """Coarsest floating format among a module's parameters and buffers; None where there is none."""
    found = {
        FORMATS[each.dtype] for each in (*module.parameters(), *module.buffers()) if each.dtype in FORMATS
    }
    return coarsest(*found) if found else None
