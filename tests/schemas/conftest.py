"""A fabricated good model with plausible controls, and reports around it."""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date

import pytest

from schemas.reading.policy import load_policy
from schemas.records.answers import Answers
from schemas.records.evidence import Evidence, Metric, Metrics
from schemas.records.inputs import BankInput, Environment, Inputs, Settings, Setup, SplitInput
from schemas.records.metrics import METRICS
from schemas.records.model import ModelInput, TrainedBy
from schemas.records.policy import LoadedPolicy, Policy
from schemas.records.report import SCHEMA_VERSION, Report, ScoresFile
from schemas.records.splits import PAIR
from schemas.verdict.judge import judge
from tests.schemas.even import even

EvidenceFactory = Callable[[], Evidence]
ReportFactory = Callable[..., Report]
Change = Callable[..., Evidence]

_N, _ARTICLES = 400, 20

ANSWERS = Answers("float32", "float32", "float32", 0.0, 2e-7, 3e-7, -1e-8, 0)
"""An honest model of float32."""

# The figures that differ between predictors; all other metrics get a value within their range.
_GOOD = {
    "offset_sweep.cos": 0.60,
    "offset_sweep.margin": 0.15,
    "offset_sweep.margin_prev": 0.20,
    "offset_sweep.margin_last": 0.18,
    "offset_sweep.peak_offset": 0.0,
    "retrieval.article.r@1": 0.70,
    "retrieval.article.r@5": 0.97,
    "retrieval.article.mrr": 0.85,
    "retrieval.article_unseen.r@5": 0.98,
    "retrieval.article_unseen.chance@5": 0.10,
    "retrieval.article_unseen.bits": 2.5,
    "retrieval.article_unseen.bits_centred": 2.5,
    "ablations.shuffle": -0.30,
    "ablations.reverse": -0.25,
    "ablations.leave_one_out": -0.20,
    "ablations.repeat_last": -0.10,
    "ablations.cross_article": -0.15,
    "rollout.avg_cos": 0.50,
    "bins_delta.delta": 0.02,
    "data.leaked": 0.0,
    "data.recited": 0.0,
}
_NO_ABLATION = {name: 0.0 for name in _GOOD if name.startswith("ablations.")}
_WEAK = {
    **_GOOD,
    **_NO_ABLATION,
    "offset_sweep.margin": -0.10,
    "offset_sweep.margin_prev": -0.05,
    "offset_sweep.margin_last": -0.20,
    "offset_sweep.peak_offset": -1.0,
    "retrieval.article.r@1": 0.05,
    "retrieval.article.r@5": 0.20,
    "retrieval.article.mrr": 0.15,
    "retrieval.article_unseen.r@5": 0.20,
    "retrieval.article_unseen.bits": 1.0,
    "retrieval.article_unseen.bits_centred": 1.0,
    "rollout.avg_cos": 0.30,
}
_PROFILES: Mapping[str, Mapping[str, float]] = {
    "oracle": {
        **_GOOD,
        **_NO_ABLATION,
        "offset_sweep.cos": 1.0,
        "offset_sweep.margin": 0.50,
        "retrieval.article.r@1": 1.0,
        "retrieval.article.r@5": 1.0,
        "retrieval.article.mrr": 1.0,
        "retrieval.article_unseen.r@5": 1.0,
        "retrieval.article_unseen.bits": 6.5,
        "retrieval.article_unseen.bits_centred": 6.5,
        "rollout.avg_cos": 1.0,
        "bins_delta.delta": 0.0,
        "data.recited": 1.0,
    },
    "copy_last": {**_WEAK, "offset_sweep.cos": 0.45, "bins_delta.delta": 0.08},
    "mean_context": {**_WEAK, "retrieval.article_unseen.bits": 0.5, "offset_sweep.cos": 0.50},
    "constant": {
        **_WEAK,
        "retrieval.article_unseen.bits": 0.0,
        "offset_sweep.cos": 0.40,
        "bins_delta.delta": 0.01,
    },
    "random": {
        **_WEAK,
        "retrieval.article_unseen.bits": 0.0,
        "offset_sweep.cos": 0.0,
        "rollout.avg_cos": 0.0,
        "bins_delta.delta": 0.08,
    },
    "ridge": {
        **_WEAK,
        "retrieval.article_unseen.bits": 0.75,
        "offset_sweep.cos": 0.52,
        "retrieval.article.r@5": 0.55,
    },
    "ridge_centred": {
        **_WEAK,
        "retrieval.article_unseen.bits": 1.25,
        "offset_sweep.cos": 0.48,
        "retrieval.article.r@5": 0.57,
    },
    "copy_last_centred": {
        **_WEAK,
        "retrieval.article_unseen.bits": 1.5,
        "offset_sweep.cos": 0.46,
        "retrieval.article.r@5": 0.58,
    },
    "copy_mix": {
        **_WEAK,
        "retrieval.article_unseen.bits": 1.75,
        "offset_sweep.cos": 0.47,
        "retrieval.article.r@5": 0.59,
    },
    "logit": {
        **_WEAK,
        "retrieval.article_unseen.bits": 2.0,
        "offset_sweep.cos": 0.47,
        "retrieval.article.r@5": 0.60,
    },
}


