"""The same corpus is the same bank, whatever format it comes in."""

from pathlib import Path

import numpy as np
import pytest

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
