"""What was built, and what became of old sequences, literally."""

from dataclasses import replace
from pathlib import Path

from gatekeeper.render.dataset import render_built, render_counts
from schemas.records.dataset import Version
from tests.schemas.reading.test_dataset import RECORD


def test_what_a_data_set_holds_and_how_to_use_it() -> None:
    assert render_built(RECORD, Path("data")).split("\n") == [
        "data: 100 chunks of width 8 in 4 articles (float16, bank aaaaaaaaaaaa), context 5, horizon 2",
        "split    windows    articles    digest",
        "-------  ---------  ----------  ------------",
        "train    60         3           bbbbbbbbbbbb",
        "use it with --bank data",
    ]


def test_what_has_grown_says_from_what() -> None:
    before = Version("c" * 64, RECORD.created, 90, 3, "a.npz", "d" * 64)
    line = render_built(replace(RECORD, parents=(before, before)), Path("data")).split("\n")[1]
    assert line == "version 3, grown by 10 chunks in 1 articles from bank cccccccccccc"


def test_the_name_of_a_folder_does_nothing_to_a_terminal() -> None:
    assert "\x1b" not in render_built(RECORD, Path("a\x1b[31mb"))


def test_what_became_of_sequences_leaves_out_what_did_not_happen() -> None:
    counts = {"train": {"": 40, "across articles": 3, "gap": 0}, "val": {"": 0, "gap": 2}}
    assert [line.split() for line in render_counts(counts).split("\n")[2:]] == [
        ["train", "windows", "40"],
        ["train", "across", "articles", "3"],
        ["val", "gap", "2"],
    ]
