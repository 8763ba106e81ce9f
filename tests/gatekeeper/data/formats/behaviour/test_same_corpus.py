"""The same corpus is the same bank, whatever format it comes in."""

from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt
import pytest
import torch

from gatekeeper.config.bank_keys import BankKeys
from gatekeeper.data.formats.bank import BankFile
from gatekeeper.data.formats.corpus import holds_texts, read_corpus
from gatekeeper.data.formats.texts import Texts
from gates.bank import build_bank
from tests.gatekeeper.data.formats.corpora import TABLES, Rows, corpus

IDS: dict[str, list[int] | list[str]] = {
    "numbers": [7, -3, 40, 12, 5, 2, 9],
    "text": ["iris", "ünï", "a b", "x,y", "2020-01", "z", "q"],
    "hashes": [2**63 + 5, 2**64 - 1, 3, 2**63, 8, 1, 2],
}
CORPORA = {name: corpus(ids) for name, ids in IDS.items()}


def npz(path: Path, rows: Rows) -> BankFile:
    ids = np.array(rows.articles, dtype=np.uint64) if min(rows.articles) == 1 else np.array(rows.articles)
    np.savez(
        path, vectors=rows.vectors, article_indices=ids, chunk_indices=rows.chunks, concept_texts=rows.texts
    )
    found = read_corpus(path)
    assert isinstance(found, BankFile)
    return found


def known(found: Texts | BankFile) -> dict[str, tuple[str | None, ...]]:
    return {name: values for name, values in found.columns.items() if name != "split"}


@pytest.mark.parametrize("kind", IDS)
@pytest.mark.parametrize("name", TABLES)
def test_vectors_give_the_digest_that_the_npz_gives(tmp_path: Path, name: str, kind: str) -> None:
    rows = CORPORA[kind]
    path = TABLES[name](tmp_path / name, rows, True)
    found, expected = read_corpus(path), npz(tmp_path / "bank.npz", rows).bank
    assert isinstance(found, BankFile)
    assert found.bank.sha256 == expected.sha256
    assert list(found.bank.texts or ()) == list(expected.texts or ())
    assert {found.bank.id_of(each): title for each, title in found.bank.titles.items()} == {
        each: f"On {each}" for each in IDS[kind]
    }
    by_article = dict(zip(rows.articles, rows.years, strict=True))
    order = [found.bank.id_of(number) for number in np.unique(found.bank.articles).tolist()]
    assert known(found) == {"year": tuple(str(by_article[each]) for each in order)}


@pytest.mark.parametrize("kind", IDS)
@pytest.mark.parametrize("name", TABLES)
def test_texts_are_the_same_whether_vectors_lie_beside_them_or_not(
    tmp_path: Path, name: str, kind: str
) -> None:
    rows = CORPORA[kind]
    (tmp_path / "with").mkdir()
    paths = TABLES[name](tmp_path / name, rows, False), TABLES[name](tmp_path / "with" / name, rows, True)
    expected = build_bank(rows.vectors, list(rows.articles), np.array(rows.chunks), source="rows")
    keys = BankKeys(vectors="none")
    assert (holds_texts(paths[0]), holds_texts(paths[1]), holds_texts(paths[1], keys=keys)) == (
        True,
        False,
        True,
    )
    for path in paths:
        found = read_corpus(path, keys=keys)
        assert isinstance(found, Texts)
        assert (list(found.texts), found.whole) == (list(rows.texts), False)
        made = build_bank(rows.vectors, found.articles, found.chunks, source="embedded", titles=found.titles)
        assert made.sha256 == expected.sha256
        assert len(made.titles) == len(IDS[kind])


ID_FILES = {
    "ids.jsonl": lambda path, rows: TABLES["c.jsonl"](path, rows, False),
    "ids.csv": lambda path, rows: TABLES["c.csv"](path, rows, False),
    "ids.parquet": lambda path, rows: TABLES["c.parquet"](path, rows, False),
}


@pytest.mark.parametrize("kind", IDS)
@pytest.mark.parametrize("ids", ID_FILES)
@pytest.mark.parametrize("name", ["v.npy", "v.pt", "v.faiss", "v.npz"])
def test_arrays_and_their_ids_give_it_too(tmp_path: Path, name: str, ids: str, kind: str) -> None:
    rows = CORPORA[kind]
    path = tmp_path / name
    _ARRAYS[name](path, rows.vectors)
    named = ID_FILES[ids](tmp_path / ids, rows)
    found, expected = read_corpus(path, ids=named), npz(tmp_path / "bank.npz", rows).bank
    assert isinstance(found, BankFile)
    assert found.bank.sha256 == expected.sha256
    assert list(found.bank.texts or ()) == list(expected.texts or ())
    assert list(found.columns) == ["year"]


@pytest.mark.parametrize("kind", IDS)
@pytest.mark.parametrize("ids", ["ids.npy", "ids.txt"])
def test_a_list_of_ids_counts_in_file_order(tmp_path: Path, ids: str, kind: str) -> None:
    rows = CORPORA[kind]
    order = np.lexsort((rows.chunks, [IDS[kind].index(each) for each in rows.articles]))  # type: ignore[arg-type]
    np.save(tmp_path / "v.npy", rows.vectors[order])
    names = [rows.articles[place] for place in order]
    if ids == "ids.npy":
        np.save(tmp_path / ids, np.array(names, dtype=np.uint64 if kind == "hashes" else None))
    else:
        (tmp_path / ids).write_text("".join(f"{each}\n" for each in names), encoding="utf-8")
    found, expected = (
        read_corpus(tmp_path / "v.npy", ids=tmp_path / ids),
        npz(tmp_path / "bank.npz", rows).bank,
    )
    assert isinstance(found, BankFile)
    assert found.bank.sha256 == expected.sha256


def _index(path: Path, rows: npt.NDArray[np.float32]) -> None:
    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)
    faiss.write_index(index, str(path))


_ARRAYS: dict[str, Callable[[Path, npt.NDArray[np.float32]], object]] = {
    "v.npy": np.save,
    "v.pt": lambda path, rows: torch.save(torch.from_numpy(rows), path),
    "v.faiss": _index,
    "v.npz": lambda path, rows: np.savez(path, vectors=rows),
}
