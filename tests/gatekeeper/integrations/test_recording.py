"""Where a run is recorded: places that cannot be read are told, and the run goes on."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.integrations.recording import Places, RecorderOptions, open_recorders


@pytest.mark.parametrize("content", ["{", '{"tensorboard": 3, "mlflow": null}', '{"other": 1}', "[]", None])
def test_places_that_cannot_be_read_are_told_and_the_run_goes_on(content: str | None, tmp_path: Path) -> None:
    if content is None:  # nobody will ever write into it
        os.mkfifo(tmp_path / "recorders.json")
    else:
        (tmp_path / "recorders.json").write_text(content)
    lines: list[str] = []
    opened = open_recorders(RecorderOptions(), tmp_path, resume=True, params={}, warn=lines.append)
    assert opened == {}
    assert len(lines) == 1
    assert lines[0].startswith(
        f"warning: {tmp_path / 'recorders.json'} is broken, so the run goes on without"
    )


def test_nothing_wanted_leaves_nothing(tmp_path: Path) -> None:
    warn: Callable[[str], None] = pytest.fail
    for resume in (False, True):
        assert open_recorders(RecorderOptions(), tmp_path, resume=resume, params={}, warn=warn) == {}
    assert not list(tmp_path.iterdir())
    assert Places() == Places(None, None)
