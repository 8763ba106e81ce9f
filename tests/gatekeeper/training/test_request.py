"""A request for a run: which flags are the recipe's, and which files it must not touch."""

from pathlib import Path

import pytest

from gatekeeper.config.record import Config
from gatekeeper.training.request import RunRequest
from schemas.errors import UsageError
from tests.gatekeeper.training.recipe import OWN


def test_flags_are_parted_by_the_settings_of_the_recipe() -> None:
    request = RunRequest(OWN, flags={"count": 4, "max_samples": 10, "rate": 1.0})
    assert request.own() == {"count": 4, "rate": 1.0}
    assert request.rest() == {"max_samples": 10}


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A configuration read from a file, and a run folder with its record."""
    monkeypatch.chdir(tmp_path)
    Path("run").mkdir()
    for name in ("gatekeeper.toml", "run/config.json"):
        Path(name).touch()
    return Config(file=Path("gatekeeper.toml"))


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (RunRequest(OWN, page=Path("gatekeeper.toml")), "the page gatekeeper.toml would overwrite"),
        (
            RunRequest(OWN, out=Path("run"), page=Path("run/config.json")),
            "the file run/config.json would overwrite|the page run/config.json would overwrite",
        ),
        (RunRequest(OWN, file=Path("own.toml"), page=Path("own.toml")), "the page own.toml would overwrite"),
        (
            RunRequest(OWN, out=Path("run"), file=Path("run/config.json")),
            "the file run/config.json would overwrite",
        ),
    ],
)
def test_a_file_that_is_read_is_not_overwritten(read: Config, request_: RunRequest, message: str) -> None:
    Path("own.toml").touch()
    with pytest.raises(UsageError, match=f"^({message})"):
        request_.refuse_overwriting(read)


@pytest.mark.parametrize(
    "request_",
    [
        RunRequest(OWN),
        RunRequest(OWN, out=Path("run"), page=Path("page.html")),
        RunRequest(OWN, resume=Path("run"), file=Path("run/config.json")),
    ],
    ids=["a new folder", "a page beside it", "a resumed run reads its own record"],
)
def test_anything_else_is_let_pass(read: Config, request_: RunRequest) -> None:
    request_.refuse_overwriting(read)
