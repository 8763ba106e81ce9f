"""A disk on which any operation can be the one that fails."""

import errno
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import IO

import pytest

FILLING = ("mkdir", "open", "write", "flush", "fsync", "close", "replace")
"""Operations that a full disk refuses. It still removes files."""


class Killed(BaseException):
    """The process is dead: no handler of errors sees it, and nothing is done after it."""


class Disk:
    """Shows each operation of a save to ``fail``, which lets it pass or raises instead of it.

    Attributes:
        done: the operations so far.
        loose: files whose content was not flushed; a power cut leaves half of it.
        renamed: files and their content before, of renames whose folder was not flushed; a power cut
            may undo the first of them and keep the others.
    """

    def __init__(self, patch: pytest.MonkeyPatch, fail: Callable[[str], None], kept: float = 0.0) -> None:
        self.fail, self.kept = fail, kept
        self.done: list[str] = []
        self.loose: set[Path] = set()
        self.renamed: list[tuple[Path, bytes | None]] = []
        self.paths: dict[int, Path] = {}
        named = ("open", "close", "fdopen", "fsync", "replace", "unlink")
        self.real = {name: getattr(os, name) for name in named}
        for name in named:
            patch.setattr(os, name, getattr(self, name))
        for name in ("mkdir", "iterdir", "read_bytes", "read_text"):
            patch.setattr(Path, name, self._counted(name, getattr(Path, name)))

    def at(self, name: str) -> None:
        self.fail(name)
        self.done.append(name)

    def whole(self, path: str | Path, folder: int | None) -> Path:
        """The path of a name in a folder that there is a handle of."""
        return Path(path) if folder is None else self.paths[folder] / path

    def open(self, path: Path, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        self.at("open" if flags & os.O_CREAT else self.folder_step(flags))
        descriptor: int = self.real["open"](path, flags, mode, dir_fd=dir_fd)
        self.paths[descriptor] = self.whole(path, dir_fd)
        return descriptor

    @staticmethod
    def folder_step(flags: int) -> str:
        """A folder is opened to be flushed, or entered to work in it."""
        return "enter folder" if flags & os.O_DIRECTORY else "open folder"

    def unlink(self, path: Path, *, dir_fd: int | None = None) -> None:
        self.at("unlink")
        self.real["unlink"](path, dir_fd=dir_fd)

    def fdopen(self, descriptor: int, mode: str) -> "Writer":
        self.loose.add(self.paths[descriptor])
        return Writer(self.real["fdopen"](descriptor, mode, buffering=0), self)

    def fsync(self, descriptor: int) -> None:
        path = self.paths[descriptor]  # without the real one, which only costs time here
        self.at("fsync folder" if path.is_dir() else "fsync")
        self.loose.discard(path)
        self.renamed = [(target, before) for target, before in self.renamed if target.parent != path]

    def replace(
        self, source: Path, target: Path, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None
    ) -> None:
        self.at("replace")
        source, target = self.whole(source, src_dir_fd), self.whole(target, dst_dir_fd)
        before = None
        if target.exists():
            with target.open("rb") as file:
                before = file.read()
        self.real["replace"](source, target)
        self.renamed.append((target, before))
        if source in self.loose:
            self.loose = self.loose - {source} | {target}

    def close(self, descriptor: int) -> None:
        self.real["close"](descriptor)  # of a dead process too
        self.at("close folder")

    def cut_power(self) -> None:
        for path in self.loose:
            if path.exists():
                os.truncate(path, path.stat().st_size // 2)
        for target, before in self.renamed[:1]:
            if before is None:
                target.unlink()
            else:
                target.write_bytes(before)

    def _counted(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
        def operation(*arguments: object, **more: object) -> object:
            self.at(name)
            return real(*arguments, **more)

        return operation


class Writer:
    """A file without a buffer; a write that fails leaves a share of its data behind."""

    def __init__(self, file: IO[bytes], disk: Disk) -> None:
        self.file, self.disk = file, disk

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.disk.at("close")

    def fileno(self) -> int:
        return self.file.fileno()

    def flush(self) -> None:
        self.disk.at("flush")

    def write(self, data: bytes) -> int:
        try:
            self.disk.at("write")
        except BaseException:
            self.file.write(data[: round(self.disk.kept * len(data))])
            raise
        return self.file.write(data)


def passing(name: str) -> None:
    """Nothing fails."""


def failing(
    number: int, error: Callable[[], BaseException], *, only: Collection[str] = (), lasting: bool = True
) -> Callable[[str], None]:
    """Let ``number`` operations pass and raise at the next one, and at all that follow if it is lasting.

    Args:
        number: of operations that pass.
        error: makes what is raised.
        only: operations that count; all of them where it is empty.
        lasting: whether those after the failing one fail too.
    """
    seen = 0

    def fail(name: str) -> None:
        nonlocal seen
        if only and name not in only:
            return
        seen += 1
        if seen == number + 1 or (lasting and seen > number):
            raise error()

    return fail


def full() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device")
