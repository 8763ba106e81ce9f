"""From a measurement to a :class:`~schemas.records.report.Report` and the scores of its samples."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gatekeeper.config.sections import EvalConfig
from gatekeeper.config.window import Origin
from gatekeeper.evaluation.environment import choose_device, choose_retrieval, describe_environment
from gatekeeper.evaluation.power import find_power
from gates.contracts import Dataset
from gates.dominating import dominating_article
from gates.options import Options
from gates.order import ORDER
from gates.suite import GATES_VERSION, Bench, Measurement
from gates.windows import at_most, rows_digest
from schemas.errors import UsageError
from schemas.records.inputs import BankInput, Inputs, Settings, Setup, SplitInput
from schemas.records.metrics import SEARCHED
from schemas.records.model import ModelInput
from schemas.records.policy import LoadedPolicy, Policy
from schemas.records.report import SCHEMA_VERSION, Report
from schemas.records.splits import EVALUATED, TRAIN
from schemas.verdict.judge import judge


def make_options(chosen: EvalConfig, policy: Policy, *, full: bool = False) -> Options:
    """The knobs of an evaluation, from the configuration, the policy's minima and what its rules read.

    Args:
        chosen: the configuration.
        policy: where it has a rule on the pools of the bank, of the model or of its gain over a control, the
            controls are searched there too.
        full: search them whatever the policy reads.

    Raises:
        UsageError: a value is out of range, another than the policy's, or this machine lacks the device.
    """
    read = [rule.metric for rule in policy.checks] + [rule.metric for rule in policy.controls]
    return Options(
        seed=chosen.seed,
        max_samples=chosen.max_samples,
        max_per_article=_per_article(chosen.max_per_article, policy),
        confidence=chosen.confidence,
        bin_edges=chosen.bin_edges,
        retrieval=choose_retrieval(chosen.retrieval),
        device=choose_device(chosen.device),
        search_controls=full or any(metric.startswith(SEARCHED) for metric in read),
        batch_size=chosen.batch_size,
        min_samples=policy.min_samples,
        min_articles=policy.min_articles,
    )


def _per_article(chosen: int | None, policy: Policy) -> int | None:
    asked = policy.max_per_article
    if chosen is not None and asked is not None and chosen != asked:
        raise UsageError(
            f"the policy {policy.name!r} draws at most {asked} windows of an article, --max-per-article asks "
            f"for {chosen}; leave the flag out, or judge by a policy that names no number"
        )
    return asked if chosen is None else chosen


def make_report(
    bench: Bench,
    model: ModelInput,
    measurement: Measurement,
    policy: LoadedPolicy,
    horizon_source: Origin,
    *,
    config: str | None,
    now: datetime | None = None,
) -> Report:
    """Judge the measurement and bind it to everything it depends on.

    Args:
        bench: the drawn windows and the controls' scores.
        model: whose measurement it is.
        measurement: what it scored.
        policy: who judges.
        horizon_source: who decided the horizon.
        config: the configuration file that was read, as people shall see it.
        now: the time it is made; the clock's by default.
    """
    options, dataset = bench.options, bench.dataset
    evidence = bench.evidence(measurement)
    evidence = replace(evidence, power=find_power(bench, measurement, evidence))
    made = now or datetime.now(UTC)
    inputs = Inputs(
        model=model,
        bank=BankInput(
            source=Path(dataset.bank.source).name,
            sha256=dataset.bank.sha256,
            rows=dataset.bank.rows,
            dimension=dataset.bank.dimension,
            articles=len(np.unique(dataset.bank.articles)),
            parents=dataset.bank.parents,
        ),
        splits={name: _split_input(dataset, bench, name) for name in EVALUATED},
        policy_sha256=policy.sha256,
        policy_source=policy.source,
        config=config,
        train_sha256=rows_digest(dataset.splits[TRAIN].last_rows) if TRAIN in dataset.splits else None,
    )
    settings = Settings(
        context=dataset.window.context,
        horizon=dataset.window.horizon,
        horizon_source=horizon_source,
        seed=options.seed,
        max_samples=options.max_samples,
        max_per_article=options.max_per_article,
        confidence=options.confidence,
        bin_edges=options.bin_edges,
        retrieval=options.retrieval,
        ridge=bench.ridge,
        batch_size=options.batch_size,
        order=ORDER,
        gates_version=GATES_VERSION,
    )
    return Report(
        schema_version=SCHEMA_VERSION,
        created=made.strftime("%Y-%m-%dT%H:%M:%SZ"),
        inputs=inputs,
        settings=settings,
        environment=describe_environment(options.device),
        policy=policy.policy,
        evidence=evidence,
        judgement=judge(
            evidence,
            policy.policy,
            confidence=options.confidence,
            on=made.date(),
            setup=Setup(inputs, settings),
        ),
        scores=None,
    )


def score_arrays(bench: Bench, measurement: Measurement) -> dict[str, npt.NDArray[np.generic]]:
    """The per-sample scores, by the names they have in a file.

    ``<split>.last_rows`` and ``<split>.articles`` (S,) name the windows; ``<split>.<gate>.index`` (m,)
    says which of them a gate measured, and ``<split>.<gate>.<array>`` (m, ...) holds what it measured.
    """
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for split, rows in bench.sampled.items():
        arrays[f"{split}.last_rows"] = rows
        arrays[f"{split}.articles"] = bench.dataset.bank.articles[rows]
        for gate, samples in measurement.samples[split].items():
            arrays[f"{split}.{gate}.index"] = samples.index
            arrays |= {f"{split}.{gate}.{name}": array for name, array in samples.arrays.items()}
    return arrays


def _split_input(dataset: Dataset, bench: Bench, name: str) -> SplitInput:
    rows, options = dataset.splits[name].last_rows, bench.options
    eligible = at_most(dataset.bank, rows, per_article=options.max_per_article, seed=options.seed)
    return SplitInput(
        windows=len(rows),
        articles=len(np.unique(dataset.bank.articles[rows])),
        sampled=len(bench.sampled[name]),
        eligible=len(eligible),
        sha256=rows_digest(rows),
        sample_sha256=rows_digest(bench.sampled[name]),
        dominating=dominating_article(dataset.bank, bench.sampled[name]),
    )
