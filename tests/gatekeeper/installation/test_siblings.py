"""Packages that another folder brought, or nobody, are refused before they are imported."""

from pathlib import Path

import pytest

from tests.gatekeeper.behaviour.ci.files import write_submission
from tests.gatekeeper.installation.wheel import (
    put,
    run_python,
)

BEFORE = """
import sys, types
{}
from gatekeeper.__main__ import main
sys.argv[1:] = {}
main()
"""


@pytest.mark.parametrize(
    ("first", "message"),
    [
        (
            "sys.modules['schemas'] = types.ModuleType('schemas')",
            "package 'schemas' is missing; expected it in ",
        ),
        ("sys.modules['gates'] = None", "package 'gates' is missing; expected it in "),
        ("sys.path.insert(0, 'planted')", "package 'trainers' is shadowed by "),
    ],
)
def test_what_another_folder_or_nobody_brought_is_refused(first: str, message: str, site: Path) -> None:
    put(site.parent / "planted" / "trainers" / "__init__.py", b"")
    done = run_python(site, BEFORE.format(first, ["--version"]))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"Error: {message}")
    assert "Traceback" not in done.stderr


def test_what_was_imported_before_was_not_verified(site: Path, tmp_path: Path) -> None:
    write_submission(tmp_path)
    words = ["check", "best.report.json", "--model", "best.pt", "--format", "json"]
    done = run_python(site, BEFORE.format("import schemas", words))
    assert (done.returncode, done.stderr) == (0, "")
    assert '"files_verified": false,' in done.stdout
