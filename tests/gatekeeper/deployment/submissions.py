"""Small reports that agree with themselves, and the models, keys and policies that go with them."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatekeeper.deployment.signing.envelope import seal
from gatekeeper.deployment.signing.statement import make_statement
from gatekeeper.deployment.submission import Submission, read_submission
from gatekeeper.deployment.verify import Demands
from gatekeeper.evaluation.companions import envelope_path
from schemas.reading.consistency import derive
from schemas.reading.policy import parse_policy
from schemas.reading.report import parse_report, report_to_json
from schemas.records.answers import Answers
from schemas.records.evidence import Evidence, Metric, Metrics
from schemas.records.inputs import BankInput, Environment, Inputs, Settings, SplitInput
from schemas.records.judgement import Diagnosis, GateResult, Judgement, Verdict
from schemas.records.model import ModelFormat, ModelInput
from schemas.records.policy import LoadedPolicy
from schemas.records.report import SCHEMA_VERSION, Report, ScoresFile
from schemas.records.splits import PAIR
from tests.model_files import model_bytes
from tests.schemas.even import even

CREATED = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOW = CREATED + timedelta(hours=1)
"""When reports are made, and when they are decided about."""

TRUSTED = Ed25519PrivateKey.from_private_bytes(b"a trusted key of thirty-two byte")
FOREIGN = Ed25519PrivateKey.from_private_bytes(b"one that nobody trusts: 32 bytes")

_POLICY = """
schema_version = "1.0"
name = "{name}"
description = "one check"
decide = "point"
min_gates_passed = 1
min_samples = 10
min_articles = 2

[[check]]
gate = "rollout"
metric = "rollout.avg_cos"
splits = ["val"]
min = {least}
{required}
"""
_N, _ARTICLES = 50, 20
_ANSWERS = Answers("float32", "float32", "float32", 0.0, 2e-7, 3e-7, 0.0, 0)
_COSINES = {
    "oracle": 1.0,
    "copy_last": 0.3,
    "mean_context": 0.3,
    "constant": 0.2,
    "random": 0.0,
    "ridge": 0.3,
    "ridge_centred": 0.2,
    "copy_last_centred": 0.2,
    "copy_mix": 0.2,
    "logit": 0.2,
}


@dataclass(frozen=True)
class Offer:
    """A model file with its report, offered for deployment."""

    model: Path
    report: Path

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.model.read_bytes()).hexdigest()

    @property
    def submission(self) -> Submission:
        return read_submission(self.report)


def make_policy(
    *rules: str, least: float = 0.45, name: str = "small", required: str = "required = true"
) -> LoadedPolicy:
    """One check of the rollout on val, and further tables such as champion rules."""
    text = "\n".join((_POLICY.format(name=name, least=least, required=required), *rules))
    data = text.encode()
    return LoadedPolicy(parse_policy(data), hashlib.sha256(data).hexdigest(), f"{name}.toml")


CHAMPION = '[[champion]]\nmetric = "rollout.avg_cos"\nsplits = ["val"]\n'
NO_LOSS = f"{CHAMPION}max_regression = 0.0\n"

POLICY = make_policy()
RELATIVE = make_policy(NO_LOSS, name="relative")
"""The same check, and the rollout must not fall below the champion's."""


def _metrics(cosine: float) -> Metrics:
    def metric(value: float) -> Metric:
        return even(value, value - 0.01, value + 0.01, _N, _ARTICLES)

    return {
        "val": {
            "offset_sweep.cos": metric(cosine),
            "offset_sweep.lift": metric(0.2),
            "retrieval.article_unseen.r@5": metric(0.9),
            "retrieval.article_unseen.chance@5": metric(0.1),
            "rollout.avg_cos": metric(cosine),
        }
    }


def make_report(
    digest: str | None,
    *,
    cosine: float = 0.5,
    created: datetime = CREATED,
    policy: LoadedPolicy = POLICY,
    scores: ScoresFile | None = None,
    form: ModelFormat = "pt",
) -> Report:
    """A report about the model with this digest; None is a control, which has no file."""
    assert PAIR not in _metrics(cosine)
    kind = ModelInput("model.pt", "checkpoint", "gru", digest, form, None, 1234, "verified", None)
    if digest is None:
        kind = ModelInput("control:ridge", "control", "ridge", None, None, None, 0, "not applicable", None)
    split = SplitInput(
        windows=100, articles=20, sampled=_N, eligible=100, sha256="1" * 64, sample_sha256="2" * 64
    )
    report = Report(
        schema_version=SCHEMA_VERSION,
        created=created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        inputs=Inputs(
            model=kind,
            bank=BankInput("speeches", "b" * 64, 1000, 384, 100),
            splits={"val": split},
            policy_sha256=policy.sha256,
            train_sha256="7" * 64,
            policy_source=policy.source,
            config=None,
        ),
        settings=Settings(
            5, 1, "default", 0, None, None, 0.95, (0.45, 0.55), "faiss", "train split", 256, "interleaved", 2
        ),
        environment=Environment("0.1.0", "e" * 64, None, "3.11.7", "Linux", "cpu", 2, {"numpy": "2.0.0"}),
        policy=policy.policy,
        evidence=Evidence(
            _metrics(cosine), {who: _metrics(value) for who, value in _COSINES.items()}, {"val": _ANSWERS}
        ),
        judgement=Judgement(
            (),
            (GateResult("", "error", ()),),
            Verdict("error", 0, False, (), (), (), ()),
            Diagnosis("undecided", ""),
        ),
        scores=scores,
    )
    return with_judgement(report)


def with_judgement(report: Report) -> Report:
    """The report with the judgement that follows from it."""
    return replace(report, judgement=derive(report))


def report_bytes(report: Report) -> bytes:
    """The file of a report, as short as JSON can be."""
    data = json.dumps(report_to_json(report), separators=(",", ":")).encode()
    assert parse_report(data) == report
    return data


def envelope_of(report: Report, data: bytes, key: Ed25519PrivateKey) -> bytes:
    """The signature of a report whose file holds ``data``."""
    return seal(make_statement(report, hashlib.sha256(data).hexdigest()), key)


def make_submission(report: Report, key: Ed25519PrivateKey | None = None) -> Submission:
    """A report in memory, signed if there is a key."""
    data = report_bytes(report)
    envelope = None if key is None else envelope_of(report, data, key)
    return Submission(Path("model.report.json"), data, envelope)


def make_offer(
    folder: Path,
    name: str,
    *,
    cosine: float = 0.5,
    suffix: str = ".pt",
    form: ModelFormat = "pt",
    key: Ed25519PrivateKey | None = None,
    scores: bytes | None = None,
) -> Offer:
    """Write a model, its report, and its scores and signature where they are asked for."""
    folder.mkdir(exist_ok=True)
    offer = Offer(folder / f"{name}{suffix}", folder / f"{name}.report.json")
    offer.model.write_bytes(model_bytes(f"the weights of {name}; ".encode() * 100, form))
    beside = None
    if scores is not None:
        beside = ScoresFile(f"{name}.report.scores.npz", hashlib.sha256(scores).hexdigest())
        (folder / beside.name).write_bytes(scores)
    report = make_report(offer.digest, cosine=cosine, scores=beside, form=form)
    data = report_bytes(report)
    offer.report.write_bytes(data)
    if key is not None:
        envelope_path(offer.report).write_bytes(envelope_of(report, data, key))
    return offer


def trusting(*keys: Ed25519PrivateKey, policy: LoadedPolicy = POLICY) -> Demands:
    """Demands of whoever trusts these keys."""
    return Demands(policy=policy, trusted=tuple(key.public_key() for key in keys))
