"""The commands of the pages run, and show what really comes out."""

import re
from pathlib import Path

import pytest

from tests.docs.console import ROOT, Shell, agrees, line_agrees, steps_of

DOCS = ROOT / "docs"

SHOWN_ONLY = {
    "deployment.md": "its commands stand in the tutorial, with the files they need",
    "performance.md": "its benchmarks take minutes, and their figures are those of one machine",
    "results.md": "its trainings take hours; tests/trainers repeat its claims on small worlds",
    "mutations.md": "a run of all mutants takes hours",
}
"""Pages whose commands are not run, and why."""

README = ROOT / "README.md"
PAGES = [
    page
    for page in (README, *sorted(DOCS.rglob("*.md")))
    if page.name not in SHOWN_ONLY and any(steps_of(page.read_text(encoding="utf-8")))
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_what_its_commands_print(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    shell = Shell(tmp_path)
    for step in steps_of(page.read_text(encoding="utf-8")):
        real = shell.run(step.command)
        assert agrees(step.shown, real.rstrip().splitlines()), f"$ {step.command}\n{real}"


def test_the_python_of_the_readme_runs_on_the_world_that_it_makes(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.run("gatekeeper data synth forward --out world && cd world")
    (block,) = re.findall(
        r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    (shell.place / "first.py").write_text(block, encoding="utf-8")
    shown = shell.run("python first.py")
    assert shell.code == 0, shown
    assert shown.startswith("False The model ")
    assert (shell.place / "page.html").is_file()


def test_the_readme_fits_on_a_few_screens() -> None:
    assert README.stat().st_size <= 8 * 1024


def test_what_a_reader_is_led_to_first_is_run() -> None:
    run = {page.relative_to(DOCS).as_posix() for page in PAGES if page != README}
    assert README in PAGES
    assert run >= {
        "index.md",
        "tutorial.md",
        "own-model.md",
        "data.md",
        "data-findings.md",
        "training.md",
        "reading-a-report.md",
    }
    assert run >= {f"plugins/{kind}.md" for kind in ("architecture", "policy", "trainer")}


@pytest.mark.parametrize(
    ("shown", "real", "same"),
    [
        ("cos 0.950 in epoch 5", "cos 0.950 in epoch 5", True),
        ("cos 0.950 in epoch 5", "cos 0.951 in epoch 5", True),
        ("cos 0.950 in epoch 5", "cos 0.952 in epoch 5", False),
        ("cos 0.950 in epoch 5", "cos 0.950 in epoch 6", False),
        ("cos -0.950", "cos 0.950", False),
        ("val      0.097    [0.078, 0.109]", "val 0.097 [0.078, 0.109]", True),
        ("mean cosine 0.9... at horizon 1", "mean cosine 0.9173 at horizon 1", True),
        ("mean cosine 0.9... at horizon 1", "mean cosine 0.8173 at horizon 1", False),
        ("A  PASS  ...", "A  PASS  1.000  0.476", True),
        ("A  PASS  ...", "A  FAIL  1.000  0.476", False),
        ("a.b", "axb", False),
    ],
)
def test_a_line_agrees_up_to_its_last_digit(shown: str, real: str, same: bool) -> None:
    assert line_agrees(shown, real) is same


@pytest.mark.parametrize(
    ("shown", "real", "same"),
    [
        (["a", "...", "d"], ["a", "b", "c", "d"], True),
        (["a", "...", "b"], ["a", "b"], True),
        (["a", "..."], ["a"], True),
        (["a"], ["a", "b"], False),
        (["...", "x"], ["a", "b"], False),
        ([], ["a"], False),
    ],
)
def test_dots_stand_for_lines(shown: list[str], real: list[str], same: bool) -> None:
    assert agrees(shown, real) is same


def test_a_block_becomes_steps() -> None:
    text = "```console\n$ one --flag \\\n    x   # why\nout\n\nmore\n$ two\n```\ntext\n```sh\n$ three\n```\n"
    assert [(step.command, step.shown) for step in steps_of(text)] == [
        ("one --flag      x", ("out", "", "more")),
        ("two", ()),
    ]
