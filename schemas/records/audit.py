"""What ``gatekeeper data audit`` found: the record its JSON output follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from schemas.records.evidence import Metric
from schemas.records.power import Power
from schemas.records.rules import Count, Line, Lines, Moment, Positive, Sha256, rule, version_rule

AUDIT_VERSION = "1.0"


@dataclass(frozen=True)
class AuditRow:
    """One figure.

    Attributes:
        name: what was measured.
        metric: estimate, interval, samples, articles.
        threshold: the published one, such as >= 0.40; empty where there is none.
        holds: whether it is met; None where there is none.
        meaning: one line for people.
    """

    name: Line
    metric: Metric
    threshold: Line
    holds: bool | None
    meaning: Line


@dataclass(frozen=True)
class FrontierPoint:
    """A linear model that pushes away from the target's neighbours.

    Attributes:
        alpha: how hard it pushes.
        margin: of the offset sweep.
        cos: to the target.
        recall: R@5 within the article, context left out.
    """

    alpha: float
    margin: Metric
    cos: Metric
    recall: Metric


@dataclass(frozen=True)
class FrontierOfSplit:
    """The family on one split.

    Attributes:
        points: by alpha, ascending.
        constant_cos: cosine of a constant prediction there.
    """

    points: tuple[FrontierPoint, ...]
    constant_cos: Metric


_Split = Annotated[str, rule(maxLength=40)]


@dataclass(frozen=True)
class SharedText:
    """Two articles that hold the same chunks.

    Attributes:
        first, second: article, by its id.
        splits: of each; empty text where in none.
        shared: chunks of one that are in the other.
        share: of its chunks that were looked at.
        cosine: of the example.
        example: its text, empty where the bank has none.
    """

    first: int | str
    second: int | str
    splits: tuple[_Split, _Split]
    shared: Count
    share: float
    cosine: float
    example: Annotated[str, rule(maxLength=2000)]


@dataclass(frozen=True)
class HeldOut:
    """A split.

    Attributes:
        chunks: chunks of the split.
        shared: how many of them have a near duplicate in another split.
    """

    chunks: Count
    shared: Count


@dataclass(frozen=True)
class LeakSearch:
    """The search for duplicates.

    Attributes:
        rows: chunks of the bank.
        limit: cosine from which two chunks count as the same text.
        usual: median cosine of a chunk with the nearest of another article; the limit is raised where chunks
            are that near anyway. None where there is a single article.
        lists: how many it was divided into, of which each chunk was compared with its nearest; None where
            all were compared with all.
        splits: by name.
        pairs: articles that share chunks, most shared first.
        more: pairs that are not listed.
    """

    rows: Count
    limit: float
    usual: float | None
    lists: Positive | None
    splits: Mapping[str, HeldOut]
    pairs: tuple[SharedText, ...]
    more: Count


_Text = Annotated[str, rule(maxLength=2000)]
_Title = Annotated[str, rule(maxLength=500)]


@dataclass(frozen=True)
class LeakedTarget:
    """A target that an article outside its split holds too.

    Attributes:
        target, other: rows of the bank.
        cosine: of the two.
        centred: the same without the mean row of what lies outside the split.
        articles: of target and other row, by id.
        titles: of both; empty where an article has none.
        chunks: place of both in their articles.
        split: of the other article; empty where in none.
        texts: of both; empty where the bank has none.
    """

    target: Count
    other: Count
    cosine: float
    centred: float
    articles: tuple[int | str, int | str]
    titles: tuple[_Title, _Title]
    chunks: tuple[int, int]
    split: _Split
    texts: tuple[_Text, _Text]


@dataclass(frozen=True)
class LeakedTargets:
    """What of a split has been seen by whoever has read what lies outside it.

    Attributes:
        share: of its targets.
        worst: the nearest pairs.
    """

    share: Metric
    worst: Annotated[tuple[LeakedTarget, ...], rule(maxItems=100)]


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
    evidence: Line


@dataclass(frozen=True)
class Audit:
    """What ``gatekeeper data audit`` found.

    Attributes:
        schema_version: version of this format. A reader refuses an unknown major version.
        created: when: UTC, ISO 8601 with a trailing Z.
        source: the data, without folders.
        bank_sha256: digest of the bank.
        context: L, chunks of a context.
        horizon: places from the last chunk to the target.
        direction: what a linear map learns; ``none`` within 0.005 of cosine.
        rows: all figures.
        frontier: split -> what a linear model can buy.
        leaks: duplicates between articles.
        leaked: split -> its targets that articles outside it hold too.
        power: split -> what its articles can show of a model that differs from the last chunk as a plain
            weighted copy does: the last chunk and a quarter of the one before, minus the mean row.
        misplaced: articles with the texts of others, or that run backwards.
        problems: why these gates cannot be decided on this data; empty is good.
        findings: what else a reader should know.
    """

    schema_version: Annotated[str, version_rule(AUDIT_VERSION)]
    created: Moment
    source: Line
    bank_sha256: Sha256
    context: Positive
    horizon: Positive
    direction: Literal["forward", "backward", "none"]
    rows: tuple[AuditRow, ...]
    frontier: Mapping[str, FrontierOfSplit]
    leaks: LeakSearch
    leaked: Mapping[str, LeakedTargets]
    power: Mapping[str, Power]
    misplaced: tuple[Misplaced, ...]
    problems: Lines
    findings: Lines
