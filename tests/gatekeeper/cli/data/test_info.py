"""``gatekeeper data info``."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.gatekeeper.cli.data_sets import ARTICLES, BUILD, Arrays, Run, rewrite
from tests.gatekeeper.cli.refusals import refused


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


def test_info_of_bundled_data_shows_what_is_no_split_yet(run: Run) -> None:
    result = run("data", "info", "bundled:books")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "books: 18233 chunks of width 384 in 357 articles"
    assert lines[-4:] == [
        "train      229         10352      -",
        "val        44          1966       -",
        "ood        44          2002       -",
        "strangers  40          2128       -",
    ]


@pytest.mark.parametrize(
    "words",
    [
        ("data", "info"),
        ("data", "audit", "--bank"),
        ("eval", "control:random", "--bank"),
        ("train", "p1", "--bank"),
    ],
)
def test_bundled_data_that_is_not_there_is_told_the_nearest(words: tuple[str, ...], run: Run) -> None:
    assert refused(run(*words, "bundled:boks"), 2) == (
        "Error: --bank: no bundled data is called 'boks'; did you mean 'books'?"
    )


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
    assert (result.exit_code, result.stderr) == (
        3,
        "Error: bank.npz is no bank as it is: rows with NaN or infinity, rows of zeros, "
        "(article, chunk) pairs that occur twice\n",
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
            "Error: own_models.py is text; expected a complete .npz file: tables are called *.csv or *.tsv, ",
        ),
    ],
)
def test_info_refuses_what_is_no_data(world: Path, run: Run, arguments: tuple[str, ...], line: str) -> None:
    assert refused(run("data", "info", *arguments), 3).startswith(line)


def test_info_refuses_settings_and_flags_that_are_wrong(world: Path, run: Run) -> None:
    assert refused(run("data", "info", "--config", "no.toml"), 2) == (
        "Error: configuration file no.toml does not exist"
    )
    for arguments in (("--format", "xml"), ("bank.npz", "--bank", "bank.npz"), ("a.npz", "b.npz")):
        assert run("data", "info", *arguments).exit_code == 2


def test_info_of_vectors_of_text_is_one_line(world: Path, run: Run) -> None:
    rewrite(world / "bank.npz", lambda a: a.update(vectors=np.full((720, 4), "abc")))
    refused(run("data", "info", "bank.npz"), 3)


OWN_NAMES = {"vectors": "emb", "article_indices": "doc", "chunk_indices": "place"}
KEYS = ("--vectors-key", "emb", "--article-key", "doc", "--chunk-key", "place")


def rename(arrays: Arrays) -> None:
    for old, new in OWN_NAMES.items():
        arrays[new] = arrays.pop(old)


def test_arrays_with_names_of_their_own(world: Path, run: Run) -> None:
    usual = run("data", "info", "bank.npz").stdout
    rewrite(world / "bank.npz", rename)
    assert refused(run("data", "info", "bank.npz"), 3) == (
        "Error: bank.npz: a bank needs an array 'vectors' (or 'embeddings'); found emb, doc, place; if it "
        "has another name, --vectors-key says which"
    )
    assert refused(run("data", "info", "bank.npz", *KEYS[:4]), 3) == (
        "Error: bank.npz: no array has a name known for the order of chunks (chunk_indices, chunk_index, "
        "chunk_idx, ...), but place holds a whole number a row; if it is the order, add --chunk-key place, "
        "else --chunk-key none: rows count in file order"
    )
    assert run("data", "info", "bank.npz", *KEYS).stdout == usual
    settings = (world / "gatekeeper.toml").read_text()
    (world / "gatekeeper.toml").write_text(
        f'{settings}vectors_key = "emb"\narticle_key = "doc"\nchunk_key = "place"\n'
    )
    assert run("data", "info").stdout == f"{world}/{usual}"
    assert run("data", "info", "--chunk-key", "none").exit_code == 0


@pytest.mark.parametrize(
    "command",
    [
        ("data", "audit", "--bank", "bank.npz", "--train", "0-5", "--val", "6-11", "--ood", "12-17"),
        (*BUILD, *ARTICLES),
        ("data", "synth", "reversed", "--bank", "bank.npz", "--out", "turned"),
        ("data", "convert", "val=val.npz", "--bank", "bank.npz", "--out", "converted"),
        ("eval", "control:ridge", "--bank", "bank.npz", "--val", "6-11", "--ood", "12-17"),
    ],
)
def test_every_command_that_takes_a_bank_takes_the_names(
    world: Path, run: Run, command: tuple[str, ...]
) -> None:
    rewrite(world / "bank.npz", rename)
    if "convert" in command:
        assert run(*BUILD, *ARTICLES, *KEYS, "--also-npz").exit_code == 0
        (world / "data_val_sequences.npz").rename(world / "val.npz")
    result = run(*command, *KEYS)
    assert result.exit_code in (0, 1), result.output
    again = (*command, "--overwrite") if "--out" in command else command
    assert refused(run(*again), 3).startswith("Error: bank.npz: a bank needs an array 'vectors'")
    assert run(*command, *KEYS[:4], "--chunk-key", "").exit_code == 2


def test_a_run_remembers_the_names(world: Path, run: Run) -> None:
    rewrite(world / "bank.npz", rename)
    splits = ("--train", "0-5", "--val", "6-11", "--ood", "12-17")
    arguments = ("train", "ridge", "--bank", "bank.npz", *splits, *KEYS, "--out", "mine")
    assert run(*arguments).exit_code in (0, 1)
    data = json.loads((world / "mine" / "config.json").read_text(encoding="utf-8"))["data"]
    assert {key: data[f"{key}_key"] for key in ("vectors", "article", "chunk")} == {
        "vectors": "emb",
        "article": "doc",
        "chunk": "place",
    }


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("data", "info", "--chunk-key", "n"), "the bundled speeches"),
        (("data", "info", "folder", "--text-key", "n"), "the data set folder folder"),
    ],
)
def test_names_of_arrays_need_a_bank_file(
    world: Path, run: Run, arguments: tuple[str, ...], line: str
) -> None:
    (world / "gatekeeper.toml").unlink()
    (world / "folder").mkdir()
    flag = arguments[-2]
    assert refused(run(*arguments), 2) == (
        f"Error: {flag} names an array of a bank file (*.npz); found {line}"
    )
