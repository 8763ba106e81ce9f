"""The saved states of a run: complete, checked, and the last two kept.

A state is written to a temporary file, flushed, renamed, read back and compared; only then does the
manifest name it, and only then is an older one removed. Whatever moment a run is killed at, the
manifest names at least one whole state, or none because there was none yet.
"""

import contextlib
import hashlib
import io
import re
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from schemas.disk.atomic import write_bytes, write_text
from schemas.disk.owned import make_own_folder
from schemas.errors import GatekeeperError, OutputError, ReportError, TrainingError
from schemas.reading.codec import decode
from schemas.reading.strict_json import dumps, loads
from trainers.checkpoints.unpickling import load_archive

FOLDER = "checkpoints"
MANIFEST = "manifest.json"
KEPT = 2

_OURS = re.compile(r"state[0-9]+\.pt|\.gatekeeper-[0-9a-f]+\.tmp")
"""What a save may leave behind; anything else in the folder is somebody else's."""


@dataclass(frozen=True)
class Entry:
    """A state in the manifest: its number, file, size and digest, and where in the training it is."""

    number: int
    file: str
    bytes: int
    sha256: str
    epoch: int
    step: int


class Store:
    """The ``checkpoints`` folder of a run."""

    def __init__(self, run: Path) -> None:
        self.folder = run / FOLDER

    def save(self, state: dict[str, object], *, epoch: int, step: int) -> None:
        """Add a state and forget all but the last two.

        Raises:
            OutputError: it cannot be written, or reads back differently; the older ones are intact.
        """
        data = _pack(state)
        try:
            make_own_folder(self.folder)
        except OSError as error:
            raise OutputError(f"cannot make {self.folder}: {error.strerror}") from None
        # A number of its own: writing over a state that the manifest names could tear it.
        known = self.entries()
        number = 1 + max((old.number for old in known), default=0)
        name = f"state{number:06d}.pt"
        entry = Entry(number, name, len(data), hashlib.sha256(data).hexdigest(), epoch, step)
        write_bytes(self.folder / name, data, own=2)
        if self._read(entry) is None:
            raise OutputError(f"{self.folder / name} reads back differently; the disk may be failing")
        # A damaged state is no second one to fall back to.
        kept = [*(old for old in known if self._read(old) is not None), entry][-KEPT:]
        write_text(self.folder / MANIFEST, dumps([asdict(each) for each in kept]), own=2)
        self._forget({each.file for each in kept})

    def latest(self, notes: list[str]) -> dict[str, object] | None:
        """The newest whole state, or None where there is none yet.

        Args:
            notes: gets a sentence for each state that had to be passed over.

        Raises:
            TrainingError: the manifest names states and none of them is whole.
        """
        entries = self.entries()
        for entry in reversed(entries):
            data = self._read(entry)
            if data is not None:
                with contextlib.suppress(GatekeeperError):
                    return load_archive(data, entry.file)
            notes.append(f"{self.folder / entry.file} is missing or damaged")
        if entries:
            raise TrainingError(
                f"no state in {self.folder} is whole: {', '.join(entry.file for entry in entries)}; "
                "start a new run"
            )
        return None

    def entries(self) -> list[Entry]:
        """What the manifest names, oldest first; nothing where there is no manifest yet.

        Raises:
            TrainingError: the manifest is no list of states.
        """
        path = self.folder / MANIFEST
        try:
            return list(decode(tuple[Entry, ...], loads(path.read_bytes()), where="manifest"))
        except FileNotFoundError:
            return []
        except (OSError, ReportError) as error:
            raise TrainingError(f"{path} is no manifest of states: {error}") from None

    def _read(self, entry: Entry) -> bytes | None:
        try:
            data = (self.folder / entry.file).read_bytes()
        except OSError:
            return None
        whole = len(data) == entry.bytes and hashlib.sha256(data).hexdigest() == entry.sha256
        return data if whole else None

    def _forget(self, kept: set[str]) -> None:
        # Also what a killed process left behind: states the manifest never named, temporary files.
        with contextlib.suppress(OSError):
            for path in self.folder.iterdir():
                if _OURS.fullmatch(path.name) and path.name not in kept:
                    with contextlib.suppress(OSError):
                        path.unlink()


def _pack(state: dict[str, object]) -> bytes:
    """The bytes of a state, which are known to load again."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    load_archive(buffer.getvalue(), "the state")
    return buffer.getvalue()
