"""What a deployment folder serves, and whether all of it belongs together."""

import hashlib
import json
import os
from datetime import datetime
from pathlib import Path

from gatekeeper.deployment.folder import deploy, history, production
from gatekeeper.deployment.verify import Demands
from schemas.reading.schema import violation
from schemas.records.production import Production
from tests.gatekeeper.deployment.submissions import NOW, POLICY, Offer

ANY = Demands(policy=POLICY)
"""One check, and no signature."""


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
    now = production(folder)
    if now is None:
        assert history(folder) == ()
        return None
    assert os.readlink(folder / "current") == f"releases/{now.release:06d}"
    if linked or (folder / "PRODUCTION.json").is_symlink():
        assert os.readlink(folder / "PRODUCTION.json") == "current/PRODUCTION.json"
    # A number is missing where a deployment died after its release was whole, before the switch.
    numbers = [each.release for each in history(folder)]
    assert numbers == sorted(set(numbers), reverse=True)
    for each in history(folder):
        _check_release(folder, each)
    return now


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
    assert done.production is not None
    assert served(target) == done.production
    return done.production
