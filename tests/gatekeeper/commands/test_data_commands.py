"""``gatekeeper data build``, ``info`` and ``audit``: their lines, their exit codes and their refusals."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click.testing
import numpy as np
import pytest

from gatekeeper.data.bank_file import read_bank
from gatekeeper.data.build import divide, parse_split
from gatekeeper.data.dataset_folder import open_dataset
from gatekeeper.data.sequences import read_sequences
from gatekeeper.data.synth import FORWARD, build_world
from schemas.dataset import read_dataset_record
from schemas.validation import violation

Run = Callable[..., click.testing.Result]
Arrays = dict[str, Any]

ARTICLES = ("--split", "train=0-5", "--split", "val=6-11", "--split", "ood=12-17")
BUILD = ("data", "build", "bank.npz", "--out", "data")
USAGE = "Try 'cli data"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def rewrite(path: Path, change: Callable[[Arrays], object]) -> None:
    """Change the arrays of a bank file."""
    with np.load(path) as file:
        arrays = dict(file)
    change(arrays)
    np.savez(path, **arrays)


def refused(result: click.testing.Result, code: int) -> str:
    """The one line a refusal consists of."""
    assert result.exit_code == code, result.output
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


# build


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
        assert found.horizon == horizon


def test_build_replaces_a_data_set_and_nothing_else(world: Path, run: Run) -> None:
    assert run(*BUILD, *ARTICLES).exit_code == 0
    assert run(*BUILD, "--split", "train=0-3").exit_code == 0
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
            ("--split", "train=x"),
            "Error: article list 'x': expected numbers and ranges such as 0-39,45, found",
        ),
        (("--split", "train=0.0"), "Error: --split 'train=0.0': a share must be above 0 and at most 1"),
        (("--split", "train=0", "--split", "train=1-3"), "Error: --split train is given twice; join its "),
        (("--split", "train=0-3", "--split", "val=0.5"), "Error: --split takes either articles or shares, "),
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
        ("no.npz", ("--split", "train=0-5"), "Error: cannot read no.npz: No such file or directory"),
        (".", ("--split", "train=0-5"), "Error: cannot read .: it is no regular file"),
        (
            "own_models.py",
            ("--split", "train=0-5"),
            "Error: own_models.py cannot be read: File is not a zip ",
        ),
        (
            "bank.npz",
            ("--split", "train=0-5", "--split", "val=17-19"),
            "Error: split 'val' names 2 article(s) that bank.npz lacks, first 18; its articles are 0 to 17",
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


def test_build_of_texts_needs_an_encoder(world: Path, run: Run) -> None:
    (world / "texts.jsonl").write_text('{"article": 0, "chunk": 0, "text": "a"}\n')
    result = run("data", "build", "texts.jsonl", "--out", "data", "--split", "train=0")
    assert refused(result, 2) == (
        "Error: texts.jsonl holds texts; name the model that embeds them with --encoder"
    )
    assert "data" not in names(world)


@pytest.mark.parametrize("out", [".", "/"])
def test_build_refuses_the_working_directory_in_one_line(world: Path, run: Run, out: str) -> None:
    result = run("data", "build", "bank.npz", "--out", out, *ARTICLES)
    assert result.exit_code in (2, 3)
    assert len(result.stderr.splitlines()) == 1


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
    result = run("eval", "control:constant", "--bank", "data")
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


# info


def test_info_of_a_bank_says_what_is_in_it(world: Path, run: Run) -> None:
    rewrite(world / "bank.npz", lambda a: a["vectors"].__setitem__(100, 2 * a["vectors"][3]))
    rewrite(world / "bank.npz", lambda a: a["chunk_indices"].__setitem__(slice(20, 40), np.arange(21, 41)))
    result = run("data", "info", "bank.npz")
    assert result.exit_code == 0
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[:2] == [
        "bank.npz: 720 chunks of width 16 in 18 articles",
        "chunks an article: 40 to 40, median 40 (quartiles 40 and 40), mean 40.0",
    ]
    assert lines[2].startswith("norms as stored: ")
    assert lines[4:8] == [
        "gaps in chunk indices: 1",
        "  - article 0: chunk 19 is followed by 21",
        "exact duplicates of an earlier chunk: 1",
        "  - article 2 chunk 20 repeats article 0 chunk 3",
    ]
    assert [line.split()[0] for line in lines[11:17]] == ["1", "2", "3", "4", "5", "10"]
    # 40 chunks an article: 35 windows, two runs of 20 chunks: 30.
    assert lines[-5:] == [
        "split    articles    windows    shared articles",
        "-------  ----------  ---------  -----------------",
        "train    6           205        -",
        "val      6           210        -",
        "ood      6           210        -",
    ]


def test_info_of_a_bank_that_is_not_the_configured_one_has_no_splits(world: Path, run: Run) -> None:
    (world / "other.npz").write_bytes((world / "bank.npz").read_bytes())
    assert "split" not in run("data", "info", "other.npz").stdout
    assert "split" in run("data", "info").stdout


def test_info_tells_the_articles_that_splits_share(world: Path, run: Run) -> None:
    (world / "gatekeeper.toml").write_text(
        '[data]\nbank = "bank.npz"\ntrain = "0-9"\nval = "8-12"\nood = "9"\n'
    )
    lines = run("data", "info").stdout.splitlines()
    assert lines[-3:] == [
        "train    10          350        2 with val, 1 with ood",
        "val      5           175        1 with ood",
        "ood      1           35         -",
    ]


def test_info_of_a_data_set_counts_its_own_windows(world: Path, run: Run) -> None:
    assert run(*BUILD, *ARTICLES, "--horizon", "3", "--dtype", "float16").exit_code == 0
    lines = run("data", "info", "data").stdout.splitlines()
    assert lines[0] == "data: 720 chunks of width 16 in 18 articles"
    assert lines[2] == ""  # no norms: the rows are unit by construction
    assert lines[-3:] == [
        "train    6           198        -",
        "val      6           198        -",
        "ood      6           198        -",
    ]


def test_info_as_json_holds_the_same_figures(world: Path, run: Run) -> None:
    result = run("data", "info", "bank.npz", "--format", "json")
    assert result.exit_code == 0
    value = json.loads(result.stdout)
    assert (value["source"], value["rows"], value["dimension"], value["articles"]) == (
        "bank.npz",
        720,
        16,
        18,
    )
    assert value["lengths"] == {
        "low": 40,
        "quarter": 40.0,
        "median": 40.0,
        "three_quarters": 40.0,
        "high": 40,
        "mean": 40.0,
    }
    assert [each["distance"] for each in value["similarity"]] == [1, 2, 3, 4, 5, 10]
    assert value["similarity"][0]["metric"]["n"] == 18 * 39
    assert value["splits"]["train"] == {"articles": 6, "windows": 210, "shared": {}}
    assert value["defects"] == []
    assert value["norms"]["low"] > 0


def test_info_of_no_bank_lists_every_defect_and_fails(world: Path, run: Run) -> None:
    def plant(arrays: Arrays) -> None:
        arrays["vectors"][[5, 700], 3] = [np.nan, np.inf]
        arrays["vectors"][9] = 0.0
        arrays["chunk_indices"][41] = 0

    rewrite(world / "bank.npz", plant)
    result = run("data", "info", "bank.npz")
    assert result.stdout.splitlines() == [
        "rows with NaN or infinity: 2",
        "  - row 5 (article 0)",
        "  - row 700 (article 17)",
        "rows of zeros: 1",
        "  - row 9 (article 0)",
        "(article, chunk) pairs that occur twice: 1",
        "  - article 1 chunk 0",
    ]
    assert refused(result, 3) == (
        "Error: bank.npz is no bank as it is: rows with NaN or infinity, rows of zeros, "
        "(article, chunk) pairs that occur twice"
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("no.npz",), "Error: no.npz: expected an .npz file, found nothing"),
        (
            (".",),
            "Error: . is no data set: expected dataset.json in it; build one with `gatekeeper data build`",
        ),
        (
            ("own_models.py",),
            "Error: own_models.py cannot be read: File is not a zip file; expected a complete ",
        ),
    ],
)
def test_info_refuses_what_is_no_data(world: Path, run: Run, arguments: tuple[str, ...], line: str) -> None:
    assert refused(run("data", "info", *arguments), 3).startswith(line)


def test_info_refuses_settings_and_flags_that_are_wrong(world: Path, run: Run) -> None:
    assert refused(run("data", "info", "--config", "no.toml"), 2) == (
        "Error: configuration file no.toml does not exist"
    )
    for arguments in (("--format", "xml"), ("--bank", "bank.npz"), ("a.npz", "b.npz")):
        assert run("data", "info", *arguments).exit_code == 2


def test_info_of_vectors_of_text_is_one_line(world: Path, run: Run) -> None:
    rewrite(world / "bank.npz", lambda a: a.update(vectors=np.full((720, 4), "abc")))
    refused(run("data", "info", "bank.npz"), 3)


# audit


@pytest.fixture
def sound(world: Path) -> Path:
    """The working directory with a bank of 60 articles on which the gates can be decided."""
    bank = build_world(FORWARD, source="forward")
    np.savez(
        world / "bank.npz", vectors=bank.vectors, article_indices=bank.articles, chunk_indices=bank.chunks
    )
    (world / "gatekeeper.toml").write_text(
        '[data]\nbank = "bank.npz"\ntrain = "0-35"\nval = "36-47"\nood = "48-59"\n'
    )
    return world


def test_audit_of_sound_data_passes_and_says_so(sound: Path, run: Run) -> None:
    result = run("data", "audit")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0] == "bank.npz: context 5, horizon 1, held-out articles"
    assert lines.count("These gates can be decided on this data.") == 1
    assert "Duplicates (cosine >= 0.995): 3600 chunks, each compared with all others" in lines
    assert "  val: 0 of 720 chunks have a near duplicate in another split" in lines
    assert lines[-5:-3] == [
        "Findings:",
        "  - no learnable direction beyond 0.005 of cosine: the past says as much as the future",
    ]
    assert lines[-2].startswith("  - ood: a linear model reaches margin 0.05 at alpha 0 with cosine 0.9")
    assert lines[-1] == "  - whether an article runs backwards cannot be told: windows read alike both ways"


def test_audit_of_leaking_splits_is_blocked_with_a_line_a_reason(sound: Path, run: Run) -> None:
    def plant(arrays: Arrays) -> None:
        arrays["vectors"][40 * 60 : 41 * 60] = arrays["vectors"][3 * 60 : 4 * 60]

    rewrite(sound / "bank.npz", plant)
    result = run("data", "audit")
    assert result.exit_code == 1
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    head = lines.index("These gates cannot be decided:")
    assert lines[head + 1 : head + 4] == [
        "  - val leaks: 60 of 720 chunks (8.3%) have a near duplicate in another split",
        "  - article 3 (train) and article 40 (val) share 60 chunks, 100% of one of them",
        "Findings:",
    ]
    assert "  - article 3 (train) and article 40 (val) share 60 (100%), cosine 1.000" in lines


def test_audit_of_too_few_articles_is_blocked(sound: Path, run: Run) -> None:
    result = run("data", "audit", "--val", "36")
    assert result.exit_code == 1
    assert "  - val has 1 articles, the policy seed-5cat needs at least 5" in result.stdout.splitlines()
    assert (
        "  - val cannot decide a margin of 0.05: the interval of a linear model's margin is unknown wide "
        "with 1 articles; add articles"
    ) in result.stdout.splitlines()


def test_audit_of_splits_that_share_an_article_does_not_pass(sound: Path, run: Run) -> None:
    assert run("data", "audit", "--val", "35-47").exit_code in (1, 3)


@pytest.mark.parametrize("leak", [False, True])
def test_audit_as_json_follows_the_schema_and_has_the_same_exit_code(
    sound: Path, run: Run, leak: bool
) -> None:
    if leak:
        rewrite(sound / "bank.npz", lambda a: a["vectors"].__setitem__(slice(2400, 2460), a["vectors"][:60]))
    result = run("data", "audit", "--format", "json")
    assert result.exit_code == int(leak)
    value = json.loads(result.stdout)
    assert violation("audit", value) is None
    assert bool(value["problems"]) is leak
    assert value["bank_sha256"] == read_bank(sound / "bank.npz").sha256


def test_audit_is_seeded(sound: Path, run: Run) -> None:
    # Not the configured bank, so it has no splits and the seed decides which half is held out.
    (sound / "other.npz").write_bytes((sound / "bank.npz").read_bytes())

    def figures(*flags: str) -> object:
        return json.loads(run("data", "audit", "--bank", "other.npz", "--format", "json", *flags).stdout)[
            "rows"
        ]

    assert figures() == figures("--seed", "0") != figures("--seed", "1")


def test_audit_of_a_data_set_uses_its_splits_and_its_shape(sound: Path, run: Run) -> None:
    splits = ("--split", "train=0-35", "--split", "val=36-47", "--split", "ood=48-59")
    assert run(*BUILD, *splits, "--horizon", "2").exit_code == 0
    of_folder = json.loads(run("data", "audit", "--bank", "data", "--format", "json").stdout)
    of_bank = json.loads(run("data", "audit", "--horizon", "2", "--format", "json").stdout)
    assert of_folder.pop("source") == "data"
    assert of_bank.pop("source") == "bank.npz"
    for value in (of_folder, of_bank):
        value.pop("created")
    assert of_folder == of_bank
    assert of_folder["horizon"] == 2


def test_audit_refuses_another_shape_than_that_of_the_data_set(sound: Path, run: Run) -> None:
    assert run(*BUILD, "--split", "train=0.8", "--split", "val=0.2").exit_code == 0
    line = refused(run("data", "audit", "--bank", "data", "--horizon", "2"), 2)
    assert line.startswith("Error: ")
    assert "horizon 1" in line
    assert "horizon 2" in line


@pytest.mark.parametrize(
    ("flags", "code", "line"),
    [
        (("--bank", "no.npz"), 3, "Error: no.npz: expected an .npz file, found nothing"),
        (("--val", "77"), 3, "Error: split 'val' names 1 article(s) that "),
        (("--val", "9-3"), 2, "Error: --val: article list '9-3': range 9-3 runs backwards; write 3-9"),
        (("--val", "no.npz"), 3, "Error: no.npz: expected an .npz file, found nothing"),
        (("--context", "0"), 2, "Error: --context: expected a whole number of at least 1, found 0"),
        (("--context", "60"), 3, "Error: no window of 60 chunks with a target 1 further on in 36 article(s)"),
        (
            ("--train", "0"),
            3,
            "Error: choosing a regularisation needs windows of at least 2 articles, one to ",
        ),
        (("--config", "no.toml"), 2, "Error: configuration file no.toml does not exist"),
    ],
)
def test_audit_refuses_what_it_cannot_measure(
    sound: Path, run: Run, flags: tuple[str, ...], code: int, line: str
) -> None:
    assert refused(run("data", "audit", *flags), code).startswith(line)


@pytest.mark.parametrize(
    "flags", [("--seed", "-1"), ("--format", "markdown"), ("--nonsense",), ("bank.npz",)]
)
def test_audit_refuses_flags_that_are_wrong(world: Path, run: Run, flags: tuple[str, ...]) -> None:
    result = run("data", "audit", *flags)
    assert result.exit_code == 2
    assert f"{USAGE} audit --help' for help." in result.stderr


@pytest.mark.parametrize("flags", [("--context", "39"), ("--context", "30", "--horizon", "8")])
def test_audit_of_windows_too_few_for_the_frontier_is_one_line(
    world: Path, run: Run, flags: tuple[str, ...]
) -> None:
    result = run("data", "audit", *flags)
    assert result.exit_code in (1, 3)
    assert "gatekeeper itself failed" not in result.stderr


# The group.


def test_the_group_lists_its_commands(run: Run) -> None:
    lines = [line.split() for line in run("data", "--help").stdout.splitlines() if line.startswith("  ")]
    assert [line[0] for line in lines[-5:]] == ["build", "convert", "info", "audit", "synth"]
    assert run("data", "nothing").exit_code == 2


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        ("build", "Exit codes: 0 done, 2 usage error, 3 the source, the encoder or the folder is unusable."),
        (
            "info",
            "Exit codes: 0 done, 2 usage error, 3 the file is unusable (what is wrong with it is listed).",
        ),
        (
            "audit",
            "Exit codes: 0 the gates can be decided, 1 the splits leak or are too small, 2 usage error, 3 "
            "the data is unusable.",
        ),
    ],
)
def test_help_names_the_exit_codes(run: Run, command: str, codes: str) -> None:
    assert codes in " ".join(run("data", command, "--help").stdout.split())
