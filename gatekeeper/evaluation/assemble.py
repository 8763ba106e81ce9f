"""From a model and a data source to a :class:`~schemas.records.report.Report` with its companion files."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, cast

import numpy as np
import numpy.typing as npt

from gatekeeper.config.file import EvalConfig
from gatekeeper.config.keys import DEFAULT_CONTEXT, DEFAULT_HORIZON
from gatekeeper.data.formats.npz import npz_bytes
from gatekeeper.evaluation.environment import choose_device, choose_retrieval, describe_environment
from gates.asking import ask
from gates.contracts import Dataset, Predictor
from gates.order import ORDER
from gates.suite import GATES_VERSION, Bench, Measurement, Options
from gates.windows import context_rows, rows_digest
from schemas.disk.atomic import write_bytes
from schemas.errors import UsageError
from schemas.records.policy import LoadedPolicy, Policy
from schemas.records.report import (
    SCHEMA_VERSION,
    BankInput,
    Inputs,
    ModelInput,
    Report,
    ScoresFile,
    Settings,
    Setup,
    SplitInput,
)
from schemas.records.splits import EVALUATED, TRAIN
from schemas.verdict.judge import judge

HorizonSource = Literal["checkpoint", "sequence file", "flag", "config", "default"]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A model ready to be measured.

    Attributes:
        predictor: answers queries.
        info: what the report says about it.
        horizon, context: what it was trained for; None where its checkpoint is silent.
        default_report: where its report goes unless the user names another place.
    """

    predictor: Predictor
    info: ModelInput
    horizon: int | None
    context: int | None
    default_report: Path


@dataclass(frozen=True)
class Shape:
    """Context length and horizon of an evaluation, and who decided the horizon."""

    context: int
    horizon: int
    source: HorizonSource


def settle_shape(
    *,
    checkpoint: tuple[int | None, int | None],
    data: tuple[int | None, int | None],
    flag: tuple[int | None, int | None],
    config: tuple[int | None, int | None],
    default_horizon: int = DEFAULT_HORIZON,
) -> Shape:
    """Agree on (context, horizon) from all who name one; each pair is (context, horizon).

    Where nobody names a horizon, it is ``default_horizon``.

    The order of precedence is checkpoint, sequence file, flag, config, default. Whoever names a
    value must agree with the first who does: a model trained for one horizon must never be
    measured at another without a word.

    Raises:
        UsageError: two sources disagree.
    """
    voices: tuple[tuple[HorizonSource, tuple[int | None, int | None]], ...] = (
        ("checkpoint", checkpoint),
        ("sequence file", data),
        ("flag", flag),
        ("config", config),
    )
    settled: list[tuple[int, HorizonSource]] = []
    for position, (what, default) in enumerate((("context", DEFAULT_CONTEXT), ("horizon", default_horizon))):
        named = [(pair[position], source) for source, pair in voices if pair[position] is not None]
        if not named:
            settled.append((default, "default"))
            continue
        value, source = cast(int, named[0][0]), named[0][1]
        for other, other_source in named[1:]:
            if other != value:
                raise UsageError(
                    f"the {source} says {what} {value}, the {other_source} says {what} {other}; "
                    "evaluate a model at what it was trained for"
                )
        settled.append((value, source))
    return Shape(context=settled[0][0], horizon=settled[1][0], source=settled[1][1])


def make_options(chosen: EvalConfig, policy: Policy) -> Options:
    """The knobs of an evaluation, from the configuration and the policy's minima.

    Raises:
        UsageError: a value is out of range, or this machine lacks the device.
    """
    return Options(
        seed=chosen.seed,
        max_samples=chosen.max_samples,
        confidence=chosen.confidence,
        bin_edges=chosen.bin_edges,
        retrieval=choose_retrieval(chosen.retrieval),
        device=choose_device(chosen.device),
        batch_size=chosen.batch_size,
        min_samples=policy.min_samples,
        min_articles=policy.min_articles,
    )


def make_report(
    bench: Bench,
    candidate: Candidate,
    measured: Measurement,
    policy: LoadedPolicy,
    shape: Shape,
    *,
    config: str | None,
    now: datetime | None = None,
) -> Report:
    """Judge the measurement and bind it to everything it depends on.

    Args:
        bench: the drawn windows and the controls' scores.
        candidate: whose measurement it is.
        measured: what it scored.
        policy: who judges.
        shape: context and horizon.
        config: the configuration file that was read, as people shall see it.
        now: the time it is made; the clock's by default.
    """
    options, dataset = bench.options, bench.dataset
    evidence = bench.evidence(measured)
    made = now or datetime.now(UTC)
    inputs = Inputs(
        model=candidate.info,
        bank=BankInput(
            source=Path(dataset.bank.source).name,
            sha256=dataset.bank.sha256,
            rows=dataset.bank.rows,
            dimension=dataset.bank.dimension,
            articles=len(np.unique(dataset.bank.articles)),
        ),
        splits={name: _split_input(dataset, bench, name) for name in EVALUATED},
        policy_sha256=policy.sha256,
        policy_source=policy.source,
        config=config,
        train_sha256=rows_digest(dataset.splits[TRAIN].last_rows) if TRAIN in dataset.splits else None,
    )
    settings = Settings(
        context=shape.context,
        horizon=shape.horizon,
        horizon_source=shape.source,
        seed=options.seed,
        max_samples=options.max_samples,
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


def write_scores(path: Path, bench: Bench, measured: Measurement) -> ScoresFile:
    """Write the per-sample scores beside the report and return their name and digest.

    Keys: ``<split>.last_rows`` and ``<split>.articles`` (S,) name the windows;
    ``<split>.<gate>.index`` (m,) says which of them a gate measured, and
    ``<split>.<gate>.<array>`` (m, ...) holds what it measured.
    """
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for split, rows in bench.sampled.items():
        arrays[f"{split}.last_rows"] = rows
        arrays[f"{split}.articles"] = bench.dataset.bank.articles[rows]
        for gate, samples in measured.samples[split].items():
            arrays[f"{split}.{gate}.index"] = samples.index
            arrays |= {f"{split}.{gate}.{name}": array for name, array in samples.arrays.items()}
    data = npz_bytes(arrays)
    write_bytes(path, data, own=1)
    return ScoresFile(name=path.name, sha256=hashlib.sha256(data).hexdigest())


def check_width(predictor: Predictor, dataset: Dataset) -> None:
    """One forward pass on a real window, so that a misfit is told before anything is measured.

    Without a val split there is no window, and nothing is checked.

    Raises:
        PredictionError: the model does not map (1, L, D) to (1, D).
    """
    if EVALUATED[0] not in dataset.splits:
        return  # what is missing is told where the windows are drawn
    row = dataset.splits[EVALUATED[0]].last_rows[:1]
    window = dataset.bank.vectors[context_rows(row, dataset.context)]  # a copy, which the model may change
    ask(predictor, window, row + dataset.horizon)


def _split_input(dataset: Dataset, bench: Bench, name: str) -> SplitInput:
    rows = dataset.splits[name].last_rows
    return SplitInput(
        windows=len(rows),
        articles=len(np.unique(dataset.bank.articles[rows])),
        sampled=len(bench.sampled[name]),
        sha256=rows_digest(rows),
        sample_sha256=rows_digest(bench.sampled[name]),
    )
