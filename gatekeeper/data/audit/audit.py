"""Can a model learn direction from this data, and can these gates be passed on it?"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from gatekeeper.data.audit.figures import CONFIDENCE, alignment_row, direction_rows, raw_rows
from gatekeeper.data.audit.findings import find_findings, find_leaked, find_problems, find_small, learned
from gatekeeper.data.audit.leakage import Leakage, find_leakage
from gatekeeper.data.audit.leaked_targets import Found, splits_of, worst_leaks
from gatekeeper.data.audit.power import find_power
from gatekeeper.data.audit.reading_order import Reversals, find_reversed
from gatekeeper.data.audit.text_alignment import Alignment, find_misaligned
from gates.contracts import Bank, Dataset, IntArray, Split, Window
from gates.direction import learned_direction
from gates.dominating import dominating_article
from gates.frontier import linear_frontier
from gates.intervals import share_metric, undefined
from gates.leaked import ALONE
from gates.leaks import find_leaks
from gates.options import Options
from gates.seeded import hash_rows
from gates.suite import drawn_articles
from gates.windows import at_most, draw, window_rows
from schemas.errors import DataError
from schemas.records.audit import (
    AUDIT_VERSION,
    Audit,
    HeldOut,
    LeakedTargets,
    LeakSearch,
    Misplaced,
    SharedText,
)
from schemas.records.policy import Policy
from schemas.records.splits import TRAIN
from schemas.verdict.dominating import told
from schemas.verdict.few_articles import lacking

WINDOWS = 10_000
"""At most this many seeded windows are fitted, and as many measured."""

_PAIRS = 20
_TEXT = 400


def audit(
    bank: Bank,
    splits: Mapping[str, IntArray],
    window: Window,
    *,
    seed: int,
    policy: Policy,
    now: datetime | None = None,
) -> Audit:
    """Measure everything on held-out articles.

    Args:
        bank: the bank.
        splits: name -> articles; without ``train`` half of all articles, by a seeded hash, are fitted
            and the other half is held out.
        window: its context and horizon.
        seed: of every draw.
        policy: what an evaluation will ask; how much it needs of each split.
        now: the time of the record; the clock's by default.

    Raises:
        DataError: there are no windows to fit or to measure.
    """
    fitted, held_out = _divide(bank, splits, seed)
    context, adjacent_window = window.context, replace(window, horizon=1)
    fit_rows = _windows(bank, fitted, window, seed)
    tests = {name: _windows(bank, found, window, seed) for name, found in held_out.items()}
    adjacent = _windows(bank, fitted, adjacent_window, seed)
    measured = _windows(bank, np.concatenate(list(held_out.values())), adjacent_window, seed)
    direction = learned_direction(bank, adjacent, measured, context=context, confidence=CONFIDENCE, seed=seed)
    frontier = linear_frontier(bank, fit_rows, tests, window, confidence=CONFIDENCE, seed=seed)
    leakage = find_leakage(bank, splits, seed=seed)
    leaked = {
        name: _leaked(bank, rows + window.horizon, held_out[name], splits) for name, rows in tests.items()
    }
    alignment = (
        None if bank.texts is None else find_misaligned(bank, bank.texts, confidence=CONFIDENCE, seed=seed)
    )
    reversals = find_reversed(bank, adjacent, measured, direction, context=context, seed=seed)
    misplaced = tuple(_misplaced(alignment, reversals))
    every = np.unique(np.concatenate(list(tests.values())))
    cut = {name: Split(name, rows) for name, rows in ({TRAIN: fit_rows} | tests).items()}
    dataset, options = Dataset(bank, cut, window), Options(seed=seed, max_per_article=policy.max_per_article)
    return Audit(
        schema_version=AUDIT_VERSION,
        created=(now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        source=Path(bank.source).name,
        bank_sha256=bank.sha256,
        context=context,
        horizon=window.horizon,
        direction=learned(direction),
        rows=(
            *raw_rows(bank, every, window),
            *direction_rows(direction, context),
            *([] if alignment is None else [alignment_row(alignment)]),
        ),
        frontier=frontier,
        leaks=_leaks(bank, leakage),
        leaked=leaked,
        power=find_power(dataset, options),
        misplaced=misplaced,
        problems=(
            *find_small(_sizes(bank, splits, window), policy),
            *lacking(policy, drawn_articles(dataset, options)),
            *find_problems(splits, leakage, frontier, misplaced, len(np.unique(bank.articles)), bank.id_of),
            *find_leaked({name: each.share for name, each in leaked.items()}, policy),
        ),
        findings=(
            *find_findings(direction, frontier, splits, alignment, reversals),
            *_dominating(dataset, options),
        ),
    )


def _misplaced(alignment: Alignment | None, reversals: Reversals) -> Iterator[Misplaced]:
    for misfit in () if alignment is None else alignment.misfits:
        evidence = (
            f"its texts {misfit.where} (correlation {misfit.there:.2f} against {misfit.here:.2f} as stored)"
        )
        yield Misplaced(misfit.article, "texts", evidence)
    for each in reversals.articles:
        yield Misplaced(each.article, "order", each.evidence)


def _dominating(dataset: Dataset, options: Options) -> Iterator[str]:
    """Which article outweighs the others of its split, as they would be drawn."""
    for name, split in dataset.splits.items():
        rows = at_most(dataset.bank, split.last_rows, per_article=options.max_per_article, seed=options.seed)
        found = dominating_article(dataset.bank, rows)
        if found is not None and name != TRAIN:
            yield told(name, found, len(rows))


def _divide(bank: Bank, splits: Mapping[str, IntArray], seed: int) -> tuple[IntArray, Mapping[str, IntArray]]:
    held_out = {name: articles for name, articles in splits.items() if name != TRAIN}
    if TRAIN in splits and held_out:
        return splits[TRAIN], held_out
    articles = np.unique(bank.articles)
    if len(articles) < 4:
        raise DataError(
            f"an audit needs at least 4 articles, two to fit and two to hold out; found {len(articles)}"
        )
    order = articles[np.argsort(hash_rows(articles, seed=seed, stream="audit"), kind="stable")]
    half = len(articles) // 2
    return np.sort(order[:half]), {"held-out half": np.sort(order[half:])}


def _sizes(bank: Bank, splits: Mapping[str, IntArray], window: Window) -> dict[str, tuple[int, int]]:
    held_out = {name: articles for name, articles in splits.items() if name != TRAIN}
    rows = {name: window_rows(bank, articles, window) for name, articles in held_out.items()}
    return {name: (len(found), len(np.unique(bank.articles[found]))) for name, found in rows.items()}


def _windows(bank: Bank, articles: IntArray, window: Window, seed: int) -> IntArray:
    rows = window_rows(bank, articles, window)
    if not len(rows):
        raise DataError(
            f"no window of {window.context} chunks with a target {window.horizon} further on in "
            f"{len(articles)} article(s)"
        )
    return draw(rows, count=WINDOWS, seed=seed)


def _leaked(bank: Bank, targets: IntArray, inside: IntArray, splits: Mapping[str, IntArray]) -> LeakedTargets:
    found = find_leaks(bank, targets, inside, device=torch.device("cpu"))
    share = share_metric(found.leaked, bank.articles[targets], CONFIDENCE)
    return LeakedTargets(
        share if found.compared else undefined(ALONE),
        worst_leaks(bank, Found(targets, found.rows, found.cosines, found.centred), splits_of(splits)),
    )


def _leaks(bank: Bank, leakage: Leakage) -> LeakSearch:
    pairs = tuple(
        SharedText(
            first=pair.first,
            second=pair.second,
            splits=pair.splits,
            shared=pair.shared,
            share=pair.share,
            cosine=pair.example.cosine,
            example="" if bank.texts is None else " ".join(bank.texts[pair.example.first].split())[:_TEXT],
        )
        for pair in leakage.pairs[:_PAIRS]
    )
    splits = {name: HeldOut(looked, shared) for name, (looked, shared) in leakage.held_out.items()}
    more = len(leakage.pairs) - len(pairs)
    limit = leakage.limit
    return LeakSearch(leakage.rows, limit.cosine, limit.usual, leakage.lists, splits, pairs, more)
