"""``gatekeeper data build`` of documents: every chunk of the data set can be traced to its file and place."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click.testing
import numpy as np
import numpy.typing as npt
import pytest

from gatekeeper.data.building.encoder import FoundEncoder, LoadedEncoder
from gatekeeper.data.documents.kinds import read_document
from gatekeeper.data.formats.dataset import open_dataset
from schemas.records.dataset import EmbeddedBy
from tests.gatekeeper.cli.refusals import refused

Run = Callable[..., click.testing.Result]

MADE_BY = EmbeddedBy("hub", "who/e", "0123abc", "d" * 64, "float32", "mean", True, 256)
BUILD = ("data", "build", "docs", "--encoder", "e", "--out", "d")
SPLITS = ("--split", "train=ch1.txt,ch2.md", "--split", "val=ch3.html", "--split", "ood=in/ch10.txt")


class Fake:
    """An encoder that answers by length."""

    def encode(self, sentences: Sequence[str], **_: Any) -> npt.NDArray[np.float32]:  # noqa: ANN401
        return np.array([[len(text), 1.0] for text in sentences], dtype=np.float32)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four documents with a footer of the site, and an encoder."""
    monkeypatch.setenv("GATEKEEPER_CACHE", "none")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "gatekeeper.cli.data.build.find_encoder", lambda name: FoundEncoder("hub", "who/e", name)
    )
    monkeypatch.setattr(
        "gatekeeper.cli.data.embedding.load_encoder",
        lambda found, device, precision, *, bars: LoadedEncoder(Fake(), "d" * 64, MADE_BY),
    )
    for place, name in enumerate(("ch1.txt", "ch2.md", "ch3.html", "in/ch10.txt")):
        sentences = [f"Sentence {number} of document {place} says *little*." for number in range(12)]
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        between = "<p>" if name.endswith("html") else "\n\n"
        path.write_text(between.join([*sentences, "A footer of the site."]), encoding="utf-8")
    (tmp_path / "docs" / "logo.png").touch()
    return tmp_path / "docs"


def test_a_folder_of_documents_becomes_a_data_set(folder: Path, run: Run) -> None:
    result = run(*BUILD, "--chunk-words", "7", *SPLITS)
    assert result.exit_code == 0, result.output
    assert result.stderr.splitlines() == [
        "note: docs: 4 document(s), 2 .txt, 1 .md, 1 .html",
        "note: docs: left out: 1 file(s) of other kinds (1 .png)",
        "note: docs: 1 paragraph(s) repeat over at least 3 documents and are left out, such as 'A footer of "
        "the site.': 4.3% of the text of 4 document(s); --keep-boilerplate keeps them",
    ]
    data = open_dataset(Path("d"))
    assert data.bank.ids == ("ch1.txt", "ch2.md", "ch3.html", "in/ch10.txt")
    assert data.places is not None
    assert data.bank.texts is not None
    for row, (start, end) in enumerate(data.places.tolist()):
        text = read_document(folder / str(data.bank.id_of(int(data.bank.articles[row])))).text
        assert text[start:end] == data.bank.texts[row]
    assert not any("footer" in text for text in data.bank.texts)


def test_the_bank_is_that_of_its_chunks_as_json_lines(run: Run) -> None:
    assert run(*BUILD, "--chunk-words", "7", *SPLITS).exit_code == 0
    bank = open_dataset(Path("d")).bank
    assert bank.texts is not None
    rows = zip(bank.articles.tolist(), bank.chunks.tolist(), bank.texts, strict=True)
    values = ({"article": bank.id_of(a), "chunk": c, "text": t} for a, c, t in rows)
    Path("t.jsonl").write_text("".join(f"{json.dumps(value)}\n" for value in values), encoding="utf-8")
    assert run("data", "build", "t.jsonl", "--encoder", "e", "--out", "j", *SPLITS).exit_code == 0
    other = open_dataset(Path("j"))
    assert (other.bank.sha256, other.places) == (bank.sha256, None)


