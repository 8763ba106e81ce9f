"""The one decision that lets a model through: a report, a model and the verifier's demands.

Nothing a report claims about itself is believed. Its checks and verdict are derived from its metrics
under the verifier's policy; its model is the one whose bytes have the digest it names; and where the
verifier names trusted keys, its bytes are those one of them signed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from gatekeeper.deployment.submission import Authentic, Submission, authenticate, check_model
from gatekeeper.installation.sources import files_verified
from schemas.errors import ReportError
from schemas.records.decision import DECISION_VERSION, ChampionUsed, Decision, PolicyUsed
from schemas.records.evidence import Metrics
from schemas.records.policy import LoadedPolicy
from schemas.records.report import Report
from schemas.verdict.gains import gains, incomparable
from schemas.verdict.judge import judge

if TYPE_CHECKING:  # only whoever demands a signature pays for loading the cryptography
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of ours the clock of the machine that evaluated may go."""


@dataclass(frozen=True, kw_only=True)
class Demands:
    """What the verifier asks for.

    Attributes:
        policy: the thresholds.
        trusted: keys, one of which must have signed the report (and the champion's); empty asks for none.
        max_age: the oldest report that still counts.
        first: the verifier says that there is no champion yet; champion rules are left out.
    """

    policy: LoadedPolicy
    trusted: tuple["Ed25519PublicKey", ...] = ()
    max_age: timedelta | None = None
    first: bool = False


@dataclass(frozen=True)
class Ruling:
    """The decision, and the report as the verifier's policy judges it."""

    decision: Decision
    report: Report


def examine(
    submission: Submission,
    demands: Demands,
    *,
    model_sha256: str | None,
    champion: Submission | None,
    champion_sha256: str | None = None,
    now: datetime | None = None,
    model: Path | None = None,
) -> Ruling:
    """Decide about a report.

    Args:
        submission: the report and its signature.
        demands: what the verifier asks for.
        model_sha256: digest of the model file that is to be let through; None leaves the report
            bound to no file, and the decision says so.
        champion: the report of the model in production.
        champion_sha256: digest of that model; the champion's report must be about it.
        now: the time of the decision; the clock's by default.
        model: where that file lies, so that one of another kind is told by name.

    Returns:
        The outcome is in ``decision.judgement.verdict``.

    Raises:
        ModelError: the file at ``model`` is none, but a bank, a report, a table or a text.
        SignatureError: a demanded signature is missing, broken, of another key, report or model.
        ReportError: the report is malformed, contradicts itself, is about another model, comes from
            the future, is too old, or cannot be compared with the champion's.
        DataError: a rule decides on the interval of a gain, and the scores it needs are missing.
    """
    authentic = authenticate(submission, demands.trusted)
    check_model(authentic, model_sha256, model)
    return rule(
        authentic,
        demands,
        model_sha256=model_sha256,
        champion=None if champion is None else authenticate(champion, demands.trusted),
        champion_sha256=champion_sha256,
        now=now,
    )


def rule(
    authentic: Authentic,
    demands: Demands,
    *,
    model_sha256: str | None,
    champion: Authentic | None,
    champion_sha256: str | None = None,
    now: datetime | None = None,
) -> Ruling:
    """:func:`examine` of what was read and verified before, as ``deploy`` does it before it locks.

    Raises:
        ReportError, DataError: as there.
    """
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    submission, report = authentic.submission, authentic.report
    check_model(authentic, model_sha256)
    _check_age(report, demands, moment, submission.path)
    if champion is not None:
        check_model(champion, champion_sha256)
    found = _gains(authentic, champion, demands)
    policy = demands.policy
    judgement = judge(
        report.evidence,
        policy.policy,
        confidence=report.settings.confidence,
        on=moment.date(),
        gains=found,
        setup=report.setup,
    )
    decision = Decision(
        schema_version=DECISION_VERSION,
        decided=moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        report_sha256=submission.sha256,
        report_created=report.created,
        model_sha256=model_sha256,
        signer=authentic.signer,
        policy=PolicyUsed(policy.policy.name, policy.sha256, policy.source),
        champion=None
        if champion is None
        else ChampionUsed(champion.submission.sha256, champion.report.inputs.model.sha256),
        files_verified=files_verified(),
        notes=tuple(_notes(submission, demands, model_sha256, champion)),
        judgement=judgement,
    )
    inputs = replace(report.inputs, policy_sha256=policy.sha256, policy_source=policy.source)
    return Ruling(decision, replace(report, inputs=inputs, policy=policy.policy, judgement=judgement))


def _check_age(report: Report, demands: Demands, now: datetime, where: Path) -> None:
    age = now - datetime.fromisoformat(report.created)
    if age < -CLOCK_SKEW:
        raise ReportError(f"{where} was made in the future, at {report.created}; check the clocks")
    if demands.max_age is not None and age > demands.max_age:
        raise ReportError(
            f"{where} is stale: made at {report.created}, more than {_span(demands.max_age)} ago; "
            "evaluate again"
        )


def _gains(authentic: Authentic, champion: Authentic | None, demands: Demands) -> Metrics | None:
    policy = demands.policy.policy
    if champion is None:
        # Without a champion its rules are skipped, and what is skipped does not pass.
        return None if demands.first or not policy.champion else {}
    report, rival = authentic.report, champion.report
    path, other = authentic.submission.path, champion.submission.path
    if not _bound_gains(demands):
        different = incomparable(report, rival)
        if different:
            raise ReportError(f"{path} and {other} cannot be compared: they differ in {'; '.join(different)}")
        return gains(report.evidence, rival.evidence)
    from gatekeeper.evaluation.comparison import Scored, paired_gains

    return paired_gains(Scored(report, path), Scored(rival, other))


def _bound_gains(demands: Demands) -> bool:
    policy = demands.policy.policy
    return any((rule.decide or policy.decide) == "bound" for rule in policy.champion)


def _notes(
    submission: Submission, demands: Demands, model_sha256: str | None, champion: Authentic | None
) -> list[str]:
    notes = []
    if model_sha256 is None:
        notes.append("no model file was given, so the report is bound to none; add --model FILE")
    if submission.envelope is not None and not demands.trusted:
        notes.append("the report is signed, but no trusted key was given; add --trusted-key FILE")
    if demands.policy.policy.champion and champion is None:
        notes.append(
            "first deployment: the champion rules were left out"
            if demands.first
            else "the policy has champion rules: add --champion REPORT, or --first if there is none yet"
        )
    return notes


def _span(age: timedelta) -> str:
    for unit, seconds in _UNITS.items():
        if age.total_seconds() % seconds == 0:
            count = int(age.total_seconds() // seconds)
            return f"{count} {unit if count > 1 else unit[:-1]}"
    return f"{age.total_seconds():g} seconds"


_UNITS: Mapping[str, int] = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
