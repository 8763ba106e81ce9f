"""How a model answered: in which formats, and how far its answers depend on company.

A prediction may depend on its own context only. The engine asks some windows again (with the same
companions, with others, and alone) and records by how much the answers differ; what counts as
rounding, and what a comparison with zero allows for it, follows from the formats.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Literal

from schemas.records.rules import Count, rule

Format = Literal[
    "float64",
    "float32",
    "float16",
    "bfloat16",
    "float8_e4m3fn",
    "float8_e4m3fnuz",
    "float8_e5m2",
    "float8_e5m2fnuz",
]

EPS: Mapping[str, float] = MappingProxyType(
    {
        "float64": 2.0**-52,
        "float32": 2.0**-23,
        "float16": 2.0**-10,
        "bfloat16": 2.0**-7,
        "float8_e4m3fn": 2.0**-3,
        "float8_e4m3fnuz": 2.0**-3,
        "float8_e5m2": 2.0**-2,
        "float8_e5m2fnuz": 2.0**-3,
    }
)
"""Distance from 1 to the next number of each format."""

ROUNDING = 1e-6
"""What a comparison of mean cosines with zero allows at least: rounding of float32 cosines."""

WIDE_LIMIT, NARROW_LIMIT = 5e-3, 3e-2
"""Largest chord between two answers to one context, of float32 or wider and of narrower formats.

Honest models stay below: float32 and TorchScript 6e-7, float16 9e-4, bfloat16 6.8e-3. Dynamic int8
quantisation takes its scale from the whole batch, and so really reads it: 3.5e-2."""

CHANGE_LIMIT = 1e-3
"""Largest mean change of the cosine to the target between answers alone and in company, in any format."""


Chord = Annotated[float, rule(minimum=0, maximum=2)]
"""Distance of two unit vectors."""


@dataclass(frozen=True)
class Answers:
    """How the model answered on one split.

    Attributes:
        answered: format of the answers; None where they are whole numbers.
        exact: the narrowest format in which networks compute that holds all answers exactly.
        weights: coarsest format of the model's weights; None where it has none.
        again: largest chord between the first answers to a full batch and those to the same batch, asked
            as the last call of the split.
        neighbours: the same of windows that are consecutive in the bank, asked as one batch.
        alone: the same of seeded windows, each asked alone.
        change: mean change of the cosine to the target, in company minus alone, of the windows that were
            asked alone.
        zero_steps: answers of gate D that were zero; each counts as cosine 0.
    """

    answered: Format | None
    exact: Format
    weights: Format | None
    again: Chord
    neighbours: Chord
    alone: Chord
    change: Annotated[float, rule(minimum=-2, maximum=2)]
    zero_steps: Count

    @property
    def coarsest(self) -> Format:
        """The format that says how precise the answers are."""
        return coarsest(self.answered, self.exact, self.weights)

    @property
    def disagreement(self) -> float:
        """The largest of the three chords."""
        return max(self.again, self.neighbours, self.alone)

    @property
    def independent(self) -> bool:
        """Whether all comparisons lie within their limits."""
        return self.disagreement <= chord_limit(self.coarsest) and abs(self.change) <= CHANGE_LIMIT


def coarsest(*formats: Format | None) -> Format:
    """The format with the largest eps; float64 where none is given."""
    named: list[Format] = [each for each in formats if each is not None]
    return max(named, key=lambda each: EPS[each], default="float64")


def chord_limit(form: Format) -> float:
    """How far two answers to one context may lie apart, as unit vectors."""
    return WIDE_LIMIT if EPS[form] <= EPS["float32"] else NARROW_LIMIT


def allowance(answers: Mapping[str, Answers]) -> float:
    """What a comparison of a mean of cosines with zero allows for rounding: eps / 4, at least 1e-6.

    A model that ignores the order of its context answers a reversed one with other rounding, and
    rounding has a sign; no verdict may rest on it.

    Args:
        answers: split -> how the model answered there; none for answers of float32.

    Example:
        >>> allowance({})
        1e-06
    """
    return max([ROUNDING, *(EPS[each.coarsest] / 4 for each in answers.values())])
