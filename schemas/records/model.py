"""The model that a report is about: what it is, the file it came from, and the code that made it."""

from dataclasses import dataclass, field
from typing import Literal

from schemas.records.rules import SPARSE, Count, Line, Positive, Sha256, rule

ModelFormat = Literal["pt", "safetensors", "sharded", "torchscript", "exported"]

Chooser = Literal["select", "val"]
"""A split that may choose the epoch."""


@dataclass(frozen=True)
class TrainedBy:
    """What a checkpoint says of its training.

    Attributes:
        trainer: recipe.
        epoch: whose weights were kept; None for a recipe without epochs.
        rule: how the weights were chosen among all epochs; None likewise.
        chosen_on: the split that chose the epoch, whose own figures are optimistic; None likewise, and where
            the checkpoint does not say.
    """

    trainer: Line
    epoch: Positive | None
    rule: Line | None
    chosen_on: Chooser | None


@dataclass(frozen=True)
class OwnCode:
    """The user's own code that made the module. It was run, so the report rests on it too.

    Attributes:
        spec: ``package.module:function``.
        file: the file that defines it, without folders; None where it is in none.
        sha256: digest of that file alone, of nothing that it imports; None likewise.
    """

    spec: Line
    file: Line | None
    sha256: Sha256 | None


@dataclass(frozen=True)
class ModelInput:
    """What was evaluated.

    Attributes:
        spec: as given on the command line, without folders.
        kind: what the spec named; ``weights`` is a file that the user's own code was needed for.
        architecture: registered architecture, control name or factory path.
        sha256: digest of the model file, for shards of all of them
            (:func:`schemas.reading.shards.shards_digest`); None for a control or a factory.
        format: of the model file, by its content (:mod:`schemas.reading.model_format`); None where there is
            none.
        prefix: what a wrapper had put before the names of all weights; None where nothing.
        parameters: number of parameters; 0 for a control.
        fingerprint: whether the checkpoint's own probe output was reproduced.
        training: what the checkpoint says of its training; None where it is silent.
        state_key: the key in the file that the weights lie under, where that is none of a checkpoint's.
        code: the user's own code that made the module, where there is some.
    """

    spec: Line
    kind: Literal["checkpoint", "control", "factory", "exported", "weights"]
    architecture: Line
    sha256: Sha256 | None
    format: ModelFormat | None
    prefix: Line | None
    parameters: Count
    fingerprint: Literal["verified", "absent", "not applicable"]
    training: TrainedBy | None
    state_key: Line | None = field(default=None, metadata=SPARSE)
    code: OwnCode | None = field(default=None, metadata=SPARSE)


MODEL_RULE = rule(
    allOf=[
        {
            "if": {"properties": {"kind": {"enum": ["checkpoint", "exported", "weights"]}}},
            "then": {"properties": {"sha256": {"type": "string"}, "format": {"type": "string"}}},
        },
        {
            "if": {"properties": {"kind": {"const": "weights"}}},
            "then": {"required": ["code"], "properties": {"code": {"not": {"type": "null"}}}},
        },
    ]
)
"""A file has a digest and a format; weights have the code that their module was made by."""
