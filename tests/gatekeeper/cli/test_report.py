"""Pages and tables of reports from the command line."""

import json
import re
import subprocess
import sys
import webbrowser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatekeeper.data.formats.bank import pack_texts
from tests.gatekeeper.forgery import Files, invoke

MODEL = "own_models:Turn"
ROOT = Path(__file__).parents[3]
QUICK = ("--max-samples", "120")


def sections(page: Path) -> str:
    return page.read_text(encoding="utf-8")


# gatekeeper report


@pytest.mark.parametrize(
    ("more", "place", "line"),
    [((), 0, "DEPLOYABLE: 5 of 5 gates passed, 3 needed"), (("--full",), 0, "best.pt (linear, 1,296 param")],
)
def test_it_prints_what_eval_prints(files: Files, more: tuple[str, ...], place: int, line: str) -> None:
    evaluated = invoke("eval", files.model, "--config", "gatekeeper.toml", *more)
    shown = invoke("report", files.report, *more)
    assert shown.exit_code == 0
    assert shown.stderr == ""
    assert shown.stdout.splitlines()[place].startswith(line)
    assert shown.stdout + "\n" == evaluated.stdout.replace(str(files.report), files.report.name)


def test_it_decides_nothing(files: Files) -> None:
    blocked = invoke("eval", "control:copy_last", "--config", "gatekeeper.toml", "--report", "c.json")
    assert blocked.exit_code == 1
    shown = invoke("report", "c.json")
    assert shown.exit_code == 0
    assert "BLOCKED: " in shown.stdout
    told = " ".join(invoke("report", "--help").stdout.split())
    assert "This command decides nothing: it exits with 0 for a blocked model as well." in told


def test_it_writes_a_page_and_says_where(files: Files) -> None:
    done = invoke("report", files.report, "--html", "page.html")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "page: page.html\n")
    page = sections(Path("page.html"))
    for sentence in (
        "The linear frontier is not drawn: a report does not hold it; ",
        "; gatekeeper eval MODEL --html FILE computes it while the data are loaded.",
        "The best and worst windows are not shown as text: a report does not hold it; ",
    ):
        assert sentence in page


def test_the_same_report_gives_the_same_page(files: Files) -> None:
    for name in ("first.html", "second.html"):
        assert invoke("report", files.report, "--html", name).exit_code == 0
    assert Path("first.html").read_bytes() == Path("second.html").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("best.report.json", "--html", "page.txt"), 2, "its name must end in .html; found page.txt"),
        (("best.report.json", "--html", "no/page.html"), 3, "folder no does not exist or cannot be written"),
        (("best.report.json", "--html", "folder.html"), 3, "exists and is no regular file; name another"),
        (("nothing.json",), 3, "nothing.json"),
        (("best.pt",), 3, "best.pt"),
        (("report.html", "--open"), 2, "the page report.html would overwrite another file of this command"),
        ((), 2, "Missing argument 'REPORT'"),
    ],
)
def test_refusals(files: Files, arguments: tuple[str, ...], code: int, line: str) -> None:
    Path("folder.html").mkdir()
    Path("report.html").write_bytes(files.report.read_bytes())
    done = invoke("report", *arguments)
    assert done.exit_code == code
    assert line in done.stderr
    assert "Traceback" not in done.stderr
    assert Path("report.html").read_bytes() == files.report.read_bytes()


def test_an_edited_report_is_refused_and_leaves_no_page(files: Files) -> None:
    value = json.loads(files.report.read_text())
    value["settings"]["seed"] = 5
    files.report.write_text(json.dumps(value))
    done = invoke("report", files.report, "--html", "page.html")
    assert done.exit_code == 3
    assert "evaluate again" in done.stderr
    assert not Path("page.html").exists()


