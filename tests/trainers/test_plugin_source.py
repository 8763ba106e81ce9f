"""What a plug-in says of itself is read from its source, however it is written, and nothing is run."""

import sys
from pathlib import Path

import pytest

from trainers.plugin_source import read_attribute, read_docline

LINE = "One line."

SOURCES = {
    "keyword": "THING = Make(summary='One line.')",
    "two_pieces": "THING = Make(summary='One '\n 'line.')",
    "several_lines": "THING = Make(summary='''One\n    line.''')",
    "annotated": "THING: Make = Make(summary='One line.')",
    "constant": "TEXT = 'One line.'\nTHING = Make(summary=TEXT)",
    "class_attribute": "class Make:\n    summary = 'One line.'\nTHING = Make()",
    "annotated_attribute": "class Make:\n    summary: str = 'One line.'\nTHING = Make()",
    "prop": "class Make:\n    @property\n    def summary(self):\n        '''Doc.'''\n"
    "        return 'One line.'\nTHING = Make()",
    "alias": "FIRST = Make(summary='One line.')\nTHING = FIRST",
    "imported": "from kept.keyword import THING",
    "relative": "from .keyword import THING",
    "renamed": "from .constant import THING as FIRST\nTHING = FIRST",
    "imported_class": "from .class_attribute import Make\nTHING = Make()",
    "last_counts": "THING = Make(summary='Another.')\nTHING = Make(summary='One line.')",
    "bound_class": "class THING:\n    summary = 'One line.'",
}

SILENT = {
    "computed": "THING = Make(summary='One ' + 'line.')",
    "formatted": "THING = Make(summary=f'One {1} line.')",
    "without": "THING = Make(name='x')",
    "number": "THING = Make(summary=3)",
    "empty": "THING = Make(summary='')",
    "absent": "OTHER = Make(summary='One line.')",
    "unassigned": "THING: str",
    "broken": "THING = Make(summary='One line.'",
    "no_text": "\0",
    "circle": "from .circle import THING",
    "self_reference": "THING = THING",
    "too_far_up": "from ....keyword import THING",
    "blank": "THING = Make(summary=' \\n ')",
    "deep_for_the_tree": f"THING = {'+'.join(['x'] * 100_000)}",
    "deep_for_the_parser": f"THING = {'-' * 100_000}1",
    "elsewhere": "from nowhere.at_all import THING",
    "branching": "class Make:\n    @property\n    def summary(self):\n"
    "        if x:\n            return 'One'\nTHING = Make()",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package whose every module ends the program when it is imported."""
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "__init__.py").write_text('"""What it is.\n\nMore."""\nraise SystemExit(0)\n')
    for name, source in (SOURCES | SILENT).items():
        (folder / f"{name}.py").write_text(f"raise SystemExit(0)\n{source}\n")
    (folder / "latin.py").write_bytes(b"THING = Make(summary='One line.')  # \xe9\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return "kept"


@pytest.mark.parametrize("name", SOURCES)
def test_a_plain_text_is_found(name: str, package: str) -> None:
    assert read_attribute(f"{package}.{name}", "THING", "summary") == LINE
    assert package not in sys.modules


@pytest.mark.parametrize("name", [*SILENT, "latin", "no_such_module"])
def test_what_only_running_it_would_tell_is_none(name: str, package: str) -> None:
    assert read_attribute(f"{package}.{name}", "THING", "summary") is None
    assert package not in sys.modules


@pytest.mark.parametrize("module", ["", ".", "..x", "sys", "math", "kept.keyword.deeper", "no such name"])
def test_a_module_without_source_says_nothing(module: str, package: str) -> None:
    assert read_attribute(module, "THING", "summary") is None
    assert read_docline(module) is None


def test_the_first_line_of_a_docstring(package: str) -> None:
    assert read_docline(package) == "What it is."
    assert read_docline(f"{package}.keyword") is None
    assert read_docline("gates.rollout") == "Gate D: free-running prediction, fed with its own outputs."


def test_a_line_is_fit_for_a_terminal_and_no_longer_than_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hostile.py").write_text(
        "THING = Make(summary='red \\x1b[31m, torn \\ud800, turned \\u202e')\nLONG = Make(summary='"
        + "x" * 9_999
        + "')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert read_attribute("hostile", "THING", "summary") == "red \ufffd[31m, torn \\ud800, turned \ufffd"
    assert read_attribute("hostile", "LONG", "summary") == "x" * 400
