"""``gatekeeper try``: one command from files to an answer, and a folder in which the others need no flags."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import click.testing
import numpy as np
import pytest

from gatekeeper.cli.app import cli
from tests.gatekeeper.cli.refusals import refused

CHUNKS = 40

Try = Callable[..., click.testing.Result]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Try:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> click.testing.Result:
        return click.testing.CliRunner().invoke(cli, arguments)

    return run


def write_bank(folder: Path, articles: int) -> None:
    """Walks whose neighbours are alike, each about a place of its own, and none near another."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((articles, CHUNKS, 48))
    for chunk in range(1, CHUNKS):
        vectors[:, chunk] = 0.5 * vectors[:, chunk - 1] + 0.8 * vectors[:, chunk]
    np.savez(
        folder / "bank.npz",
        vectors=vectors.reshape(-1, 48).astype(np.float32),
        article_indices=np.repeat(np.arange(articles), CHUNKS),
        chunk_indices=np.tile(np.arange(CHUNKS), articles),
    )


def test_a_bank_is_divided_answered_and_ready_for_the_other_commands(call: Try, tmp_path: Path) -> None:
    write_bank(tmp_path, 60)
    result = call("try", "bank.npz", "--seed", "3")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("Answer  Yes: what comes next can be told, a copy alone knows ")
    assert [line[:8].strip() for line in lines if line[:8].strip()] == [
        "Answer", "Known", "To beat", "Shown", "Data", "Page", "Next",
    ]  # fmt: skip
    assert "Data    60 articles, 2,400 chunks of width 48; 20 train, 20 val, 20 ood" in lines
    assert lines[-1] == "Next    cd bank.gatekeeper && gatekeeper train nce"
    assert (
        "note: running gatekeeper data build bank.npz --out bank.gatekeeper/data --split balanced --seed 3"
        in result.stderr
    )
    page = (tmp_path / "bank.gatekeeper" / "try.html").read_text()
    assert "Can a next-embedding model work on this?" in page
    assert "gatekeeper eval control:logit --report logit.json" in page
    report = json.loads((tmp_path / "bank.gatekeeper" / "logit.json").read_text())
    assert (report["policy"]["name"], report["inputs"]["model"]["spec"]) == ("skill", "control:logit")

    again = call("try", "bank.npz", "--seed", "3")
    assert again.stdout == result.stdout


def test_the_commands_it_names_need_no_flags_in_its_folder(
    call: Try, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bank(tmp_path, 36)
    first = call("try", "bank.npz", "--out", "here", "--train", "ridge")
    assert first.exit_code == 1, first.output
    assert "BLOCKED: " in first.stdout
    assert (tmp_path / "here" / "runs" / "ridge" / "best_model.pt").is_file()
    monkeypatch.chdir(tmp_path / "here")
    assert call("data", "audit").exit_code in (0, 1)
    judged = call("eval", "runs/ridge/best_model.pt")
    assert judged.exit_code == 1, judged.output
    assert "policy skill" in judged.stdout
    monkeypatch.chdir(tmp_path)
    call("try", "bank.npz", "--out", "here", "--train", "ridge")
    assert (tmp_path / "here" / "runs" / "ridge_2" / "best_model.pt").is_file()


def test_the_source_may_be_named_by_a_flag_and_must_be_named(call: Try, tmp_path: Path) -> None:
    write_bank(tmp_path, 12)
    assert call("try", "--bank", "bank.npz").stdout.startswith("Answer  Not yet: 12 articles")
    result = call("try")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (2, "Error: Missing argument 'SOURCE'.")


def test_too_few_articles_are_counted(call: Try, tmp_path: Path) -> None:
    write_bank(tmp_path, 12)
    result = call("try", "bank.npz")
    assert result.exit_code == 1
    assert result.stdout == (
        "Answer  Not yet: 12 articles have 6 chunks or more, and at least 15 must: 3 are missing.\n"
    )


def test_chunks_in_no_order_are_not_worth_a_training(call: Try, tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).standard_normal((40 * CHUNKS, 48)).astype(np.float32)
    np.savez(
        tmp_path / "noise.npz",
        vectors=vectors,
        article_indices=np.repeat(np.arange(40), CHUNKS),
        chunk_indices=np.tile(np.arange(CHUNKS), 40),
    )
    result = call("try", "noise.npz")
    assert result.exit_code == 1, result.output
    assert result.stdout.startswith("Answer  Probably not: on ")
    assert "train nce" not in result.stdout
    page = (tmp_path / "noise.gatekeeper" / "try.html").read_text()
    assert '<span class="word">Probably not</span>' in page


def test_a_built_data_set_is_taken_as_it_is(call: Try, tmp_path: Path) -> None:
    write_bank(tmp_path, 60)
    splits = ("--split", "train=0-19", "--split", "val=20-39", "--split", "ood=40-59")
    assert call("data", "build", "bank.npz", "--out", "built 😀", *splits).exit_code == 0
    result = call("try", "built 😀")
    assert result.exit_code == 0, result.output
    assert "20 train, 20 val, 20 ood" in result.stdout
    assert not (tmp_path / "built 😀.gatekeeper" / "data").exists()
    assert refused(call("try", "built 😀", "--seed", "2"), 2) == (
        "Error: --seed says how data are built; built 😀 is built"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("bundled:speech",), 2, "Error: no bundled data is called 'speech'; did you mean 'speeches'?"),
        (
            ("bundled:books", "--dtype", "float16"),
            2,
            "Error: --dtype says how data are built; bundled:books is ",
        ),
        (("bank.npz", "--train", "nces"), 2, "Error: unknown trainer 'nces'"),
        (("nothing.npz",), 3, "Error: cannot read nothing.npz: there is no such file or folder"),
        (
            ("bank.npz", "--out", "mine"),
            2,
            "Error: mine exists and was not made by gatekeeper try; name another",
        ),
        (("half", "--out", "h"), 2, "Error: half has no split ood"),
    ],
)
def test_what_cannot_be_tried_is_refused_in_a_line(
    call: Try, tmp_path: Path, arguments: Sequence[str], code: int, line: str
) -> None:
    write_bank(tmp_path, 16)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("precious")
    splits = ("--split", "train=0-7", "--split", "val=8-15")
    if arguments[0] == "half":
        assert call("data", "build", "bank.npz", "--out", "half", *splits).exit_code == 0
    assert line in refused(call("try", *arguments), code).replace(f"{tmp_path}/", "")
    assert (tmp_path / "mine" / "notes.txt").read_text() == "precious"
