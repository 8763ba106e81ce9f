"""The project as an installer leaves it behind, and packages that are installed over it."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGES = ("schemas", "gates", "trainers", "gatekeeper")


def build(folder: Path) -> Path:
    """A wheel of this source tree, built beside a copy of it, so that nothing is written into the tree."""
    source = folder / "source"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip("wheel", "--no-build-isolation", "--wheel-dir", str(folder), str(source))
    (wheel,) = folder.glob("*.whl")
    return wheel


def pip(command: str, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-I", "-m", "pip", command, "--quiet", "--no-deps", "--no-index", *arguments],
        check=True,
        capture_output=True,
    )


def copy_site(site: Path, to: Path) -> Path:
    """An installation of one's own. Its files share their contents: only :func:`put` may change one."""
    shutil.copytree(site, to, copy_function=os.link)
    return to


def record(site: Path) -> Path:
    """What the installer wrote down of an installation."""
    (found,) = site.glob("gatekeeper_5cat-*.dist-info/RECORD")
    return found


def put(path: Path, data: bytes) -> Path:
    """Write a file as an installer does: a new one in the place of the old."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    return path


def install_over(site: Path, name: str, files: dict[str, bytes]) -> None:
    """What another distribution leaves behind."""
    for path, data in files.items():
        put(site / path, data)
    put(site / f"{name}-1.0.dist-info" / "RECORD", "".join(f"{path},,\n" for path in files).encode())


def cache_of(source: Path) -> Path:
    """Where Python looks for the compiled form of a source."""
    return Path(importlib.util.cache_from_source(str(source)))


def run_installed(
    site: Path, *arguments: str, folder: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """gatekeeper from an installation, in a folder that holds nothing of it."""
    return _run(site, "-m", "gatekeeper", *arguments, folder=folder, **variables)


def run_python(site: Path, code: str) -> subprocess.CompletedProcess[str]:
    """A program of Python's where gatekeeper is installed."""
    return _run(site, "-c", code)


def _run(
    site: Path, *words: str, folder: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder or site.parent,
        env={**os.environ, "PYTHONPATH": str(site), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
