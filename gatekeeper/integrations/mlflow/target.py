"""MLflow's model registry as a deployment target: versions that never change, and an alias that switches.

::

    models:/NAME@ALIAS -> version 2     the switch: one transaction of the registry
    models:/NAME/2/model.pt             what is served
    tags gatekeeper.* of version 2      since when, on whose word, what was before, the digests
    artifacts of its run, report/       its report, signature and per-sample scores

A version is uploaded, downloaded again and verified before the alias is set, which comes last. A crash
therefore leaves the alias where it was, and at most a version that no history lists.

The predecessor of a version never changes. So a second rollback goes back further, and what is deployed
after a rollback has as its predecessor the version that was restored, as in a deployment folder.

MLflow offers no lock. Whether the alias has moved is looked at right before it is set; of two deployments
in that very instant the later one wins, and both were let through.
"""

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from gatekeeper.deployment.kept import REPORT, SIGNATURE, kept_scores
from gatekeeper.deployment.model_file import confirmed_format
from gatekeeper.deployment.verify import (
    Authentic,
    Demands,
    Ruling,
    Submission,
    authenticate,
    authenticate_served,
    check_model,
    model_digest,
    rule,
)
from gatekeeper.integrations.mlflow.registry import (
    MODEL_FOLDER,
    REPORT_FOLDER,
    MlflowTarget,
    Stored,
    Version,
    connected,
    described,
)
from schemas.errors import ModelError, OutputError, UsageError
from schemas.reading.model_format import SUFFIXES

SCHEME = "mlflow:"

_NAME = re.compile(r"(?!\.$|\.\.)[^/\\:%@?#'\"`]{1,256}")
_ALIAS = re.compile(r"(?!(?i:latest|v\d+)$)[\w-]{1,255}")


@dataclass(frozen=True)
class Deployed:
    """What a deployment came to: the ruling, and the version if it was let through."""

    ruling: Ruling
    version: Version | None


def parse_target(text: str) -> MlflowTarget:
    """Read ``mlflow:NAME@ALIAS``.

    A name is one that MLflow allows and that means nothing else in a URI or a search.

    Raises:
        UsageError: it is none.

    Example:
        >>> parse_target("mlflow:next-embedding@champion")
        MlflowTarget(name='next-embedding', alias='champion')
    """
    name, _, alias = text.removeprefix(SCHEME).partition("@")
    plain = text.startswith(SCHEME) and text.isprintable() and name == name.strip()
    if not (plain and _NAME.fullmatch(name) and _ALIAS.fullmatch(alias)):
        raise UsageError(
            f"expected mlflow:NAME@ALIAS, found {text!r:.80}; NAME has none of / \\ : % @ ? # and no quotes, "
            "ALIAS has letters, digits, _ and -, and is neither latest nor of the form v1"
        )
    return MlflowTarget(name, alias)


def deploy(
    model: Path,
    submission: Submission,
    demands: Demands,
    target: MlflowTarget,
    *,
    champion: Submission | None = None,
    now: datetime | None = None,
) -> Deployed:
    """Copy a model, check the copy, upload it if it is let through, and point the alias at it.

    The champion is the version the alias points at; there is none before the first deployment.

    Args:
        model: the file to deploy.
        submission: its report and signature.
        demands: what the verifier asks for.
        target: the registered model (made if it is missing) and the alias.
        champion: a newer report of the model in production, e.g. on newer data; by default the one
            it was let through with.
        now: the time of the decision; the clock's by default.

    Raises:
        ModelError: the model cannot be read, is no model file of one format, its copy differs, or what
            MLflow stored of it.
        ReportError: the report is refused (:func:`gatekeeper.deployment.verify.examine`), or the
            version in production cannot be a champion.
        OutputError: MLflow refuses or cannot be reached, or there is no room for the copy.
        UsageError: MLflow is not installed or not set up, or another deployment moved the alias.
    """
    moment = now or datetime.now(UTC)
    authentic = authenticate(submission, demands)
    named = None if champion is None else authenticate(champion, demands)
    with _work() as work:
        copy, digest = _copy(model, work / MODEL_FOLDER)
        check_model(authentic, digest, model)
        with connected(target) as registry:
            before = registry.current()
            served = described(before) if before and demands.policy.policy.champion else None
            rival = named if served else None
            if served and rival is None:
                rival = authenticate_served(registry.report(served, work), demands)
        ruling = rule(
            authentic,
            replace(demands, first=before is None),
            model_sha256=digest,
            champion=rival,
            champion_sha256=served.model_sha256 if served else None,
            now=moment,
        )
        if not ruling.decision.judgement.verdict.deployable:
            return Deployed(ruling, None)
        copy = copy.rename(copy.with_suffix(SUFFIXES[confirmed_format(ruling.report, copy)]))
        _collect(authentic, work / REPORT_FOLDER)
        with connected(target) as registry:
            made = _describe(ruling, digest, copy.name, target, before, moment)
            run = registry.upload(work)
            made = replace(made, run=run, number=registry.register(run, made.tags()))
            registry.check_model(made, work)
            registry.switch(before, made.number, f"{made.deployed} by deploy")
        return Deployed(ruling, made)


