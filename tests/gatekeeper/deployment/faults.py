"""The failing disk of the training's tests, for folders with links: what a deployment does besides.

A power cut here knows no order between names: of everything that was not flushed, any part may be
gone. That is less than most file systems give, and all that the standard promises.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from tests.trainers.faults import Disk, Writer

FILLING = ("mkdir", "open", "write", "flush", "fsync", "close", "symlink", "replace")
"""Operations that a full disk refuses. It still reads, locks and removes."""

IGNORED = ("open folder", "fsync folder", "close folder", "ftruncate", "pwrite", "open scores", "read scores")
"""Operations whose failure is no failure of a deployment: flushes that some file systems refuse, the
courtesy of naming the process in the lock, and scores that cannot be read."""


def losses(count: int) -> set[frozenset[int]]:
    """Which of so many names a power cut may undo: all or none, any one alone, or all but any one."""
    names = frozenset(range(count))
    alone = {frozenset({each}) for each in names}
    return {names, frozenset(), *alone, *(names - each for each in alone)}


@dataclass(frozen=True)
class Change:
    """A name that came, went or now means something else.

    Attributes:
        path: the name.
        before: what it was: a folder (""), the target of a link, the content of a file, or nothing.
        source: of a renaming, the name that went.
    """

    path: Path
    before: str | bytes | None
    source: Path | None = None

    def moved(self, folder: Path, to: Path) -> "Change":
        """The same in a copy of the folder."""
        source = None if self.source is None else to / self.source.relative_to(folder)
        return Change(to / self.path.relative_to(folder), self.before, source)

    def undo(self) -> None:
        """As if it had not happened."""
        if self.source is not None and _state(self.path) is not None and self.source.parent.is_dir():
            self.path.rename(self.source)
        if self.path.is_dir() and not self.path.is_symlink():
            shutil.rmtree(self.path)
        self.path.unlink(missing_ok=True)
        if not self.path.parent.is_dir():
            return  # that its folder was made is lost as well
        if self.before == "":
            self.path.mkdir()
        elif isinstance(self.before, str):
            self.path.symlink_to(self.before)
        elif self.before is not None:
            self.path.write_bytes(self.before)


def _state(path: Path) -> str | bytes | None:
    if path.is_symlink():
        return os.readlink(path)
    if path.is_dir():
        return ""
    if not path.exists():
        return None
    with path.open("rb") as file:
        return file.read()


class Reader:
    """A file that is read; each read may fail."""

    def __init__(self, file: IO[bytes], disk: "LinkedDisk", step: str) -> None:
        self.file, self.disk, self.step = file, disk, step

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def fileno(self) -> int:
        return self.file.fileno()

    def read(self, size: int = -1) -> bytes:
        self.disk.at(self.step)
        return self.file.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def seekable(self) -> bool:
        return True


class LinkedDisk(Disk):
    """Counts links, reads and locks too, and remembers every name that was not flushed.

    Attributes:
        pending: what a power cut may undo, in the order in which it happened.
    """

    def __init__(self, patch: pytest.MonkeyPatch, fail: Callable[[str], None], kept: float = 0.0) -> None:
        super().__init__(patch, fail, kept)
        self.pending: list[Change] = []
        for name in ("symlink", "ftruncate", "pwrite"):
            patch.setattr(os, name, self._changing(name, getattr(os, name), place=1))
        patch.setattr(fcntl, "flock", self._counted("flock", fcntl.flock))
        for name in ("mkdir", "rmdir"):
            # The one of mkdir counts already.
            real = getattr(Path, name) if name != "rmdir" else self._counted(name, Path.rmdir)
            patch.setattr(Path, name, self._remembered(real))

    def open(self, path: Path, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        place = path
        path = self.whole(path, dir_fd)
        fresh = bool(flags & os.O_CREAT)
        reading = "open scores" if path.name.endswith(".scores.npz") else "open to read"
        self.at("open" if fresh else self.folder_step(flags) if path.is_dir() else reading)
        before = _state(path) if fresh else None
        descriptor: int = self.real["open"](place, flags, mode, dir_fd=dir_fd)
        self.paths[descriptor] = path
        if fresh and before is None:
            self.pending.append(Change(path, None))
        return descriptor

    def fdopen(self, descriptor: int, mode: str) -> Writer:
        if mode == "rb":
            step = "read scores" if self.paths[descriptor].name.endswith(".scores.npz") else "read"
            return Reader(self.real["fdopen"](descriptor, mode), self, step)  # type: ignore[return-value]
        return super().fdopen(descriptor, mode)

    def fsync(self, descriptor: int) -> None:
        path = self.paths[descriptor]
        super().fsync(descriptor)
        if path.is_dir():
            self.pending = [change for change in self.pending if change.path.parent != path]

    def unlink(self, path: Path, *, dir_fd: int | None = None) -> None:
        whole = self.whole(path, dir_fd)
        change = Change(whole, _state(whole))
        super().unlink(path, dir_fd=dir_fd)
        self.pending.append(change)

    def replace(
        self, source: Path, target: Path, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None
    ) -> None:
        self.at("replace")
        source, target = self.whole(source, src_dir_fd), self.whole(target, dst_dir_fd)
        change = Change(target, _state(target), source)
        self.real["replace"](source, target)
        self.pending.append(change)
        if source in self.loose:
            self.loose = self.loose - {source} | {target}

    def close(self, descriptor: int) -> None:
        is_folder = self.paths[descriptor].is_dir() if descriptor in self.paths else False
        self.real["close"](descriptor)  # of a dead process too
        self.at("close folder" if is_folder else "close lock")

    def ruins(self, folder: Path) -> Iterator[Path]:
        """What a power cut may leave of a folder, each in a copy of its own.

        Files that were not flushed are torn in all of them; names are lost as in :func:`losses`.
        """
        self.cut_power()
        for which, lost in enumerate(losses(len(self.pending))):
            ruin = folder.with_name(f"{folder.name}-{which}")
            if folder.exists():
                shutil.copytree(folder, ruin, symlinks=True)
            for number in sorted(lost, reverse=True):
                self.pending[number].moved(folder, ruin).undo()
            yield ruin

    def _changing(self, name: str, real: Callable[..., object], place: int) -> Callable[..., object]:
        def operation(*arguments: object) -> object:
            self.at(name)
            found = real(*arguments)
            if name == "symlink":
                self.pending.append(Change(Path(str(arguments[place])), None))
            return found

        return operation

    def _remembered(self, real: Callable[..., object]) -> Callable[..., object]:
        def operation(path: Path, *arguments: object, **more: object) -> object:
            change = Change(path, _state(path))
            found = real(path, *arguments, **more)
            if _state(path) != change.before:
                self.pending.append(change)
            return found

        return operation
