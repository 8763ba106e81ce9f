"""``gatekeeper data append``: new articles, and nothing old embedded again."""

import json
from pathlib import Path

import numpy as np
import pytest

from gatekeeper.data.building.encoder import LoadedEncoder
from gatekeeper.data.formats.dataset import open_dataset
from schemas.reading.dataset import read_dataset_record
from schemas.reading.report import read_report
from tests.gatekeeper.cli.data.test_build_texts import MADE_BY, Fake, found, write_texts
from tests.gatekeeper.cli.data_sets import ARTICLES, BUILD, Run, names, rewrite
from tests.gatekeeper.cli.refusals import refused

SPLITS = ("--split", "train=0-3", "--split", "val=4", "--split", "ood=5")


def write_more(world: Path, *, first: int = 18, count: int = 4) -> None:
    """``more.npz``: articles with the vectors of the bank's first ones."""
    with np.load(world / "bank.npz") as file:
        rows = file["article_indices"] < count
        arrays = {name: file[name][rows] for name in file.files}
    np.savez(world / "more.npz", **{**arrays, "article_indices": arrays["article_indices"] + first})


def test_new_articles_join_a_data_set_whose_old_ones_stay(world: Path, run: Run) -> None:
    run(*BUILD, *ARTICLES)
    old = open_dataset(world / "data")
    before = {name: rows.tolist() for name, rows in old.splits.items()}
    vectors = np.array(old.bank.vectors)
    write_more(world)
    result = run("data", "append", "data", "more.npz", "--split", "train=18-19", "--split", "ood=20")
    assert result.exit_code == 0, result.output
    record = read_dataset_record(world / "data" / "dataset.json")
    digests = [record.splits[name].sha256[:12] for name in ("train", "val", "ood")]
    assert result.stdout.splitlines() == [
        f"data: 880 chunks of width 16 in 22 articles (float32, bank {record.bank.sha256[:12]}), context 5, "
        "horizon 1",
        f"version 2, grown by 160 chunks in 4 articles from bank {old.record.bank.sha256[:12]}",
        "split    windows    articles    digest",
        "-------  ---------  ----------  ------------",
        f"train    280        8           {digests[0]}",
        f"val      210        6           {digests[1]}",
        f"ood      245        7           {digests[2]}",
        "use it with --bank data",
    ]
    new = open_dataset(world / "data")
    assert np.array_equal(new.bank.vectors[:720], vectors)
    assert new.splits["val"].tolist() == before["val"]
    assert new.splits["train"].tolist()[:210] == before["train"]
    assert [(each.sha256, each.source) for each in record.parents] == [(old.record.bank.sha256, "bank.npz")]
    assert record.origin.source == "more.npz"
    assert names(world) == ["bank.npz", "data", "gatekeeper.toml", "more.npz", "own_models.py"]
    # A report names the version it is about, and the one before.
    run("eval", "control:copy_last", "--bank", "data", "--report", "r.json")
    bank = read_report(world / "r.json").inputs.bank
    assert (bank.sha256, bank.parents) == (record.bank.sha256, (old.record.bank.sha256,))


def test_another_folder_leaves_the_first_as_it_is(world: Path, run: Run) -> None:
    run(*BUILD, *ARTICLES, "--dtype", "float16")
    before = (world / "data" / "dataset.json").read_bytes()
    write_more(world)
    result = run("data", "append", "data", "more.npz", "--split", "train=0.5", "--out", "larger")
    assert result.exit_code == 0, result.output
    assert (world / "data" / "dataset.json").read_bytes() == before
    assert read_dataset_record(world / "larger" / "dataset.json").splits["train"].windows == 280
    line = refused(run("data", "append", "data", "more.npz", "--split", "train=0.5", "--out", "larger"), 2)
    assert line.startswith("Error: larger holds a data set already")


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (
            ("bank.npz", "--split", "train=18"),
            3,
            "bank.npz holds 18 article(s) that data holds already (0, 1, 2, ...)",
        ),
        (
            ("more.npz", "--split", "train=3"),
            3,
            "split 'train' names 1 article(s) that more.npz lacks, first 3",
        ),
        (
            ("more.npz", "--split", "train=18", "--split", "val=18"),
            3,
            "splits 'train' and 'val' share 1 article(s)",
        ),
        (
            ("wide.npz", "--split", "train=18"),
            3,
            "wide.npz holds vectors of width 8, data of 16; append what",
        ),
        (
            ("t.jsonl", "--split", "train=18"),
            3,
            "the vectors of data were made elsewhere, and texts would be",
        ),
        (("gone.npz", "--split", "train=18"), 3, "gone.npz: expected an .npz file, found nothing"),
        (("more.npz",), 2, "Missing option '--split'"),
        (
            ("more.npz", "--split", "train=18", "--out", "more.npz"),
            3,
            "cannot write more.npz: it exists and is no",
        ),
        (("more.npz", "--split", "train=18", "--note", "a\nb"), 2, "--note must be one line of at most 2000"),
    ],
)
def test_what_cannot_be_appended_ends_in_one_line_and_changes_nothing(
    arguments: tuple[str, ...], code: int, line: str, world: Path, run: Run
) -> None:
    run(*BUILD, *ARTICLES)
    write_more(world)
    write_texts([18])
    (world / "wide.npz").write_bytes((world / "more.npz").read_bytes())
    rewrite(world / "wide.npz", lambda arrays: arrays.update(vectors=arrays["vectors"][:, :8]))
    before = {path: path.read_bytes() for path in sorted((world / "data").iterdir())}
    result = run("data", "append", "data", *arguments)
    assert result.exit_code == code, result.output
    assert line in result.stderr.splitlines()[-1]
    assert {path: path.read_bytes() for path in sorted((world / "data").iterdir())} == before


