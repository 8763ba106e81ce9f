"""What the tests of deployment folders share."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.errors import GatekeeperError
from schemas.records.production import Production
from tests.gatekeeper.deployment.served import check_told, roll_back, served, snapshot
from tests.gatekeeper.deployment.submissions import NOW, Offer

STAMP = "2026-01-31T13:00:00Z"


Offers = Callable[..., Offer]


def back(target: Path) -> Production:
    told, found = roll_back(target, now=NOW), served(target)
    assert found is not None
    check_told(told, found)
    return found


def refuses(target: Path, error: type[GatekeeperError], act: Callable[[], object]) -> str:
    """The message of a refusal that left everything in the folder as it was."""
    before = snapshot(target)
    with pytest.raises(error) as caught:
        act()
    assert type(caught.value) is error
    assert snapshot(target) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


def numbers(release: Production) -> tuple[int, int | None, int | None, int | None]:
    """Release, what it replaced, where a rollback goes, what it restores."""
    before = None if release.predecessor is None else release.predecessor.release
    return release.release, release.replaced, before, release.restores


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def model_of(target: Path, release: Production) -> Path:
    return target / "models" / f"{release.model.sha256}{Path(release.model.file).suffix}"


def report_of(target: Path, release: Production) -> Path:
    return target / "reports" / release.report_sha256 / "report.json"


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def edit(path: Path, **fields: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))