@pytest.mark.parametrize(
    ("arguments", "page"),
    [(("--open",), "best.report.html"), (("--open", "--html", "other.html"), "other.html")],
)
@pytest.mark.parametrize("works", [True, False])
def test_the_browser_opens_the_page(
    files: Files, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], page: str, works: bool
) -> None:
    opened: list[str] = []

    def open_page(url: str) -> bool:
        opened.append(url)
        return works

    monkeypatch.setattr(webbrowser, "open", open_page)
    done = invoke("report", "best.report.json", *arguments)
    assert done.exit_code == 0
    assert opened == [(files.folder / page).resolve().as_uri()]
    note = "" if works else f"note: no browser could be started; open {page} yourself\n"
    assert done.stderr == f"page: {page}\n{note}"
    assert sections(files.folder / page).startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "imported"), [((), ""), (("--html", "page.html"), "matplotlib jinja2")]
)
def test_it_needs_neither_torch_nor_faiss(files: Files, arguments: tuple[str, ...], imported: str) -> None:
    given = [str(files.folder.resolve() / each) if each == "page.html" else each for each in arguments]
    code = (
        f"import sys; sys.argv = ['gatekeeper', 'report', {str(files.report.resolve())!r}, *{given!r}]\n"
        "from gatekeeper.__main__ import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "heavy = ('torch', 'faiss', 'mlflow', 'scipy', 'matplotlib', 'jinja2')\n"
        "print(*(name for name in heavy if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == imported


# gatekeeper eval --html


@pytest.fixture
def texts(world: Path) -> Path:
    """The world with texts, one of which is no text but a script."""
    with np.load(world / "bank.npz") as old:
        arrays: dict[str, Any] = dict(old)
    written = [f"chunk {row} <script>alert({row})</script>" for row in range(len(arrays["vectors"]))]
    arrays |= pack_texts(written)
    np.savez(world / "bank.npz", **arrays)
    return world


def test_eval_shows_frontier_and_texts(texts: Path) -> None:
    done = invoke("eval", MODEL, *QUICK, "--html", "page.html")
    assert done.exit_code in (0, 1), done.output
    assert done.stderr.splitlines()[-1] == "page: page.html"
    page = sections(texts / "page.html")
    assert "The linear frontier has 8 points." in page
    assert page.count('<details class="window">') == 40
    assert "&lt;script&gt;alert(" in page
    assert "<script" not in page
    assert 'id="training"' not in page  # the model was not trained here
    assert 'id="absent"' not in page
    # A second evaluation of the same gives another report (its time), and else the same page.
    invoke("eval", MODEL, *QUICK, "--html", "again.html")
    made = re.compile(r"20\d\d-\d\d-\d\dT[\d:]{8}Z|(?<=content SHA-256</th><td>)[0-9a-f]{64}")
    assert made.sub("", sections(texts / "again.html")) == made.sub("", page)


def test_eval_without_texts_and_train_says_so(world: Path) -> None:
    (world / "gatekeeper.toml").write_text('[data]\nbank = "bank.npz"\nval = "6-11"\nood = "12-17"\n')
    invoke("eval", "control:ridge", *QUICK, "--html", "page.html")
    page = sections(world / "page.html")
    assert "There is no linear frontier: it is fitted on a train split, and the data have none." in page
    assert "There are no texts to show: the bank holds vectors only." in page


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        ((MODEL, "control:oracle", "--html", "x.html"), 2, "--html names one file, found 2 models"),
        ((MODEL, "--html", "x.html", "--report", "x.html"), 2, "x.html would overwrite another file"),
        ((MODEL, "--html", "no/x.html"), 3, "the page's folder no does not exist or cannot be written"),
        ((MODEL, "--html", "x.json"), 2, "its name must end in .html"),
    ],
)
def test_a_page_that_cannot_be_is_refused_before_anything_is_measured(
    world: Path, arguments: tuple[str, ...], code: int, line: str
) -> None:
    done = invoke("eval", *arguments)
    assert done.exit_code == code
    assert line in done.stderr
    assert not list(world.glob("*.report.json"))


