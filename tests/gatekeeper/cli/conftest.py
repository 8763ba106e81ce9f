"""Two evaluated models for the commands that look at reports, and a clock that stands still."""

from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from gatekeeper.deployment import deploy as flow
from gatekeeper.deployment import verify
from tests.gatekeeper.forgery import Files, copy_files, make_files


@pytest.fixture(scope="session")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return make_files(tmp_path_factory.mktemp("evaluated") / "files")


@pytest.fixture
def files(evaluated: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """A copy of the files, as the working directory, outside of any CI."""
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    copied = copy_files(evaluated, tmp_path / "files")
    monkeypatch.chdir(copied.folder)
    return copied


@pytest.fixture
def clock(files: Files, monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The moment of every decision: 100 minutes after the report was made."""
    moment = datetime.fromisoformat(files.read().created) + timedelta(minutes=100)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Clock":
            return cls.fromtimestamp(moment.timestamp(), tz)

    for module in (verify, flow):
        monkeypatch.setattr(module, "datetime", Clock)
    return moment
