"""Audits of small banks."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from gatekeeper.data.audit.audit import audit
from gates.bank import build_bank
from gates.contracts import Bank, DoubleArray, IntArray, Window
from schemas.reading.policy import load_policy
from schemas.records.audit import (
    Audit,
    AuditRow,
)
from schemas.records.evidence import Metric
from schemas.records.policy import Policy

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


SPLITS = {"train": np.arange(36), "val": np.arange(36, 48), "ood": np.arange(48, 60)}
"""Of 60 articles of 60 chunks."""


CHUNKS = 60


NO_DIRECTION = "no learnable direction beyond 0.005 of cosine: the past says as much as the future"


UNDEMANDING = replace(load_policy("seed-5cat").policy, min_samples=1, min_articles=1)
"""Most banks here are smaller than what an evaluation needs."""


def audited(
    bank: Bank,
    splits: Mapping[str, IntArray] = SPLITS,
    *,
    context: int = 5,
    horizon: int = 1,
    seed: int = 0,
    policy: Policy = UNDEMANDING,
) -> Audit:
    return audit(bank, splits, Window(context, horizon), seed=seed, policy=policy, now=NOW)


def figures(found: Audit) -> dict[str, AuditRow]:
    return {row.name: row for row in found.rows}


def bank_of(rows: DoubleArray, *, texts: list[str] | None = None) -> Bank:
    """Articles 0, 1, ... of 60 chunks."""
    articles = len(rows) // CHUNKS
    return build_bank(
        rows,
        np.repeat(np.arange(articles), CHUNKS),
        np.tile(np.arange(CHUNKS), articles),
        source="bank.npz",
        texts=texts,
    )


def with_copies(bank: Bank, *, train: int, val: int, count: int) -> Bank:
    """The first chunks of a train article are also in a val article."""
    vectors = bank.vectors.copy()
    vectors[val * CHUNKS : val * CHUNKS + count] = vectors[train * CHUNKS : train * CHUNKS + count]
    return bank_of(vectors.astype(np.float64))


GAPPED = {"train": np.arange(6), "val": np.array([6, 7, 8]), "ood": np.array([9, 10, 11])}


def metric(value: float | None, half: float | None = 0.01) -> Metric:
    if value is None:
        return Metric(None, None, None, 0, 0, "no sample")
    if half is None:
        return Metric(value, None, None, 5, 1, "an interval needs samples of at least 2 articles")
    return Metric(value, value - half, value + half, 100, 10)
