"""What a report is about: model, bank, splits and settings, and the machine they were measured on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from schemas.records.model import MODEL_RULE, ModelInput
from schemas.records.rules import END, SPARSE, Count, Line, Positive, Sha256, SplitName, rule


@dataclass(frozen=True)
class BankInput:
    """The bank the evaluation read.

    Attributes:
        source: where it came from.
        sha256: digest of its vectors, articles and chunks.
        rows: number of chunks.
        dimension: width of a vector.
        articles: number of articles.
        parents: digests of the banks it has grown from, oldest first (``gatekeeper data append``).
    """

    source: Line
    sha256: Sha256
    rows: Positive
    dimension: Positive
    articles: Positive
    parents: Annotated[tuple[Sha256, ...], rule(maxItems=10_000)] = field(default=(), metadata=SPARSE)


HEAVY = 0.25
"""An article dominates that holds more than this share of a split's evaluated windows ..."""

UNEQUAL = 2
"""... and more than this many times the share it would hold among equal ones."""


def dominates(windows: int, evaluated: int, articles: int) -> bool:
    """Whether an article of so many windows decides most of what is told of a split.

    Example:
        >>> dominates(200, 335, 10), dominates(30, 90, 3)
        (True, False)
    """
    return windows > HEAVY * evaluated and windows * articles > UNEQUAL * evaluated


@dataclass(frozen=True)
class Dominating:
    """An article that outweighs the others of its split.

    Attributes:
        article: its id.
        title: empty where it has none.
        windows: how many of the evaluated ones it holds.
    """

    article: int | str
    title: Annotated[Line, rule(maxLength=500)]
    windows: Positive


@dataclass(frozen=True)
class SplitInput:
    """A split: all its windows, and how many of them the seeded draw kept.

    Attributes:
        windows: all its windows.
        articles: distinct articles among them.
        sampled: windows that were evaluated.
        eligible: windows they were drawn from: of each article settings.max_per_article at most.
        sha256: digest of all window rows.
        sample_sha256: digest of the evaluated window rows.
        dominating: the article that outweighs the others among the evaluated windows; None where none does.
    """

    windows: Count
    articles: Count
    sampled: Count
    eligible: Count
    sha256: Sha256
    sample_sha256: Sha256
    dominating: Dominating | None = None


@dataclass(frozen=True)
class Inputs:
    """Everything the numbers depend on, bound by digest.

    Attributes:
        model: what was evaluated.
        bank: the bank the evaluation read.
        splits: the splits by name.
        policy_sha256: digest of the policy's TOML bytes.
        train_sha256: digest of all windows of the split that the controls were fitted on; None where there
            was none.
        policy_source: ``built-in``, or the name of the policy's file without folders.
        config: the configuration file: the way up to it from the working directory, or its name; None where
            none was read.
    """

    model: Annotated[ModelInput, MODEL_RULE]
    bank: BankInput
    splits: Annotated[Mapping[SplitName, SplitInput], rule(minProperties=1, maxProperties=64)]
    policy_sha256: Sha256
    train_sha256: Sha256 | None
    policy_source: Line
    config: Line | None


_Cosine = Annotated[float, rule(minimum=-1, maximum=1)]
Edges = tuple[_Cosine, _Cosine]
Confidence = Annotated[float, rule(exclusiveMinimum=0, exclusiveMaximum=1)]


@dataclass(frozen=True)
class Settings:
    """How it was measured.

    Attributes:
        context: L, chunks the model reads.
        horizon: the target lies this many chunks after the last one read.
        horizon_source: who named the horizon.
        seed: of the sample draw and the ablations.
        max_samples: cap per split; None for all windows.
        max_per_article: cap per article, before the one per split; None for all windows.
        confidence: of every interval.
        bin_edges: coherence edges between the low, normal and high bin.
        retrieval: library that made the products over the bank.
        ridge: how the ridge control was fitted.
        batch_size: contexts a model call reads at most.
        order: how windows are dealt to batches; ``interleaved`` keeps neighbours apart.
        gates_version: raised whenever a gate measures or scores something differently; reports of
            different versions are not compared.
    """

    context: Positive
    horizon: Positive
    horizon_source: Literal["checkpoint", "sequence file", "flag", "config", "default"]
    seed: Count
    max_samples: Positive | None
    max_per_article: Positive | None
    confidence: Confidence
    bin_edges: Edges
    retrieval: Literal["faiss", "torch"]
    ridge: Literal["train split", "cross-fitted by article"]
    batch_size: Positive
    order: Literal["interleaved"]
    gates_version: Annotated[int, rule(minimum=2)]


@dataclass(frozen=True)
class Setup:
    """What was measured and how: what a policy that pins its data asks about."""

    inputs: Inputs
    settings: Settings


@dataclass(frozen=True)
class Environment:
    """Versions and machine facts that can move the last digits.

    Attributes:
        tool_version: version of gatekeeper.
        tool_sha256: digest of the tool's own files.
        git_revision: revision of its source; None outside a checkout.
        python: version of Python.
        platform: operating system and processor.
        device: where the model ran.
        threads: threads used for computation.
        packages: package name to version.
    """

    tool_version: Line
    tool_sha256: Sha256
    git_revision: Annotated[str, rule(maxLength=100, pattern=f"^[0-9A-Za-z._+-]+{END}")] | None
    python: Line
    platform: Line
    device: Line
    threads: Count
    packages: Annotated[
        Mapping[Annotated[str, rule(pattern=f"^[0-9A-Za-z._-]{{1,100}}{END}")], Line],
        rule(maxProperties=100),
    ]
