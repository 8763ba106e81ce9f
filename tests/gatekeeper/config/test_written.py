"""A configuration that was written reads back as the values it was made of, whatever they hold."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.config.articles import ArticleList, list_articles, parse_articles
from gatekeeper.config.bundled import Bundled
from gatekeeper.config.file import load_config
from gatekeeper.config.written import config_text, write_config
from schemas.errors import OutputError, UsageError

FOLDER = Path("/somewhere/data")

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
NUMBERS = st.one_of(st.integers(-(10**30), 10**30), st.floats(allow_nan=False))
SETTING = st.one_of(TEXT, st.booleans(), NUMBERS, st.lists(st.one_of(TEXT, NUMBERS), max_size=4))


@settings(max_examples=50)
@given(
    chosen=st.dictionaries(TEXT, SETTING, max_size=5),
    recipe=TEXT,
    comments=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=3),
)
def test_settings_of_a_recipe_come_back(chosen: dict[str, Any], recipe: str, comments: list[str]) -> None:
    text = config_text(FOLDER, {"context": 3}, {"seed": 4}, {recipe: chosen}, comments=comments)
    found = tomllib.loads(text)
    assert (found["data"], found["eval"]) == ({"context": 3}, {"seed": 4})
    assert found.get("train", {recipe: {}}) == {recipe: chosen}
    kinds = [type(each) for each in found.get("train", {recipe: {}})[recipe].values()]
    assert kinds == [type(each) for each in chosen.values()]


@settings(max_examples=50)
@given(ids=st.lists(TEXT, min_size=1, max_size=6, unique=True))
def test_articles_come_back_whatever_they_are_called(ids: list[str]) -> None:
    (found,) = tomllib.loads(config_text(FOLDER, {"ood": ids}))["data"].values()
    assert found == ids
    assert list_articles(found) == list_articles(ids)


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("bank.npz", "bank.npz"),
        ("a b/bank.npz", "a b/bank.npz"),
        ("~/bank.npz", None),
        ("bundled:books", "./bundled:books"),
        ('say "no" \\ \t.npz', 'say "no" \\ \t.npz'),
        ("../bank.npz", None),
        ("/elsewhere/bank.npz", "/elsewhere/bank.npz"),
    ],
)
def test_a_path_leads_to_the_same_place(tmp_path: Path, path: str, named: str | None) -> None:
    file = write_config(tmp_path, {"bank": tmp_path / path})
    if named is not None:
        assert tomllib.loads(file.read_text())["data"]["bank"] == named
    found = load_config(file).data.bank
    assert isinstance(found, Path)
    assert found.resolve() == (tmp_path / path).resolve()


def test_all_sections_are_written_and_nothing_that_nobody_names(tmp_path: Path) -> None:
    file = write_config(
        tmp_path,
        {"bank": "bundled:books", "train": "0-9,12", "val": None, "ood": ["x,y", "2020-01"], "horizon": 2},
        {"policy": "skill", "bin_edges": (0.25, 0.75), "max_samples": None},
        {"nce": {"epochs": 3, "lr": 1e-05, "compile": False, "odd key": "x"}},
        comments=["Made by a test", "and a\nsecond"],
    )
    assert file.read_text() == (
        "# Made by a test\n# and a second\n"
        '[data]\nbank = "bundled:books"\ntrain = "0-9,12"\nood = ["x,y", "2020-01"]\nhorizon = 2\n'
        '[eval]\npolicy = "skill"\nbin_edges = [0.25, 0.75]\n'
        '[train.nce]\nepochs = 3\nlr = 1e-05\ncompile = false\n"odd key" = "x"\n'
    )
    found = load_config(file)
    assert (found.data.bank, found.data.train) == (Bundled("books"), parse_articles("0-9,12"))
    assert (found.data.val, found.data.ood) == (None, ArticleList(names=("x,y", "2020-01")))
    assert (found.eval.policy, found.eval.bin_edges, found.eval.max_samples) == ("skill", (0.25, 0.75), None)
    assert found.train == {"nce": {"epochs": 3, "lr": 1e-05, "compile": False, "odd key": "x"}}


def test_what_somebody_wrote_stays_unless_it_says_the_same(tmp_path: Path) -> None:
    file = write_config(tmp_path, {"horizon": 1})
    assert write_config(tmp_path, {"horizon": 1}) == file
    with pytest.raises(UsageError, match="exists and says something else; move it away"):
        write_config(tmp_path, {"horizon": 2})
    assert load_config(file).data.horizon == 1
    assert load_config(write_config(tmp_path, {"horizon": 2}, overwrite=True)).data.horizon == 2
    with pytest.raises(OutputError):
        write_config(tmp_path / "none", {"horizon": 2})


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"horizon": 0}, r"\[data\] horizon: expected a whole number of at least 1, found 0"),
        ({"bnak": "x"}, "did you mean 'bank'"),
        ({"bank": "s3://b/x.npz"}, "download it first: aws s3 cp"),
        ({"bank": "\ud800.npz"}, "half of a character"),
        ({"ood": ["x" * 1000] * 2000}, "expected at most 1048576 bytes of TOML"),
        ({"bank": object()}, "a configuration holds texts, numbers, paths and lists of them; found <object"),
    ],
)
def test_what_could_not_be_read_is_not_written(tmp_path: Path, data: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        write_config(tmp_path, data)
    assert list(tmp_path.iterdir()) == []
