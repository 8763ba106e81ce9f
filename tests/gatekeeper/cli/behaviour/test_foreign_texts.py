"""Whatever names, titles and messages hold: no output makes a terminal or a CI job do anything."""

import ast
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click.testing
import numpy as np
import pytest

from schemas.reading.report import report_to_json
from schemas.reading.strict_json import dumps
from tests.gatekeeper.forgery import MARGIN, Files, forge, measured
from tests.schemas.acting import acts

Run = Callable[..., click.testing.Result]

ROOT = Path(__file__).parents[4]

PLAIN = "::set-output name=a::b ##[error]c ##vso[task.x y]d ##teamcity[e] ::g"
"""Text that a policy's name may hold."""

TEXT = "::set-output name=a::b ##[error]c ##vso[task.x y]d ##teamcity[e] \u202ef\u2066 ::g"
"""Text that a report, a policy and a file name may hold: it has no control characters."""

CONTROLS = f"\x1b[2J\x1b]0;t\x07\r\n::set-output name=a::b\n\x9b31m\u2028\u0085{TEXT}"

OWN = re.compile(
    r"^::(?:error|warning|notice) .*$|^::stop-commands::[0-9a-f]{32}$|^::[0-9a-f]{32}::$", re.MULTILINE
)
"""The workflow commands that are meant."""


def quiet(*texts: str) -> None:
    for text in texts:
        assert acts(text) == [], text


@pytest.fixture
def hostile(files: Files) -> Files:
    """Reports and a policy that repeat the text wherever they can."""
    policy = files.policy(
        f'\n[[waiver]]\ngate = "{MARGIN.partition(".")[0]}"\nmetric = "{MARGIN}"\nsplits = ["val"]\n'
        f"reason = {json.dumps(TEXT)}\nowner = {json.dumps(PLAIN)}\nexpires = 2999-01-01\n"
    )
    shutil.copy(policy, f"{PLAIN}.toml")
    for path, value in ((files.report, 0.03), (files.weaker_report, 0.02)):
        report = measured(files.read(), MARGIN, "val", value=value)
        inputs = report.inputs
        inputs = replace(
            inputs,
            model=replace(inputs.model, spec=TEXT, architecture=TEXT),
            bank=replace(inputs.bank, source=TEXT),
        )
        environment = replace(report.environment, platform=TEXT, packages={"torch": TEXT})
        forge(replace(report, inputs=inputs, environment=environment), path)
    return files


@pytest.mark.parametrize(
    "words",
    [
        ("report", "best.report.json"),
        ("compare", "best.report.json", "weaker.report.json"),
        ("compare", "best.report.json", "weaker.report.json", "--format", "markdown"),
        ("compare", "best.report.json", "weaker.report.json", "--format", "json"),
        ("compare", "best.report.json", "weaker.report.json", "best.report.json"),
        ("compare", "best.report.json", "weaker.report.json", "best.report.json", "--format", "markdown"),
        *(
            ("check", "best.report.json", "--report-only", "--policy", policy, "--format", form)
            for policy in ("seed-5cat", f"{PLAIN}.toml")
            for form in ("table", "json", "markdown", "junit", "github")
        ),
    ],
    ids=" ".join,
)
def test_what_a_report_or_a_policy_says_does_nothing(
    hostile: Files, run: Run, words: tuple[str, ...]
) -> None:
    done = run(*words)
    text = OWN.sub("", done.stdout)
    quiet(text, done.stderr)
    assert done.exit_code in (0, 1, 3), done.stderr
    if "github" not in words and words[0] == "check":
        run(*words, "--output", "out.txt")
        quiet(Path("out.txt").read_text())
    if "json" in words and done.exit_code in (0, 1):
        assert TEXT in done.stdout.encode().decode("unicode_escape") or json.loads(done.stdout)


def test_annotations_are_our_own_and_their_text_does_nothing(hostile: Files, run: Run) -> None:
    done = run(
        "check", "best.report.json", "--report-only", "--policy", f"{PLAIN}.toml", "--format", "github"
    )
    commands = OWN.findall(done.stdout)
    assert commands
    for command in commands:
        quiet(command.split("::", 2)[-1] if command.count("::") > 1 else "")


@pytest.mark.parametrize("form", ["table", "markdown", "json"])
def test_a_model_and_a_bank_whose_names_are_commands(files: Files, run: Run, form: str) -> None:
    shutil.copy("best.pt", f"{TEXT}.pt")
    shutil.copy("bank.npz", f"{TEXT}.npz")
    settings = Path("gatekeeper.toml").read_text()
    Path("gatekeeper.toml").write_text(settings.replace('"bank.npz"', json.dumps(f"{TEXT}.npz")))
    done = run("eval", f"{TEXT}.pt", "best.pt", "--max-samples", "300", "--format", form)
    assert done.exit_code in (0, 1), done.stderr
    quiet(done.stdout, done.stderr)
    if form == "json":
        assert json.loads(done.stdout)[0]["inputs"]["model"]["spec"] == f"{TEXT}.pt"


