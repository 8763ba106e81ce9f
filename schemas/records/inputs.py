"""What a report is about: model, bank, splits and settings, and the machine they were measured on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ModelFormat = Literal["pt", "safetensors", "torchscript", "exported"]


@dataclass(frozen=True)
class TrainedBy:
    """What a checkpoint says of its training.

    Attributes:
        trainer: recipe.
        epoch: whose weights were kept; None for a recipe without epochs.
        rule: how they were chosen among all epochs; None likewise.
    """

    trainer: str
    epoch: int | None
    rule: str | None


@dataclass(frozen=True)
class ModelInput:
    """What was evaluated.

    Attributes:
        spec: as given on the command line, without folders.
        kind: ``checkpoint``, ``control``, ``factory`` or ``exported``.
        architecture: registered architecture, control name or factory path.
        sha256: digest of the model file; None for a control or a factory.
        format: of the model file, by its content (:mod:`schemas.reading.model_format`); None likewise.
        prefix: what a wrapper had put before the names of all weights; None where nothing.
        parameters: number of parameters; 0 for a control.
        fingerprint: ``verified``, ``absent`` or ``not applicable``.
        training: who trained it and how its weights were chosen; None where the file is silent.
    """

    spec: str
    kind: Literal["checkpoint", "control", "factory", "exported"]
    architecture: str
    sha256: str | None
    format: ModelFormat | None
    prefix: str | None
    parameters: int
    fingerprint: Literal["verified", "absent", "not applicable"]
    training: TrainedBy | None


@dataclass(frozen=True)
class BankInput:
    """The bank the evaluation read."""

    source: str
    sha256: str
    rows: int
    dimension: int
    articles: int


@dataclass(frozen=True)
class SplitInput:
    """A split: all its windows, and how many of them the seeded draw kept.

    ``sha256`` is the digest of all window rows, ``sample_sha256`` of the ones evaluated.
    """

    windows: int
    articles: int
    sampled: int
    sha256: str
    sample_sha256: str


@dataclass(frozen=True)
class Inputs:
    """Everything the numbers depend on, bound by digest.

    ``policy_sha256`` is that of the TOML bytes, ``train_sha256`` of all windows of the split that the
    controls were fitted on; None where there was none. ``policy_source`` is ``built-in`` or the name of
    the policy's file, ``config`` the configuration file as the command found it; None where none was read.
    """

    model: ModelInput
    bank: BankInput
    splits: Mapping[str, SplitInput]
    policy_sha256: str
    train_sha256: str | None
    policy_source: str
    config: str | None


@dataclass(frozen=True)
class Settings:
    """How it was measured.

    Attributes:
        context: L. horizon: distance from last context chunk to target.
        horizon_source: ``checkpoint``, ``sequence file``, ``flag``, ``config`` or ``default``.
        seed: of the sample draw and the ablations.
        max_samples: cap per split, None for all windows.
        confidence: of every interval.
        bin_edges: coherence edges between low/normal/high.
        retrieval: ``faiss`` or ``torch``.
        ridge: ``train split`` or ``cross-fitted by article``.
        batch_size: contexts a model call reads at most.
        order: how windows are dealt to batches; ``interleaved`` keeps neighbours apart.
        gates_version: raised whenever a gate measures or scores something differently; reports of
            different versions are not compared.
    """

    context: int
    horizon: int
    horizon_source: Literal["checkpoint", "sequence file", "flag", "config", "default"]
    seed: int
    max_samples: int | None
    confidence: float
    bin_edges: tuple[float, float]
    retrieval: Literal["faiss", "torch"]
    ridge: Literal["train split", "cross-fitted by article"]
    batch_size: int
    order: Literal["interleaved"]
    gates_version: int


@dataclass(frozen=True)
class Setup:
    """What was measured and how: what a policy that pins its data asks about."""

    inputs: Inputs
    settings: Settings


@dataclass(frozen=True)
class Environment:
    """Versions and machine facts that can move the last digits (``tool_sha256`` of the tool's files)."""

    tool_version: str
    tool_sha256: str
    git_revision: str | None
    python: str
    platform: str
    device: str
    threads: int
    packages: Mapping[str, str]
