"""The evaluation report: one frozen record that every output is written from.

The *evidence* (metrics of the model and of the controls, inputs, settings, policy) is what a
report states. Everything else (checks, gate statuses, findings, verdict) is derived from it by
:func:`schemas.verdict.judge.judge`, when the report is made and again whenever one is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from schemas.records.answers import Answers
from schemas.records.policy import Decide, Policy, Severity

SCHEMA_VERSION = "2.0"

Status = Literal["pass", "waived", "fail", "inconclusive", "skipped", "error"]
Outcome = Literal["deployable", "blocked", "error"]
ModelFormat = Literal["pt", "safetensors", "torchscript", "exported"]


@dataclass(frozen=True)
class Metric:
    """One measured number.

    Attributes:
        value: the point estimate, or None when it is undefined (then ``reason`` says why).
        low, high: interval at the report's confidence, clustered by article; None if undefined.
        n: samples behind it.
        articles: distinct articles among them.
        reason: why ``value`` or the interval is undefined, else "".
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    articles: int
    reason: str = ""


Metrics = Mapping[str, Mapping[str, Metric]]
"""split (or pair) name -> full metric name -> Metric."""


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


@dataclass(frozen=True)
class ScoresFile:
    """The companion ``.npz`` with per-sample scores, beside the report."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Evidence:
    """All that was measured; the sole input of the verdict.

    ``controls`` maps oracle, copy_last, mean_context, constant, random and ridge to metrics over
    the very same samples. ``answers`` says of each split how the model answered; a report has them
    for every split that was measured.
    """

    model: Metrics
    controls: Mapping[str, Metrics]
    answers: Mapping[str, Answers] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """One policy line on one split.

    Attributes:
        gate: gate it belongs to, ``backward_bias`` or ``champion``.
        metric, split: what was compared.
        value, low, high: the estimate and its interval, None where undefined. Of a champion check,
            the gain over the champion.
        minimum, maximum: inclusive bounds, None where open.
        above: exclusive lower bound, None where open.
        required: alone enough to block deployment when it does not pass.
        severity: a ``warn`` neither blocks nor counts towards its gate.
        decide: whether the estimate or its whole interval was compared.
        status: pass, waived (someone answers for it), fail, inconclusive, skipped or error.
        sentence: the reason in one sentence, for people.
    """

    gate: str
    metric: str
    split: str
    value: float | None
    low: float | None
    high: float | None
    minimum: float | None
    maximum: float | None
    above: float | None
    required: bool
    severity: Severity
    decide: Decide
    status: Status
    sentence: str


@dataclass(frozen=True)
class GateResult:
    """A gate's status and the trivial controls that also pass it (then it is vacuous here)."""

    name: str
    status: Status
    vacuous_for: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """The decision.

    Attributes:
        outcome: ``deployable``, ``blocked`` or ``error``.
        gates_passed: how many of the five passed.
        escaped: the model points away from everything (or is no better than chance).
        reasons: why it is not deployable, one sentence each; empty when it is.
        warnings: checks of severity ``warn`` that do not pass.
        waivers: every waiver of the policy: what it covers, who answers for it, and until when.
        remarks: what a reader should know besides (vacuous gates, not beating ridge).
    """

    outcome: Outcome
    gates_passed: int
    escaped: bool
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    waivers: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def deployable(self) -> bool:
        """Whether the model may be deployed."""
        return self.outcome == "deployable"


@dataclass(frozen=True)
class Judgement:
    """Everything derived from evidence and policy."""

    checks: tuple[Check, ...]
    gates: tuple[GateResult, ...]
    verdict: Verdict


@dataclass(frozen=True)
class Report:
    """A whole evaluation.

    ``created`` is UTC, ISO 8601 with a trailing Z. ``policy`` is the policy that was applied,
    embedded so that a reader can re-derive ``judgement`` from ``evidence``.
    """

    schema_version: str
    created: str
    inputs: Inputs
    settings: Settings
    environment: Environment
    policy: Policy
    evidence: Evidence
    judgement: Judgement
    scores: ScoresFile | None

    @property
    def setup(self) -> Setup:
        """What was measured and how."""
        return Setup(self.inputs, self.settings)
