"""Modules come from their sources, whatever compiled files lie beside them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.gatekeeper.installation.compiled import PLANTED, forged
from tests.gatekeeper.installation.wheel import (
    cache_of,
    put,
    run_installed,
)


@pytest.mark.parametrize("kind", ["timestamp", "checked"])
@pytest.mark.parametrize("installed", [True, False], ids=["wheel", "checkout"])
def test_a_compiled_file_that_only_looks_right_is_not_read(
    installed: bool, kind: str, site: Path, checkout: Path
) -> None:
    home = site if installed else checkout
    for module in ("schemas/errors", "schemas/text", "gatekeeper/cli/app"):
        source = home / f"{module}.py"
        put(cache_of(source), forged(source, PLANTED, kind))
    done = run_installed(home, "--version")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("kind", ["timestamp", "checked", "unchecked"])
def test_control_python_itself_believes_the_compiled_file(kind: str, tmp_path: Path) -> None:
    source = put(tmp_path / "one.py", b"")
    put(cache_of(source), forged(source, PLANTED, kind))
    done = subprocess.run(
        [sys.executable, "-c", "import one"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "the planted code ran" in done.stderr


def test_compiled_files_of_another_folder_are_not_read(site: Path, tmp_path: Path) -> None:
    source = site / "schemas" / "errors.py"
    cache = tmp_path / "cache" / source.relative_to("/").parent / cache_of(source).name
    put(cache, forged(source, PLANTED, "unchecked"))
    done = run_installed(site, "--version", PYTHONPYCACHEPREFIX=str(tmp_path / "cache"))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("what", ["schemas/errors/__init__.py", "schemas/errors.pyc", "schemas.py"])
def test_what_python_takes_for_a_module_of_a_checkout_is_not_taken(what: str, checkout: Path) -> None:
    put(checkout / what, PLANTED.encode())
    done = run_installed(checkout, "--version")
    assert (done.returncode, done.stderr) == (0, "")