def roll_back(target: MlflowTarget, *, now: datetime | None = None) -> Version:
    """Point the alias at the predecessor of the version in production.

    Its model and report must still have the digests it was let through with; they are not judged anew.

    Raises:
        UsageError: nothing is deployed, it has no predecessor, or it was deployed to another alias.
        ReportError, ModelError: what would be restored is damaged.
        OutputError: MLflow refuses or cannot be reached.
    """
    with _work() as work, connected(target) as registry:
        before = registry.current()
        if before is None:
            raise UsageError(f"{target}: nothing is deployed, so there is nothing to roll back to")
        served = described(before)
        if served.alias != target.alias:
            raise UsageError(
                f"{target}: version {served.number} was deployed to @{served.alias}, so its predecessor is "
                "not known here; set the alias in MLflow"
            )
        if served.predecessor is None:
            raise UsageError(f"{target}: version {served.number} has no predecessor to roll back to")
        restored = described(registry.version(served.predecessor))
        registry.check_model(restored, work)
        registry.report(restored, work)
        registry.switch(before, restored.number, f"{_stamp(now or datetime.now(UTC))} by rollback")
        return replace(restored, left=None)


def history(target: MlflowTarget) -> tuple[Version, ...]:
    """All versions that were in production, newest first.

    Raises:
        ReportError: the tags of one are damaged.
        OutputError: MLflow refuses or cannot be reached.
    """
    with connected(target) as registry:
        current = registry.current()
        stored = [each for each in registry.versions() if each.tag("alias") == target.alias]
    found = []
    for version in map(described, stored):
        if current is not None and version.number == current.number:
            found.append(replace(version, left=None))
        elif version.left is not None:
            found.append(version)
    return tuple(found)


@contextlib.contextmanager
def _work() -> Iterator[Path]:
    """A folder that only we can look into."""
    try:
        with tempfile.TemporaryDirectory(prefix="gatekeeper-") as name:
            yield Path(name)
    except OSError as error:
        why = error.strerror or error
        raise OutputError(f"cannot copy to a temporary folder: {why}; TMPDIR names another") from None


def _copy(model: Path, folder: Path) -> tuple[Path, str]:
    """Copy a model to a new folder; the digest of the copy comes with it."""
    told = model_digest(model)
    folder.mkdir()
    copy = folder / "model.bin"  # its content will decide what it is called
    shutil.copyfile(model, copy, follow_symlinks=False)
    digest = model_digest(copy)
    if digest != told:
        raise ModelError(f"the model {model} changed while it was copied; deploy a file nobody writes to")
    return copy, digest


def _collect(authentic: Authentic, folder: Path) -> None:
    """Gather report, signature and scores: the next model may be compared with them."""
    submission = authentic.submission
    folder.mkdir()
    (folder / REPORT).write_bytes(submission.report)
    if submission.envelope is not None:
        (folder / SIGNATURE).write_bytes(submission.envelope)
    named, scores = authentic.report.scores, kept_scores(authentic)
    if named is not None and scores is not None:
        (folder / named.name).write_bytes(scores)


def _describe(
    ruling: Ruling,
    digest: str,
    model_file: str,
    target: MlflowTarget,
    before: Stored | None,
    moment: datetime,
) -> Version:
    """A version that has no number yet."""
    decision = ruling.decision
    return Version(
        number=0,
        run="",
        alias=target.alias,
        deployed=_stamp(moment),
        model_file=model_file,
        model_sha256=digest,
        report_sha256=decision.report_sha256,
        policy=decision.policy.name,
        policy_sha256=decision.policy.sha256,
        signer=decision.signer,
        predecessor=before.number if before else None,
        left=None,
    )


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
