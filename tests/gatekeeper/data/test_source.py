from pathlib import Path

import numpy as np
import pytest

from gatekeeper.config.articles import parse_articles
from gatekeeper.config.bundled import Bundled
from gatekeeper.config.record import Config
from gatekeeper.config.sections import DataConfig
from gatekeeper.config.window import SILENT, WindowClaim
from gatekeeper.data.formats.bank import write_bank
from gatekeeper.data.source import DataSource, open_source
from gates.contracts import Bank, IntArray, Window
from gates.windows import window_rows
from schemas.errors import DataError, UsageError

Speeches = tuple[Bank, dict[str, IntArray]]


@pytest.fixture
def bank_path(tmp_path: Path, small_bank: Bank) -> Path:
    write_bank(tmp_path / "bank.npz", small_bank)
    return tmp_path / "bank.npz"


def save_sequences(path: Path, bank: Bank, rows: IntArray, *, horizon: int, context: int = 3) -> Path:
    np.savez(
        path,
        contexts=np.stack([bank.vectors[rows - context + 1 + place] for place in range(context)], axis=1),
        targets=bank.vectors[rows + horizon],
        article_ids=bank.articles[rows + horizon],
        target_indices=bank.chunks[rows + horizon],
        p6_offset=horizon - 1,
    )
    return path


def open_data(**data: object) -> DataSource:
    return open_source(Config(data=DataConfig(**data)))  # type: ignore[arg-type]  # what a test passes


def test_nothing_configured_is_the_bundled_speeches(speeches: Speeches) -> None:
    source = open_source(Config())
    assert source.bank.source == "speeches"
    assert tuple(source.splits) == ("train", "val", "ood")
    assert (source.window, source.notes) == (SILENT, ())
    dataset = source.dataset(Window(5, 1))
    for name, articles in speeches[1].items():
        expected = window_rows(source.bank, articles, Window(5, 1))
        assert dataset.splits[name].last_rows.tolist() == expected.tolist()


def test_a_named_split_replaces_the_bundled_one() -> None:
    source = open_data(val=parse_articles("2,5"))
    assert source.articles("val").tolist() == [2, 5]
    assert len(source.articles("train")) == 44


def test_a_bundled_set_is_read_by_its_name() -> None:
    source = open_data(bank=Bundled("speeches"))
    assert (source.bank.source, source.spare) == ("speeches", {})


@pytest.mark.parametrize("name", ["strangers", '"strangers"'])
def test_a_split_may_be_called_by_the_name_it_came_with(name: str) -> None:
    source = open_data(bank=Bundled("books"), ood=parse_articles(name))
    assert tuple(source.splits) == ("train", "val", "ood")
    assert source.articles("ood").tolist() == source.spare["strangers"].tolist() == list(range(317, 357))
    source.dataset(Window(5, 1))


def test_the_same_articles_under_two_names_are_shared() -> None:
    with pytest.raises(DataError, match="splits 'val' and 'ood' share 21 article"):
        open_data(ood=parse_articles("val")).dataset(Window(5, 1))


def test_a_mistyped_name_of_a_split_is_told_the_nearest() -> None:
    with pytest.raises(DataError) as caught:
        open_data(bank=Bundled("books"), ood=parse_articles("strangrs"))
    assert str(caught.value) == (
        "split 'ood': books has no articles called 'strangrs'; did you mean 'strangers'?"
    )


def test_names_of_splits_are_those_of_bundled_data_only(bank_path: Path) -> None:
    with pytest.raises(DataError, match=r"names 1 article\(s\) that .* lacks, first strangers"):
        open_data(bank=bank_path, val=parse_articles("3"), ood=parse_articles("strangers"))


def test_own_bank_has_only_the_splits_named(bank_path: Path) -> None:
    source = open_data(bank=bank_path, val=parse_articles("3"), ood=parse_articles("9"))
    assert tuple(source.splits) == ("val", "ood")
    dataset = source.dataset(Window(4, 2))
    assert set(dataset.bank.articles[dataset.splits["ood"].last_rows]) == {9}
    assert (dataset.window.context, dataset.window.horizon) == (4, 2)


def test_sequence_files_fix_context_and_horizon(tmp_path: Path, bank_path: Path, small_bank: Bank) -> None:
    rows = window_rows(small_bank, np.array([9]), Window(3, 2))[::2]
    file = save_sequences(tmp_path / "ood.npz", small_bank, rows, horizon=2)
    source = open_data(bank=bank_path, val=parse_articles("3,5"), ood=file)
    assert source.window == WindowClaim("sequence file", 3, 2)
    assert source.articles("ood").tolist() == [9]
    dataset = source.dataset(Window(3, 2))
    assert dataset.splits["ood"].last_rows.tolist() == rows.tolist()
    for context, horizon, what in (
        (5, 2, "context 3; found context 5"),
        (3, 1, "horizon 2; found horizon 1"),
    ):
        with pytest.raises(UsageError, match=f"hold windows of {what}"):
            source.dataset(Window(context, horizon))


