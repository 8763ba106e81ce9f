"""``gatekeeper data build``, and its folders wherever a bank is asked for."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gatekeeper.data.building.balanced import balanced_splits
from gatekeeper.data.building.splits import divide, parse_split
from gatekeeper.data.formats.bank import read_bank
from gatekeeper.data.formats.dataset import open_dataset
from gatekeeper.data.formats.sequences import read_sequences
from gates.contracts import Window
from schemas.reading.dataset import read_dataset_record
from tests.gatekeeper.cli.data_sets import ARTICLES, BUILD, Arrays, Run, names, rewrite
from tests.gatekeeper.cli.refusals import refused


@pytest.mark.parametrize(
    ("flags", "shape", "windows"),
    [
        ((), "(float32, bank {}), context 5, horizon 1", 210),
        (("--horizon", "2", "--dtype", "float16"), "(float16, bank {}), context 5, horizon 2", 204),
        (("--context", "3", "--horizon", "4"), "(float32, bank {}), context 3, horizon 4", 204),
    ],
)
def test_build_says_what_it_wrote(
    world: Path, run: Run, flags: tuple[str, ...], shape: str, windows: int
) -> None:
    result = run(*BUILD, *ARTICLES, *flags)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    record = read_dataset_record(world / "data" / "dataset.json")
    digests = [record.splits[name].sha256[:12] for name in ("train", "val", "ood")]
    assert result.stdout.splitlines() == [
        f"data: 720 chunks of width 16 in 18 articles {shape.format(record.bank.sha256[:12])}",
        "split    windows    articles    digest",
        "-------  ---------  ----------  ------------",
        f"train    {windows}        6           {digests[0]}",
        f"val      {windows}        6           {digests[1]}",
        f"ood      {windows}        6           {digests[2]}",
        "use it with --bank data",
    ]


def test_build_records_who_made_the_vectors_and_what_else_was_said(world: Path, run: Run) -> None:
    flags = ("--encoder", "some/folder/MiniLM", "--licence", "CC0-1.0", "--note", "no comment")
    assert run(*BUILD, *ARTICLES, *flags).exit_code == 0
    origin = read_dataset_record(world / "data" / "dataset.json").origin
    assert (origin.source, origin.encoder) == ("bank.npz", "MiniLM")
    assert (origin.licence, origin.note) == ("CC0-1.0", "no comment")


def test_build_divides_by_shares_with_a_seed(world: Path, run: Run) -> None:
    splits = ("train=60%", "val=0.2", "ood=.2")
    flags = [part for split in splits for part in ("--split", split)]
    assert run(*BUILD, *flags, "--seed", "5").exit_code == 0
    found = open_dataset(world / "data").articles
    expected = divide(read_bank(world / "bank.npz"), [parse_split(each) for each in splits], seed=5)
    assert {name: each.tolist() for name, each in found.items()} == {
        name: each.tolist() for name, each in expected.items()
    }
    assert [len(each) for each in found.values()] == [11, 3, 4]


def test_build_makes_all_splits_where_they_are_left_to_it(world: Path, run: Run) -> None:
    result = run(*BUILD, "--split", "balanced", "--seed", "5", "--also-npz")
    assert result.exit_code == 0, result.output
    found = open_dataset(world / "data").articles
    expected = balanced_splits(read_bank(world / "bank.npz"), Window(5, 1), seed=5)
    assert {name: each.tolist() for name, each in found.items()} == {
        name: each.tolist() for name, each in expected.items()
    }
    assert [len(each) for each in found.values()] == [6, 6, 6]
    assert [Path(line.removeprefix("sequences: ")).name for line in result.stdout.splitlines()[-3:]] == [
        "data_train_sequences.npz",
        "data_val_sequences.npz",
        "data_ood_sequences.npz",
    ]


@pytest.mark.parametrize("name", ["train", "ood"])
def test_build_does_not_replace_sequences_unasked(world: Path, run: Run, name: str) -> None:
    file = world / f"data_{name}_sequences.npz"
    file.write_text("precious")
    assert refused(run(*BUILD, *ARTICLES, "--also-npz"), 2) == (
        f"Error: {file.name} exists; move it away, or add --overwrite to replace it"
    )
    assert file.read_text() == "precious"
    assert "data" not in names(world)
    assert run(*BUILD, *ARTICLES, "--also-npz", "--overwrite").exit_code == 0
    assert file.read_bytes().startswith(b"PK")


@pytest.mark.parametrize(
    ("out", "line"),
    [
        ("bank.npz/data", "Error: cannot write bank.npz/data: {}/bank.npz is no folder"),
        ("x" * 250, f"Error: cannot write {'x' * 250}: File name too long"),
        ("closed/below/data", "Error: cannot write closed/below/data: no permission to write in {}/closed"),
    ],
)
def test_build_refuses_a_place_it_cannot_write_to_before_it_reads(
    world: Path, run: Run, out: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (world / "closed").mkdir()
    monkeypatch.setattr("os.access", lambda path, mode: Path(path).name != "closed")  # root may do anything
    result = run("data", "build", "no.npz", "--out", out, *ARTICLES)
    assert refused(result, 3) == line.format(world)


@pytest.mark.parametrize("horizon", [1, 2])
def test_build_also_writes_sequences_that_old_tools_read(world: Path, run: Run, horizon: int) -> None:
    result = run(*BUILD, *ARTICLES, "--also-npz", "--horizon", str(horizon))
    assert result.stdout.splitlines()[-3:] == [
        f"sequences: data_{name}_sequences.npz" for name in ("train", "val", "ood")
    ]
    bank, opened = read_bank(world / "bank.npz"), open_dataset(world / "data")
    for name in ("train", "val", "ood"):
        found = read_sequences(world / f"data_{name}_sequences.npz", bank)
        np.testing.assert_array_equal(found.last_rows, opened.splits[name])
        assert found.window.horizon == horizon


def test_build_replaces_a_data_set_only_where_told_and_nothing_else(world: Path, run: Run) -> None:
    assert run(*BUILD, *ARTICLES).exit_code == 0
    before = (world / "data" / "dataset.json").read_bytes()
    (world / "bank.npz").rename(world / "other.npz")  # it is not even looked for
    assert refused(run(*BUILD, "--split", "train=0-3"), 2) == (
        "Error: data holds a data set already; name another folder, or add --overwrite to replace it"
    )
    assert (world / "data" / "dataset.json").read_bytes() == before
    (world / "other.npz").rename(world / "bank.npz")
    assert run(*BUILD, "--split", "train=0-3", "--overwrite").exit_code == 0
    assert list(open_dataset(world / "data").splits) == ["train"]
    (world / "data" / "notes.txt").write_text("precious")
    assert refused(run(*BUILD, *ARTICLES), 3) == (
        "Error: cannot write data: it holds 'notes.txt', which is no part of a data set; "
        "name another folder or empty this one"
    )
    assert (world / "data" / "notes.txt").read_text() == "precious"
    assert list(open_dataset(world / "data").splits) == ["train"]


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (
            ("--split", "test=0-3"),
            "Error: --split 'test=0-3': expected NAME=ARTICLES or NAME=SHARE with NAME ",
        ),
        (
            ("--split", "train"),
            "Error: --split 'train': expected NAME=ARTICLES or NAME=SHARE with NAME among ",
        ),
        (
            ("--split", "train=3,,4"),
            "Error: article list '3,,4': expected numbers and ranges such as 0-39,45, or names, found ''",
        ),
        (
            ("--split", "balanced", "--split", "val=1"),
            "Error: --split balanced makes train, val and ood; found other splits beside it",
        ),
        (("--split", "train=0.0"), "Error: --split 'train=0.0': a share must be above 0 and at most 1"),
        (("--split", "train=0", "--split", "train=1-3"), "Error: --split train is given twice; join its "),
        (
            (*("--split", "train=0"), "--precision", "float16"),
            "Error: --precision says how texts are embedded; bank.npz holds none",
        ),
        (("--split", "train=rest", "--split", "val=rest"), "Error: --split train and val both take the rest"),
        (("--split", "train=0.9", "--split", "val=0.2"), "Error: the shares of --split add up to 1.1, more "),
    ],
)
def test_build_refuses_splits_that_make_no_sense(
    world: Path, run: Run, flags: tuple[str, ...], line: str
) -> None:
    assert refused(run(*BUILD, *flags), 2).startswith(line)
    assert "data" not in names(world)


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (("bank.npz", "--split", "train=0-5"), "Error: Missing option '--out'."),
        (("bank.npz", "--out", "data"), "Error: Missing option '--split'."),
        (("--out", "data", "--split", "train=0-5"), "Error: Missing argument 'SOURCE'."),
        (
            ("bank.npz", "--out", "", "--split", "train=0-5"),
            "Error: Invalid value for '--out': expected a path, found ''",
        ),
        (
            ("bank.npz", "--out", "data", "--split", "train=0-5", "--context", "0"),
            "Error: Invalid value for '--context': 0 is not in the range 1<=x<=1000.",
        ),
        (
            ("bank.npz", "--out", "data", "--split", "train=0-5", "--horizon", "x"),
            "Error: Invalid value for '--horizon': 'x' is not a valid integer range.",
        ),
        (
            ("bank.npz", "--out", "data", "--split", "train=0-5", "--seed", "-1"),
            "Error: Invalid value for '--seed': -1 is not in the range x>=0.",
        ),
        (
            ("bank.npz", "--out", "data", "--split", "train=0-5", "--dtype", "int8"),
            "Error: Invalid value for '--dtype': 'int8' is not one of 'float32', 'float16'.",
        ),
    ],
)
def test_build_refuses_flags_that_are_wrong(world: Path, run: Run, flags: tuple[str, ...], line: str) -> None:
    result = run("data", "build", *flags)
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == line
    assert "data" not in names(world)


@pytest.mark.parametrize(
    ("source", "flags", "line"),
    [
        ("no.npz", ("--split", "train=0-5"), "Error: no.npz: expected an .npz file, found nothing"),
        (".", ("--split", "train=0-5"), "Error: . holds no documents (.txt, .text, .md, "),
        (
            "own_models.py",
            ("--split", "train=0-5"),
            "Error: own_models.py is text; expected a complete .npz file: ",
        ),
        (
            "bank.npz",
            ("--split", "train=0-5", "--split", "val=17-19"),
            "Error: split 'val' names 2 article(s) that bank.npz lacks, first 18, 19; its",
        ),
        (
            "bank.npz",
            ("--split", "train=0-5", "--split", "ood=5-9"),
            "Error: splits 'train' and 'ood' share 1 article(s), first article 5; "
            "an article may belong to one split only",
        ),
        (
            "bank.npz",
            ("--split", "train=0-5", "--context", "40"),
            "Error: split 'train' of bank.npz has no window of 40 chunks with a target 1 further on; "
            "name longer or more articles",
        ),
        (
            "bank.npz",
            ("--split", "train=0.9", "--split", "val=0.01"),
            "Error: split 'val': a share of 0.01 of 18 articles is none; ask for more",
        ),
    ],
)
def test_build_refuses_data_it_cannot_use(
    world: Path, run: Run, source: str, flags: tuple[str, ...], line: str
) -> None:
    before = names(world)
    assert refused(run("data", "build", source, "--out", "data", *flags), 3).startswith(line)
    assert names(world) == before


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            lambda a: a["vectors"].__setitem__(7, np.nan),
            "Error: bank.npz: 1 vector row(s) hold NaN or infinity, first rows 7; remove or repair them",
        ),
        (
            lambda a: a["vectors"].__setitem__(slice(3, 5), 0.0),
            "Error: bank.npz: 2 vector row(s) are all zero, first rows 3, 4; remove or repair them",
        ),
        (
            lambda a: a["chunk_indices"].__setitem__(41, 0),
            "Error: bank.npz: 1 (article, chunk) pair(s) occur twice, first article 1 chunk 0 (rows 40 and "
            "41); every chunk must have one row",
        ),
        (
            lambda a: a.pop("vectors"),
            "Error: bank.npz: a bank needs an array 'vectors' (or 'embeddings'); found article_indices, ",
        ),
    ],
)
def test_build_refuses_a_broken_bank(
    world: Path, run: Run, change: Callable[[Arrays], object], line: str
) -> None:
    rewrite(world / "bank.npz", change)
    assert refused(run(*BUILD, *ARTICLES), 3).startswith(line)
    assert "data" not in names(world)


def test_build_refuses_a_file_where_the_folder_should_be(world: Path, run: Run) -> None:
    before = (world / "bank.npz").read_bytes()
    result = run("data", "build", "bank.npz", "--out", "bank.npz", *ARTICLES)
    assert refused(result, 3) == "Error: cannot write bank.npz: it exists and is no folder"
    assert (world / "bank.npz").read_bytes() == before


@pytest.mark.parametrize(("out", "code"), [(".", 3), ("/", 2)])
def test_build_refuses_the_working_directory_in_one_line(world: Path, run: Run, out: str, code: int) -> None:
    refused(run("data", "build", "bank.npz", "--out", out, *ARTICLES), code)


@pytest.mark.parametrize("flag", ["--note", "--licence"])
@pytest.mark.parametrize("text", ["two\nlines", "x" * 2001])
def test_build_refuses_a_note_that_the_record_cannot_hold(
    world: Path, run: Run, flag: str, text: str
) -> None:
    result = run(*BUILD, *ARTICLES, flag, text)
    assert flag in refused(result, 2)
    assert "data" not in names(world)


# A data set is used wherever a bank is asked for.


def test_a_data_set_brings_its_own_splits_and_shape(world: Path, run: Run) -> None:
    assert run(*BUILD, *ARTICLES, "--horizon", "2").exit_code == 0
    result = run("eval", "control:constant", "--bank", "data", "--full")
    assert result.exit_code == 1
    assert (
        "data: 720 chunks of width 16 in 18 articles; val 204 of 204 windows in 6 articles" in result.stdout
    )
    assert "context 5, horizon 2" in result.stdout


def test_a_data_set_may_be_named_in_the_settings(world: Path, run: Run) -> None:
    assert run(*BUILD, *ARTICLES).exit_code == 0
    (world / "gatekeeper.toml").write_text('[data]\nbank = "data"\n')
    assert run("eval", "control:constant").exit_code == 1
    result = run("data", "info")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{world / 'data'}: 720 chunks of width 16 in 18 articles\n")


@pytest.mark.parametrize(
    "command", [("eval", "control:ridge", "--bank"), ("data", "audit", "--bank"), ("data", "info")]
)
def test_a_data_set_that_changed_is_refused_everywhere(
    world: Path, run: Run, command: tuple[str, ...]
) -> None:
    assert run(*BUILD, *ARTICLES).exit_code == 0
    content = bytearray((world / "data" / "vectors.npy").read_bytes())
    content[-1] ^= 1
    (world / "data" / "vectors.npy").write_bytes(content)
    assert refused(run(*command, "data"), 3) == (
        "Error: data/vectors.npy changed since it was built; build the data set again"
    )
