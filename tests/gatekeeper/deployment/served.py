"""Deployments to a folder, what it serves then, and whether all of it belongs together."""

import hashlib
import json
import os
from datetime import datetime
from pathlib import Path

from gatekeeper.deployment import deploy as flow
from gatekeeper.deployment import releases
from gatekeeper.deployment.deploy import Deployed
from gatekeeper.deployment.folder import DeploymentFolder
from gatekeeper.deployment.submission import Submission
from gatekeeper.deployment.target import Release
from gatekeeper.deployment.verify import Demands
from schemas.reading.schema import violation
from schemas.records.production import Production
from tests.gatekeeper.deployment.submissions import NOW, POLICY, Offer

ANY = Demands(policy=POLICY)
"""One check, and no signature."""


def deploy(
    model: Path,
    submission: Submission,
    demands: Demands,
    folder: Path,
    *,
    champion: Submission | None = None,
    now: datetime | None = None,
) -> Deployed:
    """To a folder, by its path."""
    return flow.deploy(model, submission, demands, DeploymentFolder(folder), champion=champion, now=now)


def roll_back(folder: Path, *, now: datetime | None = None) -> Release:
    """In a folder, by its path."""
    return flow.roll_back(DeploymentFolder(folder), now=now)


def history(folder: Path) -> tuple[Release, ...]:
    """Of a folder, by its path."""
    return DeploymentFolder(folder).history()


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def snapshot(folder: Path) -> dict[str, bytes | str | None]:
    """Everything in a folder but lock and reserve: content of files, target of links, None for folders."""
    found: dict[str, bytes | str | None] = {}
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place, name)
            key = str(path.relative_to(folder))
            if path.is_symlink():
                found[key] = f"-> {path.readlink()}"
            elif path.is_dir():
                found[key] = None
            elif key not in (".lock", ".reserve-for-rollback"):
                found[key] = path.read_bytes()
    return found


def served(folder: Path, *, linked: bool = True) -> Production | None:
    """What is in production, after every file of it and of its past was compared with its record.

    Args:
        folder: where it was deployed to.
        linked: whether the record must be reachable without going through ``current``.
    """
    now = releases.production(folder)
    told = history(folder)
    if now is None:
        assert told == ()
        return None
    assert os.readlink(folder / "current") == f"releases/{now.release:06d}"
    if linked or (folder / "PRODUCTION.json").is_symlink():
        assert os.readlink(folder / "PRODUCTION.json") == "current/PRODUCTION.json"
    # A number is missing where a deployment died after its release was whole, before the switch.
    numbers = [each.release for each in told]
    assert numbers == sorted(set(numbers), reverse=True)
    for each, record in zip(told, releases.history(folder), strict=True):
        _check_release(folder, record)
        check_told(each, record)
    return now


def served_release(folder: Path, *, linked: bool = True) -> Release | None:
    """:func:`served`, in the words of every target."""
    return None if served(folder, linked=linked) is None else history(folder)[0]


def check_told(release: Release, record: Production) -> None:
    """What the target tells of a release is what its record says."""
    assert (release.release, release.deployed) == (record.release, record.deployed)
    assert (release.model.file, release.model.sha256) == (record.model.file, record.model.sha256)
    assert (release.report_sha256, release.signer) == (record.report_sha256, record.signer)
    assert (release.policy, release.restores) == (record.policy, record.restores)
    assert release.predecessor == (record.predecessor and record.predecessor.release)
    assert release.left is None


def _check_release(folder: Path, release: Production) -> None:
    place = folder / "releases" / f"{release.release:06d}"
    record = json.loads((place / "PRODUCTION.json").read_text())
    assert violation("production", record) is None
    assert record["model"]["sha256"] == release.model.sha256 == sha256(place / release.model.file)
    assert record["model"]["bytes"] == (place / release.model.file).stat().st_size
    assert record["report_sha256"] == release.report_sha256 == sha256(place / "report.json")
    names = {"PRODUCTION.json", "report.json", release.model.file}
    assert {path.name for path in place.iterdir()} == names
    # Relative, so that the folder can be moved or mounted elsewhere.
    suffix = Path(release.model.file).suffix
    assert os.readlink(place / release.model.file) == f"../../models/{release.model.sha256}{suffix}"
    assert os.readlink(place / "report.json") == f"../../reports/{release.report_sha256}/report.json"


def put(offer: Offer, target: Path, demands: Demands = ANY, *, now: datetime = NOW) -> Production:
    """Deploy an offer that is let through."""
    done = deploy(offer.model, offer.submission, demands, target, now=now)
    assert done.ruling.decision.judgement.verdict.deployable
    found = served(target)
    assert done.production is not None
    assert found is not None
    check_told(done.production, found)
    return found