@pytest.mark.parametrize(("context", "horizon", "what"), [(3, 1, "horizon"), (4, 2, "context")])
def test_sequence_files_must_agree(
    tmp_path: Path, bank_path: Path, small_bank: Bank, context: int, horizon: int, what: str
) -> None:
    files = {}
    for name, article, shape in (("val", 3, (3, 2)), ("ood", 5, (context, horizon))):
        rows = window_rows(small_bank, np.array([article]), Window(shape[0], shape[1]))
        files[name] = save_sequences(
            tmp_path / f"{name}.npz", small_bank, rows, context=shape[0], horizon=shape[1]
        )
    with pytest.raises(DataError, match=f"has {what} .* has {what} .* they must agree"):
        open_data(bank=bank_path, **files)


def test_articles_the_bank_lacks(bank_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        open_data(bank=bank_path, val=parse_articles("3,4,6,7,8,10,11"))
    message = str(caught.value)
    assert "split 'val' names 6 article(s)" in message
    assert "first 4, 6, 7, 8, 10; its articles are 3 to 9" in message


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04" + bytes(22) + b"\x0c\x00\x00\x00model/data/0", "a torch archive (.pt)"),
        (b"PK\x03\x04" + bytes(22) + b"\x05\x00\x00\x00a.npy", "a NumPy archive (.npz), such as a bank"),
        (b"PAR1", "a Parquet table"),
        (b"", "an empty file"),
        (None, "a folder"),
    ],
)
@pytest.mark.parametrize("configured", [False, True])
def test_a_split_that_is_the_name_of_a_file_is_told_as_one(
    bank_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes | None,
    kind: str,
    configured: bool,
) -> None:
    # A relative name starts at the working directory, or at the folder of the configuration file.
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere" if configured else tmp_path)
    file = tmp_path / "best.bin"
    file.mkdir() if content is None else file.write_bytes(content)
    data = DataConfig(bank=bank_path, val=parse_articles("3,best.bin"))
    with pytest.raises(DataError) as caught:
        open_source(Config(data=data, file=tmp_path / "gatekeeper.toml" if configured else None))
    shown = file if configured else file.name
    assert str(caught.value) == (
        f"split 'val': {shown} is {kind}, and {bank_path} has no article of that name; its articles are 3 to "
        "9, and a file of sequences ends in .npz"
    )


def test_an_article_may_have_the_name_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "iris.txt").touch()
    names = ["iris.txt"] * 3 + ["rose.txt"] * 3
    np.savez("bank.npz", vectors=np.eye(6), article_indices=names, chunk_indices=[0, 1, 2] * 2)
    source = open_data(bank=Path("bank.npz"), val=parse_articles("iris.txt"))
    assert [source.bank.id_of(each) for each in source.articles("val")] == ["iris.txt"]


def test_shared_articles(tmp_path: Path, bank_path: Path, small_bank: Bank) -> None:
    with pytest.raises(DataError, match="splits 'train' and 'ood' share 1 article") as caught:
        open_data(bank=bank_path, train=parse_articles("3,5"), ood=parse_articles("5,9")).dataset(
            Window(5, 1)
        )
    assert "first article 5" in str(caught.value)

    rows = window_rows(small_bank, np.array([5, 9]), Window(3, 1))
    file = save_sequences(tmp_path / "val.npz", small_bank, rows, horizon=1)
    with pytest.raises(DataError, match="splits 'val' and 'ood' share 1 article"):
        open_data(bank=bank_path, val=file, ood=parse_articles("9")).dataset(Window(3, 1))


def test_an_article_too_short_for_a_window_is_shared_as_well(bank_path: Path) -> None:
    # Article 5 has 10 chunks: no window of 10 + 1, and yet it may not be in two splits.
    source = open_data(bank=bank_path, val=parse_articles("3,5"), ood=parse_articles("5,9"))
    with pytest.raises(DataError, match="first article 5"):
        source.dataset(Window(10, 1))


def test_a_split_without_windows(bank_path: Path) -> None:
    with pytest.raises(DataError, match=r"split 'ood' of .* has no window of 9 chunks"):
        open_data(bank=bank_path, val=parse_articles("3"), ood=parse_articles("9")).dataset(Window(9, 1))


def test_missing_files(tmp_path: Path, bank_path: Path) -> None:
    for data in ({"bank": tmp_path / "no.npz"}, {"bank": bank_path, "val": tmp_path / "no.npz"}):
        with pytest.raises(DataError, match=r"no\.npz: expected an \.npz file, found nothing"):
            open_data(**data)