def test_documents_in_lines_are_cut_as_those_in_files_are(run: Run) -> None:
    texts = {"a": "One two. " * 30, "b": "Three four. " * 30, "c": "Five six. " * 30}
    Path("t.jsonl").write_text(
        "".join(f"{json.dumps({'id': key, 'text': text})}\n" for key, text in texts.items())
    )
    splits = [
        each
        for key in zip(("train", "val", "ood"), texts, strict=True)
        for each in ("--split", "=".join(key))
    ]
    built = run("data", "build", "t.jsonl", "--encoder", "e", "--out", "d", "--chunk-words", "5", *splits)
    assert built.exit_code == 0, built.output
    data = open_dataset(Path("d"))
    assert data.places is not None
    assert data.bank.rows == 45  # two sentences of two words a chunk
    assert data.places[:2].tolist() == [[0, 17], [18, 35]]


@pytest.mark.parametrize(
    ("flags", "code", "line"),
    [
        (("--language", "german"), 2, "Error: --language: expected the code of a language, such as en or de"),
        (("--split", "train=ch1.txt"), 3, "Error: split 'train' of docs has no window of 5 chunks with a"),
    ],
)
def test_what_cannot_be_is_refused(flags: tuple[str, ...], code: int, line: str, run: Run) -> None:
    splits = () if "--split" in flags else SPLITS
    result = run(*BUILD, *splits, *flags)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.splitlines()[-1].startswith(line)  # after the notes of what was read
    assert not Path("d").exists()


@pytest.mark.parametrize("flags", [("--chunk-words", "50"), ("--language", "de"), ("--keep-boilerplate",)])
def test_what_is_cut_already_is_not_cut_again(flags: tuple[str, ...], run: Run) -> None:
    rows = ({"article": a, "chunk": c, "text": f"Text {a} {c}."} for a in range(3) for c in range(8))
    Path("t.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    result = run("data", "build", "t.jsonl", "--encoder", "e", "--out", "d", "--split", "train=0", *flags)
    assert refused(result, 2) == (
        "Error: --chunk-words, --language and --keep-boilerplate say how documents are cut into chunks; "
        "t.jsonl holds chunks already"
    )


def test_an_empty_folder_is_refused_in_one_line(run: Run) -> None:
    Path("empty").mkdir()
    result = run("data", "build", "empty", "--encoder", "e", "--out", "d", "--split", "train=0.5")
    assert refused(result, 3) == (
        "Error: empty holds no documents (.txt, .text, .md, .markdown, .rst, .html, .htm, .xhtml, .pdf, "
        ".docx); found nothing"
    )


def test_splits_go_by_paths_and_what_was_taken_is_told_before_anything_is_embedded(run: Run) -> None:
    splits = ("--split", "train=rest", "--split", "val=glob:*.html", "--split", "ood=column:file=in/ch10.txt")
    result = run(*BUILD, "--chunk-words", "7", *splits)
    assert result.exit_code == 0, result.output
    assert result.stderr.splitlines()[-3:] == [
        "note: train: rest takes 2 of 4 articles",
        "note: val: glob:*.html takes 1 of 4 articles",
        "note: ood: column:file=in/ch10.txt takes 1 of 4 articles",
    ]
    articles = open_dataset(Path("d")).articles
    assert {name: each.tolist() for name, each in articles.items()} == {
        "train": [0, 1],
        "val": [2],
        "ood": [3],
    }


@pytest.mark.parametrize(
    ("split", "line"),
    [
        (
            "ood=glob:out/*",
            "Error: split 'ood': glob:out/* takes no article of docs; they are ch1",
        ),
        ("ood=column:path=x", "Error: docs has no column 'path'; its columns are file"),
        (
            "ood=ch1.tx",
            "Error: split 'ood' names 1 article(s) that docs lacks, first ch1.tx; its",
        ),
    ],
)
def test_a_split_without_articles_is_refused(split: str, line: str, run: Run) -> None:
    result = run(*BUILD, "--split", split)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.splitlines()[-1].startswith(line)
