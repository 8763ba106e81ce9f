"""The page "From Python" runs from top to bottom, and shows what comes out."""

import contextlib
import io
import re
import shutil
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.console import ROOT, agrees

PAGE = ROOT / "docs" / "python.md"
BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> Iterator[tuple[str, str | None]]:
    """Each piece of code, with the output that is shown below it."""
    found = [(block[1], block[2]) for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8"))]
    for (kind, text), after in zip(found, [*found[1:], ("", "")], strict=True):
        if kind == "python":
            yield text, after[1] if after[0] == "text" else None


@pytest.mark.filterwarnings("default")  # of Lightning's and Transformers' own
def test_the_page_runs_and_shows_what_comes_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in (ROOT / "docs" / "examples" / "own").glob("*.py"):
        shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("make_bank", "my_model"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with contextlib.redirect_stdout(io.StringIO()):
        exec((tmp_path / "make_bank.py").read_text(), {})
    names: dict[str, object] = {"__name__": "page"}
    for code, shown in blocks():
        with contextlib.redirect_stdout(io.StringIO()) as out, warnings.catch_warnings():
            exec(compile(code, str(PAGE), "exec"), names)
        real = out.getvalue().rstrip().splitlines()
        assert shown is None or agrees(shown.rstrip().splitlines(), real), f"{code}\n{out.getvalue()}"
