"""Builds that fail or are killed at any step: a whole data set is there afterwards, or none."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from gatekeeper.data.building import dataset
from gatekeeper.data.formats.dataset import open_dataset
from gates.contracts import Bank
from schemas.disk.lock import locked
from schemas.errors import OutputError, UsageError
from tests.gatekeeper.data.formats.stored import refusal, rich_bank, snapshot, store

STEPS = ("mkdir", "save", "open", "digest", "fsync", "replace", "rename")


class Killed(BaseException):
    """The process is dead: nothing is done after it."""


class Steps:
    """Lets so many operations pass; the next one fails, and all later ones too where it is deadly.

    Attributes:
        done: the operations that were let pass. failed: the one that was not, "" as long as none.
    """

    def __init__(self, patch: pytest.MonkeyPatch, passing: int, error: Callable[[], BaseException]) -> None:
        self.done: list[str] = []
        self.passing, self.error = passing, error
        self.failed = ""
        for name, owner, attribute in (
            ("mkdir", Path, "mkdir"),
            ("open", Path, "open"),
            ("rename", Path, "rename"),
            ("digest", dataset, "file_digest"),
            ("fsync", os, "fsync"),
            ("replace", os, "replace"),
            ("remove", shutil, "rmtree"),
        ):
            patch.setattr(owner, attribute, self.counted(name, getattr(owner, attribute)))
        save = np.save

        def torn(file: IO[bytes], array: Any, **options: Any) -> None:  # noqa: ANN401
            """Half of the file is there when it fails."""
            if self.failing("save"):
                file.write(b"\x93NUMPY half")
                file.flush()
            self.at("save")
            save(file, array, **options)

        patch.setattr(np, "save", torn)

    def failing(self, name: str) -> bool:
        if self.failed:
            return isinstance(self.error(), Killed)
        return name in STEPS and len(self.done) == self.passing

    def at(self, name: str) -> None:
        if self.failing(name):
            self.failed = self.failed or name
            raise self.error()
        if name in STEPS:
            self.done.append(name)

    def counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401
            self.at(name)
            return real(*arguments, **options)

        return operation


def full() -> BaseException:
    return OSError(errno.ENOSPC, "No space left on device")


def stopped() -> BaseException:
    return KeyboardInterrupt()


def exhausted() -> BaseException:
    return MemoryError()


def failing_builds(
    folder: Path, bank: Bank, error: Callable[[], BaseException]
) -> Iterator[tuple[str, BaseException | None]]:
    """Build again and again, the first step failing, then the second, ... until no step is left.

    Yields:
        The step that failed and what the build raised, if anything.
    """
    for passing in range(1000):
        raised: BaseException | None = None
        with pytest.MonkeyPatch.context() as patch:
            steps = Steps(patch, passing, error)
            try:
                store(folder, bank, unmatched="a\n")
            except BaseException as caught:  # noqa: BLE001  (whatever it is, it is looked at)
                raised = caught
        if not steps.failed:
            assert raised is None
            assert set(STEPS) == set(steps.done)
            return
        yield steps.failed, raised
    raise AssertionError("a build has fewer steps")


@pytest.mark.parametrize("error", [full, stopped, exhausted])
def test_a_first_build_that_fails_leaves_nothing(tmp_path: Path, error: Callable[[], BaseException]) -> None:
    for step, raised in failing_builds(tmp_path / "data", rich_bank(), error):
        left = [path.name for path in tmp_path.iterdir()]
        if raised is None:
            # Flushing a folder is a courtesy that some file systems refuse.
            assert refusal(tmp_path / "data") == ""
            shutil.rmtree(tmp_path / "data")
            assert error is full, step
        else:
            assert left == [], step
    assert refusal(tmp_path / "data") == ""


@pytest.mark.parametrize("error", [full, stopped, exhausted])
def test_a_build_that_fails_leaves_the_data_set_before_it(
    tmp_path: Path, error: Callable[[], BaseException]
) -> None:
    folder, old, new = tmp_path / "data", rich_bank(), rich_bank(seed=1)
    store(folder, old)
    before = snapshot(folder)
    failures = 0
    for step, raised in failing_builds(folder, new, error):
        assert [path.name for path in tmp_path.iterdir()] == ["data"], step
        if raised is None:
            assert open_dataset(folder).record.bank.sha256 == new.sha256
            store(folder, old)
        else:
            assert snapshot(folder) == before, step
            failures += 1
    assert failures > 20
    assert open_dataset(folder).record.bank.sha256 == new.sha256


def test_a_full_disk_is_told_in_one_line_and_everything_else_as_it_is(tmp_path: Path) -> None:
    for step, raised in failing_builds(tmp_path / "data", rich_bank(), full):
        if raised is not None:
            assert isinstance(raised, OutputError), step
            assert str(raised).startswith("cannot write ")
            assert str(raised).endswith(": No space left on device")
            assert "\n" not in str(raised)
    for error, kind in ((stopped, KeyboardInterrupt), (exhausted, MemoryError)):
        for _, raised in failing_builds(tmp_path / kind.__name__, rich_bank(), error):
            assert type(raised) is kind
            shutil.rmtree(tmp_path / kind.__name__, ignore_errors=True)


def test_a_build_that_is_killed_leaves_no_half_data_set(tmp_path: Path) -> None:
    folder, new = tmp_path / "data", rich_bank(seed=1)
    for step, raised in failing_builds(folder, new, Killed):
        assert isinstance(raised, Killed)
        # The folder of the build stays under a hidden name; the data set itself is there or is not.
        assert not folder.exists() or refusal(folder) == "", step
        assert {path.name for path in tmp_path.iterdir()} <= {"data", ".data.building"}, step
        shutil.rmtree(folder, ignore_errors=True)
        # And it is no hindrance to the next one, which clears it away.
        store(folder, new)
        assert refusal(folder) == ""
        assert [path.name for path in tmp_path.iterdir()] == ["data"]
        shutil.rmtree(folder)


def test_a_build_that_is_killed_never_loses_the_data_set_before_it(tmp_path: Path) -> None:
    folder, old, new = tmp_path / "data", rich_bank(), rich_bank(seed=1)
    store(folder, old)
    before = snapshot(folder)
    hidden = 0
    for step, raised in failing_builds(folder, new, Killed):
        assert isinstance(raised, Killed)
        if folder.exists():
            assert snapshot(folder) == before or open_dataset(folder).bank.sha256 == new.sha256, step
        else:
            # Between two renames the old one has only a hidden name; it is whole all the same.
            assert step == "rename"
            previous = tmp_path / ".data.building" / "old"
            assert snapshot(previous) == before
            assert refusal(folder) == (
                f"{folder} is gone: a build that was replacing it was killed; build it again, or move the "
                f"previous one back from {previous}"
            )
            # A build that fails at once puts it back all the same.
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(np, "save", failing)
                with pytest.raises(OutputError):
                    store(folder, new)
            assert snapshot(folder) == before
            hidden += 1
        store(folder, old)
        assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert hidden == 1


def failing(*_: object, **__: object) -> None:
    raise full()


def test_two_builds_of_one_folder_do_not_meet(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    workshop = tmp_path / ".data.building"
    workshop.mkdir()
    (workshop / "made-by-gatekeeper").touch()
    (workshop / "new").mkdir()
    with locked(workshop, "build"), pytest.raises(UsageError, match="another build"):
        store(folder)
    assert (workshop / "new").is_dir(), "nothing of the other build was touched"
    store(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_build_over_a_folder_that_cannot_be_moved_restores_nothing_it_did_not_take(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    store(folder)
    before = snapshot(folder)
    real = Path.rename

    def second(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return real(path, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "rename", second)
        with pytest.raises(OutputError, match=r"^cannot write .*data: Invalid cross-device link$"):
            store(folder, rich_bank(seed=1))
    assert snapshot(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
