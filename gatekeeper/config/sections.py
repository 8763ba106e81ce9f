"""The sections ``[data]`` and ``[eval]``: every key, with its meaning, its default and what it may hold."""

import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gatekeeper.config.bank_keys import BankKeys
from gatekeeper.config.bundled import DEFAULT, PREFIX, Bundled
from gatekeeper.config.keys import (
    BANK,
    COUNT,
    EDGES,
    NAME,
    NUMBER,
    POLICY,
    SPLIT,
    WRITTEN,
    SplitSpec,
    key,
    one_of,
    whole,
)
from gates.options import Options
from schemas.records.splits import SPLITS

Retrieval = Literal["auto", "faiss", "torch"]
"""Libraries a bank search may use."""

DEFAULT_CONTEXT, DEFAULT_HORIZON = 5, 1
"""Shape of a window where nobody names it."""

_SPLIT = "article ranges over the bank (0-39,45) or a sequence file (*.npz)"


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """The data to use; None where nobody names something."""

    bank: Path | Bundled | None = key(
        None,
        BANK,
        "Bank (*.npz), data set folder, or bundled:NAME",
        otherwise=DEFAULT,
        listed="data",
        prefix=PREFIX,
        metavar="PATH",
    )
    train: SplitSpec | None = key(None, SPLIT, f"Train split: {_SPLIT}")
    select: SplitSpec | None = key(None, SPLIT, f"Split that chooses the epoch, not val: {_SPLIT}")
    val: SplitSpec | None = key(None, SPLIT, f"Val split: {_SPLIT}")
    ood: SplitSpec | None = key(None, SPLIT, f"Out-of-distribution split: {_SPLIT}")
    vectors_key: str | None = key(None, NAME, "Array or column that holds the vectors", metavar="NAME")
    article_key: str | None = key(None, NAME, "Array or column that holds each row's article", metavar="NAME")
    chunk_key: str | None = key(
        None, NAME, "Array or column that orders chunks; none: file order", metavar="NAME"
    )
    text_key: str | None = key(None, NAME, "Array or column that holds the texts", metavar="NAME")
    context: int | None = key(
        None,
        COUNT,
        "Chunks a model reads, where its checkpoint is silent",
        training="Chunks the model reads",
        otherwise=str(DEFAULT_CONTEXT),
    )
    horizon: int | None = key(
        None,
        COUNT,
        "Places from last chunk to target, likewise",
        training="Places from last chunk to target",
        otherwise=str(DEFAULT_HORIZON),
    )

    @property
    def keys(self) -> BankKeys:
        """What the arrays of the bank are called."""
        return BankKeys(self.vectors_key, self.article_key, self.chunk_key, self.text_key)

    @property
    def splits(self) -> dict[str, SplitSpec]:
        """The splits somebody names, by name."""
        named: dict[str, SplitSpec | None] = {name: getattr(self, name) for name in SPLITS}
        return {name: spec for name, spec in named.items() if spec is not None}


@dataclass(frozen=True, kw_only=True)
class EvalConfig:
    """How to evaluate. The engine checks the ranges of what is its own (:class:`gates.options.Options`)."""

    policy: str = key("seed-5cat", POLICY, "Built-in policy or a TOML file", listed="policies")
    max_samples: int | None = key(None, COUNT, "Windows per split, drawn with the seed", otherwise="all")
    max_per_article: int | None = key(
        None, COUNT, "Windows per article, drawn with the seed", otherwise="as the policy says, or all"
    )
    seed: int = key(
        Options.seed,
        whole(0),
        "Seed of draw, ablations and controls",
        training="Of the training; the gates draw with that of [eval]",
    )
    device: str = key("auto", NAME, "auto, cpu, cuda or mps")
    batch_size: int = key(Options.batch_size, COUNT, "Contexts per model call")
    retrieval: Retrieval = key("auto", one_of(typing.get_args(Retrieval)), "Library of the bank search")
    bin_edges: tuple[float, float] = key(Options.bin_edges, EDGES, "Coherence edges")
    confidence: float = key(Options.confidence, NUMBER, "Of every interval")
    report: Path | None = key(None, WRITTEN, "JSON report", otherwise="<model>.report.json")
