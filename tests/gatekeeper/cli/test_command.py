"""What a line lacks is told at once, and a flag of another tool with what it is called here."""

from collections.abc import Callable

import click.testing
import pytest

from gatekeeper.cli.command import Command
from tests.gatekeeper.cli.every_command import every_command

Run = Callable[..., click.testing.Result]


@pytest.fixture(autouse=True)
def empty(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("data build", "Missing SOURCE, --out and --split."),
        ("data build --bank x.npz", "Missing --out and --split."),
        ("data build x.npz --out y", "Missing option '--split'."),
        ("data build --out y --split train=1", "Missing argument 'SOURCE'."),
        ("data build x.npz --out", "Option '--out' requires an argument."),
        ("data convert", "Missing BANK, NAME=FILE and --out."),
        ("data convert x.npz", "Missing NAME=FILE and --out."),
        ("data convert train=x.npz", "Missing BANK and --out."),
        ("data convert x.npz --out y", "Missing argument 'NAME=FILE'."),
        ("data convert train=x.npz --out y", "Missing argument 'BANK'."),
        ("data synth", "Missing WORLD and --out."),
        ("deploy", "Missing MODEL with its --report (or --rollback, or --history) and --to."),
        ("deploy m.pt", "Missing --to and --report."),
        ("deploy --report r.json", "Missing MODEL and --to."),
        ("deploy --history", "Missing option '--to'."),
        ("check", "Missing REPORT and --model (or --report-only)."),
        ("check --report-only", "Missing argument 'REPORT'."),
        ("sign", "Missing REPORT and --key."),
        ("eval", "Missing argument 'MODEL... [DATA]'."),
        ("train p6b --learning-rate 3e-4", "No such option '--learning-rate'. Did you mean '--lr'?"),
        ("train p6b --learning-rate=3e-4", "No such option '--learning-rate'. Did you mean '--lr'?"),
        ("eval m.pt --gpu", "No such option '--gpu'. Did you mean '--device cuda'?"),
        ("eval --checkpoint m.pt", "No such option '--checkpoint'. It is the argument MODEL."),
        ("check r.json --polisy x", "No such option '--polisy'. Did you mean '--policy'?"),
    ],
)
def test_one_line_says_it_all(run: Run, line: str, told: str) -> None:
    result = run(*line.split())
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == f"Error: {told}"


def test_texts_lack_an_encoder_too(run: Run, tmp_path: pytest.TempPathFactory) -> None:
    with open("t.jsonl", "w", encoding="utf-8") as file:
        file.write('{"article": 0, "chunk": 0, "text": "a"}\n')
    assert run("data", "build", "t.jsonl", "--out", "d").stderr.splitlines()[-1] == (
        "Error: Missing --split and --encoder."
    )
    with open("broken.jsonl", "w", encoding="utf-8") as file:
        file.write("{")
    assert run("data", "build", "broken.jsonl").stderr.splitlines()[-1] == "Error: Missing --out and --split."


def test_every_command_is_one_of_these() -> None:
    assert [words for words, found in every_command() if not isinstance(found, Command)] == []