def _metrics(profile: Mapping[str, float]) -> Metrics:
    def metric(name: str, pair: bool) -> Metric:
        default = 5.0 if "median_rank" in name else 0.1
        value = profile.get(name, profile["offset_sweep.cos"] if name == "offset_sweep.cos@+0" else default)
        half = 0.0 if name == "offset_sweep.peak_offset" else 0.01
        sides = 2 if pair else 1
        return even(value, value - half, value + half, sides * _N, sides * _ARTICLES)

    single = {name: metric(name, pair=False) for name, info in METRICS.items() if not info.pair}
    paired = {name: metric(name, pair=True) for name, info in METRICS.items() if info.pair}
    return {"val": single, "ood": dict(single), PAIR: paired}


def _good_evidence() -> Evidence:
    return Evidence(
        model=_metrics(_GOOD),
        controls={name: _metrics(profile) for name, profile in _PROFILES.items()},
        answers={"val": ANSWERS, "ood": ANSWERS},
    )


def _change(evidence: Evidence, name: str, split: str, *, who: str = "model", **fields: object) -> Evidence:
    """The evidence with some fields of one metric replaced; ``value`` alone moves its interval along."""
    metrics = evidence.model if who == "model" else evidence.controls[who]
    if set(fields) == {"value"} and isinstance(fields["value"], float):
        fields |= {"low": fields["value"] - 0.01, "high": fields["value"] + 0.01}
    changed = dataclasses.replace(metrics[split][name], **fields)  # type: ignore[arg-type]
    rows = {**metrics, split: {**metrics[split], name: changed}}
    if who == "model":
        return dataclasses.replace(evidence, model=rows)
    return dataclasses.replace(evidence, controls={**evidence.controls, who: rows})


def _make_report(
    evidence: Evidence | None = None, policy: Policy | None = None, digest: str | None = None
) -> Report:
    loaded: LoadedPolicy = load_policy("seed-5cat")
    chosen = policy or loaded.policy
    evidence = evidence or _good_evidence()
    split = SplitInput(
        windows=900, articles=40, sampled=_N, eligible=900, sha256="1" * 64, sample_sha256="2" * 64
    )
    inputs = Inputs(
        model=ModelInput(
            "best_model.pt",
            "checkpoint",
            "gru",
            "a" * 64,
            "pt",
            None,
            1234,
            "verified",
            TrainedBy("p6b", 7, "a rule", "val"),
        ),
        bank=BankInput("speeches", "b" * 64, 9302, 384, 122),
        splits={"val": split, "ood": split},
        policy_sha256=digest or (loaded.sha256 if policy is None else "c" * 64),
        train_sha256="7" * 64,
        policy_source="built-in" if policy is None else "own.toml",
        config="gatekeeper.toml",
    )
    settings = Settings(
        context=5,
        horizon=1,
        horizon_source="default",
        seed=0,
        max_samples=None,
        max_per_article=None,
        confidence=0.95,
        bin_edges=(0.45, 0.55),
        retrieval="faiss",
        ridge="train split",
        batch_size=256,
        order="interleaved",
        gates_version=2,
    )
    return Report(
        schema_version=SCHEMA_VERSION,
        created="2026-01-31T12:00:00Z",
        inputs=inputs,
        settings=settings,
        environment=Environment("0.1.0", "e" * 64, None, "3.11.7", "Linux", "cpu", 2, {"numpy": "2.0.0"}),
        policy=chosen,
        evidence=evidence,
        judgement=judge(
            evidence, chosen, confidence=0.95, on=date(2026, 1, 31), setup=Setup(inputs, settings)
        ),
        scores=ScoresFile("scores.npz", "d" * 64),
    )


@pytest.fixture(scope="session")
def good_evidence() -> EvidenceFactory:
    return _good_evidence


@pytest.fixture(scope="session")
def change() -> Change:
    return _change


@pytest.fixture(scope="session")
def make_report() -> ReportFactory:
    return _make_report


@pytest.fixture(scope="session")
def seed_policy() -> Policy:
    return load_policy("seed-5cat").policy