@pytest.mark.parametrize(
    ("taken", "words", "line"),
    [
        ("gatekeeper.html", ("--config", "gatekeeper.html", "--html", "./gatekeeper.html"), "the page"),
        ("policy.html", ("--policy", "policy.html", "--html", "policy.html"), "the page"),
        ("gatekeeper.toml", ("--report", "gatekeeper.toml"), "the report"),
        ("bank.npz", ("--report", "bank.npz"), "the report"),
        ("mine.scores.npz", ("--bank", "mine.scores.npz", "--report", "mine.json"), "the file of scores"),
        ("policy.toml", ("--policy", "policy.toml", "--report", "policy.toml"), "the report"),
    ],
)
def test_an_input_is_never_overwritten(world: Path, taken: str, words: tuple[str, ...], line: str) -> None:
    sources = {"gatekeeper": "gatekeeper.toml", "bank": "bank.npz", "mine": "bank.npz"}
    source = sources.get(taken.partition(".")[0])
    content = (
        (world / source).read_bytes()
        if source
        else (ROOT / "schemas" / "policies" / "seed-5cat.toml").read_bytes()
    )
    (world / taken).write_bytes(content)
    done = invoke("eval", "control:oracle", *QUICK, *words)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"Error: {line} ")
    assert "would overwrite" in done.stderr
    assert (world / taken).read_bytes() == content
    if words[-1].endswith(".html"):
        done = invoke("train", *TINY, *words)
        assert (done.exit_code, "would overwrite" in done.stderr) == (2, True)
        assert (world / taken).read_bytes() == content


@pytest.mark.parametrize("name", ["two\nlines", "red\x1b[31m", "torn\udcff", "c1\x9b"])
def test_a_name_that_no_report_can_hold_is_refused_before_anything_is_measured(
    world: Path, name: str
) -> None:
    (world / f"{name}.pt").write_bytes(b"")
    for words in ((f"{name}.pt",), (MODEL, "--report", f"{name}.json")):
        done = invoke("eval", *words)
        assert done.exit_code == 2
        assert done.stderr.endswith("is no text on one line; rename it\n")
        assert len(done.stderr.splitlines()) == 1


# gatekeeper train --html

TINY = ("p6b", "--layers", "1", "--width", "16", "--heads", "2", "--epochs", "2", "--mini-samples", "100")


def test_train_shows_the_epochs_of_the_run_it_made(world: Path) -> None:
    done = invoke("train", *TINY, "--device", "cpu", "--out", "run", "--html", "run/page.html")
    assert done.exit_code in (0, 1), done.output
    assert "page: run/page.html" in done.stderr.splitlines()
    page = sections(world / "run" / "page.html")
    for told in (
        "Training: margin by epoch",
        "Training: article R@5 by epoch",
        "Training: mean cosine to the target by epoch",
        "Training: λ_eff by epoch",
        "Training: gap by epoch",
        "It ended: all 2 epochs done.",
        "Dotted lines are the stages of the ramp (epoch 1: margin 0.02, share 0.4; ",
        "The linear frontier has 8 points.",
    ):
        assert told in page
    # The report alone finds the same history beside it.
    assert invoke("report", "run/5cat_results.json", "--html", "alone.html").exit_code == 0
    alone = sections(world / "alone.html")
    section = re.compile(r'<section id="training".*?</section>', re.DOTALL)
    assert section.findall(alone) == section.findall(page)


def test_train_refuses_a_page_before_it_trains(world: Path) -> None:
    done = invoke("train", *TINY, "--html", "no/page.html")
    assert done.exit_code == 3
    assert "the page's folder no does not exist or cannot be written" in done.stderr
    assert not (world / "runs").exists()
    assert invoke("train", *TINY, "--out", "run", "--html", "run/page.txt").exit_code == 2
    assert not (world / "run").exists()