def test_what_is_no_data_set_is_told(world: Path, run: Run) -> None:
    write_more(world)
    line = refused(run("data", "append", "bank.npz", "more.npz", "--split", "train=18"), 3)
    assert line.startswith("Error: bank.npz is no data set: expected dataset.json in it; build one with")


# --- texts -------------------------------------------------------------------------------------------


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """An encoder that counts, a data set that it has embedded, new texts, and no cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEKEEPER_CACHE", "none")
    encoder = Fake()
    for command in ("build", "append"):
        monkeypatch.setattr(f"gatekeeper.cli.data.{command}.find_encoder", found)
    load(monkeypatch, encoder)
    write_texts()
    lines = Path("t.jsonl").read_text().splitlines()
    values = [{**json.loads(line), "article": 6 + json.loads(line)["article"]} for line in lines[:24]]
    Path("more.jsonl").write_text("".join(f"{json.dumps(value)}\n" for value in values))
    return encoder


def load(monkeypatch: pytest.MonkeyPatch, encoder: Fake, **other: str) -> None:
    made_by = MADE_BY.__class__(**{**vars(MADE_BY), **other})
    monkeypatch.setattr(
        "gatekeeper.cli.data.embedding.load_encoder",
        lambda found, device, precision, *, bars: LoadedEncoder(encoder, "d" * 64, made_by),
    )


def test_only_what_is_new_is_embedded(fake: Fake, run: Run) -> None:
    assert run("data", "build", "t.jsonl", "--encoder", "who/e", "--out", "data", *SPLITS).exit_code == 0
    asked = fake.asked
    result = run("data", "append", "data", "more.jsonl", "--split", "train=6-7")
    assert result.exit_code == 0, result.output
    assert fake.asked == asked + 24
    bank = open_dataset(Path("data")).bank
    assert (bank.rows, bank.embedded_by) == (96, MADE_BY)
    assert bank.texts is not None
    assert bank.texts[72] == bank.texts[0]


def test_another_encoder_is_refused_before_it_embeds(
    fake: Fake, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("data", "build", "t.jsonl", "--encoder", "who/e", "--out", "data", *SPLITS)
    load(monkeypatch, fake, sha256="e" * 64)
    asked = fake.asked
    line = refused(run("data", "append", "data", "more.jsonl", "--split", "train=6-7"), 3)
    assert line == (
        "Error: data was embedded by who/e, and who/e differs from it in sha256 (dddddddddddd, "
        "eeeeeeeeeeee); name the encoder of data: --encoder"
    )
    assert fake.asked == asked


def test_the_folder_of_an_encoder_must_be_named(
    fake: Fake, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(monkeypatch, fake, source="folder", name="e")
    run("data", "build", "t.jsonl", "--encoder", "who/e", "--out", "data", *SPLITS)
    line = refused(run("data", "append", "data", "more.jsonl", "--split", "train=6-7"), 2)
    assert line == "Error: data was embedded by e, a model in a folder; name that folder: --encoder"
    assert run("data", "append", "data", "more.jsonl", "--split", "train=6", "--encoder", "x").exit_code == 0


def test_vectors_do_not_join_embedded_texts(fake: Fake, run: Run) -> None:
    run("data", "build", "t.jsonl", "--encoder", "who/e", "--out", "data", *SPLITS)
    np.savez("v.npz", vectors=np.ones((7, 2)), article_indices=np.full(7, 9), chunk_indices=np.arange(7))
    line = refused(run("data", "append", "data", "v.npz", "--split", "train=9"), 3)
    assert line == (
        "Error: the vectors of data were made of texts by who/e; append texts, so that they are "
        "embedded alike"
    )


def test_what_changed_meanwhile_is_not_replaced(
    fake: Fake, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("data", "build", "t.jsonl", "--encoder", "who/e", "--out", "data", *SPLITS)
    encode = fake.encode

    def meanwhile(*arguments: object, **more: object) -> object:
        monkeypatch.setattr(fake, "encode", encode)
        run("data", "append", "data", "more.jsonl", "--split", "val=6-7")
        return encode(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(fake, "encode", meanwhile)
    result = run("data", "append", "data", "more.jsonl", "--split", "train=6-7")
    assert (result.exit_code, result.stdout) == (3, "")
    line = result.stderr.splitlines()[-1]
    assert line == "Error: data was changed meanwhile; run the command again: what was embedded is kept"
    assert read_dataset_record(Path("data/dataset.json")).splits["val"].articles == "4,6-7"
