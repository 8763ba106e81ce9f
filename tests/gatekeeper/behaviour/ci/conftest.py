"""A made-up runner of GitHub Actions."""

from pathlib import Path

import pytest

from tests.gatekeeper.behaviour.ci.files import Runner, write_submission


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    folder, temporary = tmp_path / "work", tmp_path / "runner"
    folder.mkdir()
    temporary.mkdir()
    write_submission(folder)
    return Runner(folder, temporary, {"report": "best.report.json", "model": "best.pt"})
