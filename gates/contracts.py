"""Contracts of the engine: what a bank, a split, a predictor and a gate are.

Row numbers always mean bank rows. The bank is sorted by (article, chunk), so the L chunks of a
window, which are consecutive by definition, are L consecutive rows: a window is fully named by
the row of its last chunk, and no context is ever copied to describe a split.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from schemas.errors import UsageError
from schemas.records.answers import Format
from schemas.records.dataset import EmbeddedBy
from schemas.records.evidence import Metric

if TYPE_CHECKING:  # scores are read and compared by programs that must start without torch
    import torch

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

ArticleId = int | str
"""What people call an article."""

ArticleIds = tuple[int, ...] | tuple[str, ...]
"""Number of an article -> its id, ascending, where the ids do not fit int64."""


@dataclass(frozen=True, eq=False)
class Bank:
    """All chunk vectors. Made by :func:`gates.bank.build_bank`, which validates every promise.

    Attributes:
        vectors: (N, D) float32, unit rows, sorted by article then chunk.
        articles: (N,) article number of each row: its id where that fits int64, else the id's rank.
        chunks: (N,) chunk index of each row within its article.
        run_first: (N,) first row of the gap-free run of chunks each row belongs to.
        run_last: (N,) last row (inclusive) of that run. Windows never leave a run.
        article_first: (N,) first row of the row's article.
        article_last: (N,) last row (inclusive) of the row's article.
        source: where it came from, for messages and the report.
        sha256: digest of vectors, articles and chunks, and of the ids where there are any.
        texts: (N,) the chunks' texts in row order, or None.
        titles: article number -> title, possibly empty.
        ids: what people call the articles, by number; None where the numbers are the ids.
        embedded_by: the encoder that made the vectors; None where nobody knows for certain.
        parents: digests of the banks it has grown from, oldest first.
    """

    vectors: FloatArray
    articles: IntArray
    chunks: IntArray
    run_first: IntArray
    run_last: IntArray
    article_first: IntArray
    article_last: IntArray
    source: str
    sha256: str
    texts: Sequence[str] | None
    titles: Mapping[int, str]
    ids: ArticleIds | None = None
    embedded_by: EmbeddedBy | None = None
    parents: tuple[str, ...] = ()

    def id_of(self, article: int | np.int64) -> ArticleId:
        """What people call the article of a number."""
        return int(article) if self.ids is None else self.ids[int(article)]

    @property
    def rows(self) -> int:
        """N, the number of chunks."""
        return int(self.vectors.shape[0])

    @property
    def dimension(self) -> int:
        """D, the width of a vector."""
        return int(self.vectors.shape[1])


@dataclass(frozen=True)
class Window:
    """The shape of every window: what a model reads, and how far on its target lies.

    Attributes:
        context: L, chunks a model reads.
        horizon: the target lies this many rows after the last of them.

    Raises:
        UsageError: one is below 1.
    """

    context: int
    horizon: int

    def __post_init__(self) -> None:
        if self.context < 1 or self.horizon < 1:
            raise UsageError(
                f"context and horizon must be at least 1; found context {self.context}, "
                f"horizon {self.horizon}"
            )


@dataclass(frozen=True, eq=False)
class Split:
    """A named set of windows.

    Attributes:
        name: ``train``, ``val`` or ``ood``.
        last_rows: (n,) ascending bank row of each window's last context chunk.
    """

    name: str
    last_rows: IntArray


@dataclass(frozen=True, eq=False)
class Dataset:
    """A bank and its splits for windows of one shape.

    Attributes:
        bank: all chunk vectors.
        splits: by name; no two share an article.
        window: context and horizon of all windows.
    """

    bank: Bank
    splits: Mapping[str, Split]
    window: Window


@dataclass(frozen=True, eq=False)
class Queries:
    """A batch of things to predict.

    Attributes:
        contexts: (B, L, D) float32 on the predictor's device; a copy, which the predictor may change.
        target_rows: (B,) bank row each prediction will be compared with. Only the oracle and the
            controls that are defined by their answer may look at it; a model never sees it.
        context_rows: (B, L) bank rows that the contexts are; None where they are none. Likewise.
    """

    contexts: "torch.Tensor"
    target_rows: IntArray
    context_rows: IntArray | None = None


class Predictor(Protocol):
    """Anything that answers queries."""

    @property
    def name(self) -> str:
        """How tables and messages call it."""
        ...

    @property
    def device(self) -> "torch.device":
        """Where ``Queries.contexts`` must lie."""
        ...

    @property
    def weight_format(self) -> Format | None:
        """Coarsest floating format of its weights; None where it has none."""
        ...

    @property
    def reads_targets(self) -> bool:
        """Whether ``Queries.target_rows`` has a say in its answers; never true of a model."""
        ...

    def predict(self, queries: Queries) -> "torch.Tensor":
        """Return (B, D) predictions of any positive length; the engine normalises them."""
        ...


@dataclass(frozen=True, eq=False)
class Samples:
    """What a gate measured, one row a sample; enough to score it without the model.

    Attributes:
        index: (m,) which of the split's windows these are (a gate may need more neighbours than a
            window near an article's edge has).
        articles: (m,) article of each sample, the clusters of every interval.
        arrays: name -> (m, ...) per-sample values.
    """

    index: IntArray
    articles: IntArray
    arrays: Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Values:
    """What a metric is computed from, sample by sample: enough for its estimate and for a comparison.

    Attributes:
        kind: how samples make the metric: their mean, their share of True, their median, or (least)
            the smallest of the K column means.
        values: (m,), or (m, K) for ``least``.
        articles: (m,) cluster of each sample.
        reason: why the metric is undefined where there is no sample.
    """

    kind: Literal["mean", "share", "median", "least"]
    values: npt.NDArray[Any]
    articles: IntArray
    reason: str = "no sample"


class PredictorAnswers(Protocol):
    """One predictor on the windows of one split: what a gate may ask for.

    The base predictions are made once, before any gate runs, and shared by all.
    """

    @property
    def bank(self) -> Bank: ...

    @property
    def window(self) -> Window: ...

    @property
    def seed(self) -> int: ...

    @property
    def last_rows(self) -> IntArray:
        """(S,) last context row of every window."""
        ...

    @property
    def target_rows(self) -> IntArray:
        """(S,) ``last_rows + window.horizon``."""
        ...

    @property
    def base(self) -> FloatArray:
        """(S, D) unit predictions from the undamaged contexts."""
        ...

    @property
    def lengths(self) -> DoubleArray:
        """(S,) how long these predictions were before they became unit rows."""
        ...

    @property
    def reads_targets(self) -> bool:
        """Whether equal contexts with other targets may be answered otherwise, as by some controls."""
        ...

    def predict_rows(
        self, context_rows: IntArray, target_rows: IntArray, *, zeros: bool = False
    ) -> FloatArray:
        """Unit predictions (m, D) from contexts made of bank rows (m, L).

        An answer of zero is refused, or with ``zeros`` stays a row of zeros.
        """
        ...

    def predict_contexts(
        self, contexts: FloatArray, target_rows: IntArray, *, zeros: bool = False
    ) -> FloatArray:
        """The same from explicit contexts (m, L, D)."""
        ...


class Gate(Protocol):
    """One of the five tests, or a group beside them. ``measure`` is the only place that calls the model."""

    @property
    def name(self) -> str:
        """Its name in :data:`schemas.records.metrics.MEASURED`."""
        ...

    def measure(self, answers: PredictorAnswers) -> Samples:
        """Ask the predictor and keep per-sample values."""
        ...

    def values(self, samples: Samples) -> dict[str, Values]:
        """Pure: full metric name -> its per-sample values, for every metric that has some."""
        ...

    def score(self, samples: Samples, confidence: float) -> dict[str, Metric]:
        """Pure: full metric name -> value, interval, n, articles."""
        ...
