"""What ``gatekeeper data audit`` found: the record its JSON output follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from schemas.records.evidence import Metric

AUDIT_VERSION = "1.0"


@dataclass(frozen=True)
class AuditRow:
    """One figure.

    Attributes:
        name: what was measured.
        metric: estimate, interval, samples, articles.
        threshold: the published one, ``>= 0.40``; "" where there is none.
        holds: whether it is met; None where there is none.
        meaning: one line for people.
    """

    name: str
    metric: Metric
    threshold: str
    holds: bool | None
    meaning: str


@dataclass(frozen=True)
class FrontierPoint:
    """A linear model that pushes ``alpha`` hard away from the target's neighbours."""

    alpha: float
    margin: Metric
    cos: Metric
    recall: Metric


@dataclass(frozen=True)
class FrontierOfSplit:
    """The family on one split, and the cosine of a constant prediction there."""

    points: tuple[FrontierPoint, ...]
    constant_cos: Metric


@dataclass(frozen=True)
class SharedText:
    """Two articles that hold the same chunks.

    Attributes:
        first, second: articles. splits: of each, "" where in none.
        shared: chunks of one that are in the other. share: of its chunks.
        cosine: of the example. example: its text where the bank has texts, else "".
    """

    first: int | str
    second: int | str
    splits: tuple[str, str]
    shared: int
    share: float
    cosine: float
    example: str


@dataclass(frozen=True)
class HeldOut:
    """A split: its chunks, and how many have a near duplicate in another split."""

    chunks: int
    shared: int


@dataclass(frozen=True)
class LeakSearch:
    """The search for duplicates.

    Attributes:
        rows: chunks of the bank.
        lists: how many it was divided into, of which each chunk was compared with its nearest; None where
            all were compared with all.
        splits: by name. pairs: articles that share chunks, most shared first. more: pairs left out.
    """

    rows: int
    lists: int | None
    splits: Mapping[str, HeldOut]
    pairs: tuple[SharedText, ...]
    more: int


@dataclass(frozen=True)
class Misplaced:
    """An article whose chunks are not where they say.

    Attributes:
        article: its id.
        what: ``texts`` belong to other vectors; ``order`` runs backwards.
        evidence: what says so.
    """

    article: int | str
    what: Literal["texts", "order"]
    evidence: str


@dataclass(frozen=True)
class Audit:
    """The whole audit.

    Attributes:
        schema_version: of this record.
        created: when, UTC, ISO 8601 with a trailing Z.
        source, bank_sha256: the data.
        context, horizon: of the windows.
        direction: what a linear map learns; ``none`` within 0.005 of cosine.
        rows: all figures.
        frontier: split -> what a linear model can buy.
        leaks: duplicates between articles.
        misplaced: articles with the texts of others, or that run backwards.
        problems: why these gates cannot be decided on this data; empty is good.
        findings: what else a reader should know.
    """

    schema_version: str
    created: str
    source: str
    bank_sha256: str
    context: int
    horizon: int
    direction: Literal["forward", "backward", "none"]
    rows: tuple[AuditRow, ...]
    frontier: Mapping[str, FrontierOfSplit]
    leaks: LeakSearch
    misplaced: tuple[Misplaced, ...]
    problems: tuple[str, ...]
    findings: tuple[str, ...]
