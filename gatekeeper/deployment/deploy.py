"""The one way into production, whatever the target: copy, digest, examine the copy, store, switch."""

import contextlib
import os
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from gatekeeper.deployment.kept import kept_files
from gatekeeper.deployment.model_file import BLOCK, confirmed_format, model_digest, one_file, open_model
from gatekeeper.deployment.own_names import TEMPORARY
from gatekeeper.deployment.submission import Submission, authenticate, authenticate_served, check_model
from gatekeeper.deployment.target import Cleared, Release, Target
from gatekeeper.deployment.verify import Demands, Ruling, rule
from schemas.errors import UsageError
from schemas.reading.model_format import SUFFIXES
from schemas.records.production import DeployedModel


@dataclass(frozen=True)
class Deployed:
    """What a deployment came to: the ruling, and what is in production if the model was let through."""

    ruling: Ruling
    production: Release | None


def deploy(
    model: Path,
    submission: Submission,
    demands: Demands,
    target: Target,
    *,
    champion: Submission | None = None,
    now: datetime | None = None,
) -> Deployed:
    """Copy a model, check the copy, and switch to it if it is let through.

    The champion is the model in production; there is none before the first deployment.

    Args:
        model: the file to deploy, or a folder with one file of weights.
        submission: its report and signature.
        demands: what the verifier asks for.
        target: where it goes.
        champion: a newer report of the model in production, e.g. on newer data; by default the one
            it was let through with.
        now: the time of the decision; the clock's by default.

    Raises:
        ModelError: the model cannot be read, is no model file of one format, or was not stored as it is.
        ReportError: the report is refused (:func:`gatekeeper.deployment.verify.examine`), or the records of
            the target are broken.
        OutputError: the target cannot be reached or written to.
        UsageError: another deployment is at work, or a champion is named before the first.
    """
    moment = now or datetime.now(UTC)
    model = one_file(model)
    # A report may take long to read: nobody shall wait for that, a rollback least of all.
    authentic = authenticate(submission, demands.trusted)
    check_model(authentic, model_digest(model), model)
    named = None if champion is None else authenticate(champion, demands.trusted)
    files = kept_files(authentic)
    with target.turn() as turn:
        if turn.first and champion is not None:
            raise UsageError(f"--champion names one, but nothing is deployed in {target} yet; leave it out")
        served = None if turn.first or not demands.policy.policy.champion else turn.current()
        copy, size = _copy(model, turn.place)
        try:
            digest = model_digest(copy)
            rival = None
            if served:
                rival = named or authenticate_served(turn.report(served), demands.trusted)
            ruling = rule(
                authentic,
                replace(demands, first=turn.first),
                model_sha256=digest,
                champion=rival,
                champion_sha256=served.model.sha256 if served else None,
                now=moment,
            )
            if not ruling.decision.judgement.verdict.deployable:
                return Deployed(ruling, None)
            name = f"model{SUFFIXES[confirmed_format(ruling.report, copy)]}"
            release = turn.store(Cleared(copy, DeployedModel(name, digest, size), files, ruling.decision))
        finally:
            with contextlib.suppress(FileNotFoundError):
                copy.unlink()
        turn.switch(release)
        return Deployed(ruling, release)


def roll_back(target: Target, *, now: datetime | None = None) -> Release:
    """Serve the predecessor of what is in production again.

    Its model and report must still have the digests it was let through with; they are not judged
    anew, for the policy may have changed since and an emergency must not wait for it.

    Raises:
        UsageError, ReportError, ModelError, OutputError: as :meth:`Target.roll_back`.
    """
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    return target.roll_back(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _copy(model: Path, place: Path) -> tuple[Path, int]:
    """Copy a model to a temporary file; the size of the copy comes with it."""
    copy = place / f"{TEMPORARY}{secrets.token_hex(8)}.tmp"
    with open_model(model) as reader:
        descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            size = 0
            with os.fdopen(descriptor, "wb") as writer:
                while block := reader.read(BLOCK):
                    size += writer.write(block)
                writer.flush()
                os.fsync(descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                copy.unlink()
            raise
    return copy, size
