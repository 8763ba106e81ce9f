"""Facts about this installation and machine that a report records."""

import functools
import hashlib
import importlib.metadata
import platform
import subprocess
from pathlib import Path

import torch

from gatekeeper import __version__
from gates.options import Backend
from schemas.errors import UsageError
from schemas.reasons import reason
from schemas.records.inputs import Environment

DEVICES = ("cpu", "cuda", "mps")

_OWN_PACKAGES = ("gatekeeper", "gates", "schemas", "trainers")
_OWN_FILES = (".json", ".py", ".toml")
_PACKAGES = ("torch", "numpy", "scipy", "faiss-cpu")


def describe_environment(device: torch.device) -> Environment:
    """Versions, platform, device and threads."""
    return Environment(
        tool_version=__version__,
        tool_sha256=_tool_digest(),
        git_revision=_git_revision(),
        python=platform.python_version(),
        platform=platform.platform(),
        device=str(device),
        threads=torch.get_num_threads(),
        packages={name: importlib.metadata.version(name) for name in _PACKAGES},
    )


def choose_device(name: str) -> torch.device:
    """``auto`` is cuda, else mps, else cpu; any other name is a torch device.

    Raises:
        UsageError: torch knows no such device, or this machine has none.
    """
    if name != "auto":
        if name.partition(":")[0] not in DEVICES:
            raise UsageError(f"device {name!r} cannot be used: expected auto, {', '.join(DEVICES)}")
        if name.partition(":")[0] == "mps" and not torch.backends.mps.is_available():
            raise UsageError(
                f"device {name!r} cannot be used: this machine has none"
            )  # torch says it at length
        try:
            device = torch.device(name)
            torch.empty(1, device=device)
        except (RuntimeError, AssertionError, NotImplementedError) as error:
            raise UsageError(f"device {name!r} cannot be used: {reason(error)}") from None
        return device
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def choose_retrieval(name: str) -> Backend:
    """``auto`` is faiss, except on macOS, where faiss and torch can clash over OpenMP."""
    if name != "auto":
        return "faiss" if name == "faiss" else "torch"
    return "torch" if platform.system() == "Darwin" else "faiss"


@functools.cache
def _tool_digest() -> str:
    """SHA-256 over the name and digest of every file of code, schema and policy of the four packages."""
    home = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    for package in _OWN_PACKAGES:
        for path in sorted((home / package).rglob("*")):
            if path.suffix in _OWN_FILES:
                name = path.relative_to(home).as_posix()
                digest.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _git_revision() -> str | None:
    """Commit of the source tree this package runs from, with ``+`` if it was changed since."""
    file = Path(__file__).resolve()
    home = file.parents[2]

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(home), *arguments], capture_output=True, text=True, timeout=10, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    # Installed into a virtual environment inside somebody's repository, the package is not tracked.
    if git("ls-files", "--error-unmatch", str(file)) is None:
        return None
    revision = git("rev-parse", "HEAD")
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".")
    return f"{revision}+" if revision and changed else revision