@pytest.fixture
def titled(files: Files) -> str:
    """A bank with such texts and titles, under such a name."""
    name = f"bank {TEXT}.npz"
    with np.load("bank.npz") as bank:
        arrays = dict(bank)
    rows = len(arrays["vectors"])
    arrays["vectors"][5] = arrays["vectors"][65]  # a duplicate, of which the text is shown
    arrays["concept_texts"] = np.array([f"{CONTROLS} {row}" for row in range(rows)])
    arrays["article_titles"] = np.array([CONTROLS] * rows)
    np.savez(name, **arrays)
    return name


@pytest.mark.parametrize(
    "words",
    [
        ("data", "info"), ("data", "info", "--format", "json"),
        ("data", "audit", "--bank"), ("data", "audit", "--format", "json", "--bank"),
        ("data", "build", "--split", "train=0.9", "--also-npz", "--out", f"{TEXT}\n::set-env::x"),
        ("data", "synth", "reversed", "--out", f"{TEXT}\n::set-env::x", "--bank"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_titles_and_texts_of_a_bank_do_nothing(titled: str, run: Run, words: tuple[str, ...]) -> None:
    done = run(*words, titled)
    assert done.exit_code in (0, 1), done.stderr
    quiet(done.stdout, done.stderr)


@pytest.mark.parametrize(
    "words",
    [
        ("check", CONTROLS, "--report-only"), ("check", "best.report.json", "--model", CONTROLS),
        ("check", "best.report.json", "--report-only", "--policy", CONTROLS),
        ("check", "best.report.json", "--report-only", "--trusted-key", CONTROLS),
        ("check", "best.report.json", "--report-only", "--max-age", CONTROLS),
        ("check", "best.report.json", "--report-only", f"--{CONTROLS}"),
        ("check", "a", CONTROLS), (CONTROLS,),
        ("deploy", "--to", CONTROLS, "--history"), ("deploy", "--to", f"mlflow:{CONTROLS}", "--history"),
        ("eval", CONTROLS), ("eval", f"control:{CONTROLS}"), ("eval", "best.pt", "--bank", CONTROLS),
        ("eval", "best.pt", "--config", CONTROLS), ("eval", "best.pt", "--val", CONTROLS),
        ("train", CONTROLS), ("train", "ridge", "--out", f"gatekeeper.toml/{CONTROLS}"), ("list", CONTROLS),
        ("train", "p6b", "--architecture", CONTROLS), ("schema", CONTROLS), ("keygen", CONTROLS),
        ("report", CONTROLS), ("report", "best.report.json", "--html", CONTROLS),
        ("sign", CONTROLS, "--key", "k"),
        ("compare", CONTROLS, CONTROLS), ("data", "info", CONTROLS), ("data", CONTROLS),
        ("data", "build", CONTROLS, "--out", "d", "--split", CONTROLS), ("data", "convert", CONTROLS),
    ],
    ids=lambda words: " ".join(words).encode("unicode_escape").decode()[:40],
)  # fmt: skip
def test_an_error_that_repeats_what_it_was_given_does_nothing(
    files: Files, run: Run, words: tuple[str, ...]
) -> None:
    done = run(*words)
    assert done.exit_code in (0, 2, 3)  # an empty history, a pair of keys
    quiet(done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("best.report.json", dumps({CONTROLS: 1})),
        ("best.report.json", dumps({"schema_version": CONTROLS})),
        ("best.report.json", None),
        ("own.toml", f"{json.dumps(CONTROLS)} = 1\n"),
        ("own.toml", f"name = {json.dumps(CONTROLS)}\n"),
        ("gatekeeper.toml", f"[data]\n{json.dumps(CONTROLS)} = 1\n"),
        ("gatekeeper.toml", f"[eval]\ndevice = {json.dumps(CONTROLS)}\n"),
        ("best.pt", CONTROLS),
    ],
)
def test_an_error_that_repeats_a_piece_of_a_file_does_nothing(
    files: Files, run: Run, name: str, content: str | None
) -> None:
    files.policy()
    if content is None:
        value = report_to_json(files.read())
        content = dumps({**value, "created": CONTROLS})
    Path(name).write_text(content)
    for words in (
        ("check", "best.report.json", "--report-only", "--policy", "own.toml"),
        ("eval", "best.pt"),
    ):
        done = run(*words)
        quiet(done.stdout, done.stderr)


def test_every_text_leaves_through_one_module() -> None:
    """``click.echo`` and ``print`` are called nowhere else in the application, nor are streams written to."""
    found = []
    for path in (ROOT / "gatekeeper").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in ("click.echo", "click.secho", "print", "sys.stdout.write", "sys.stderr.write"):
                    found.append(f"{path.relative_to(ROOT)}: {called}")
    # Before the siblings are verified nothing of theirs can be imported.
    allowed = {"gatekeeper/cli/voice.py: click.echo", "gatekeeper/__main__.py: sys.stderr.write"}
    assert set(found) == allowed
