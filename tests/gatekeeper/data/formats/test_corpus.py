"""One function for a source of any format: texts to embed, or a bank."""

import json
from pathlib import Path

import numpy as np
import pytest

from gatekeeper.config.bank_keys import BankKeys
from gatekeeper.data.formats.bank import BankFile
from gatekeeper.data.formats.corpus import holds_texts, read_corpus
from gatekeeper.data.formats.texts import Texts
from schemas.errors import DataError, UsageError


def test_texts_and_banks_are_told_apart_before_they_are_read(tmp_path: Path) -> None:
    texts, bank = tmp_path / "t.jsonl", tmp_path / "b.npz"
    texts.write_text(json.dumps({"article": 3, "chunk": 0, "text": "a"}) + "\n")
    np.savez(bank, e=np.ones((2, 4)), article_indices=[1, 1], chunk_indices=[0, 1])
    keys = BankKeys(vectors="e")
    assert [holds_texts(texts), holds_texts(bank, keys=keys)] == [True, False]
    read, made = read_corpus(texts), read_corpus(bank, keys=keys)
    assert isinstance(read, Texts)
    assert (list(read.texts), read.columns, read.whole) == (["a"], {}, False)
    assert isinstance(made, BankFile)
    assert (made.bank.rows, made.columns) == (2, {})


def test_what_is_no_corpus_is_refused_with_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "paper.pdf"
    path.write_bytes(b"%PDF-1.7")
    with pytest.raises(DataError, match=r"paper\.pdf is a PDF document; expected a complete \.npz file"):
        read_corpus(path)


def test_ids_that_are_none_are_a_mistake_of_the_call(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.ones((2, 3)))
    (tmp_path / "ids.json").write_text("[1, 2]")
    with pytest.raises(
        UsageError, match=r"--ids .*ids\.json: expected a list \(\*\.npy, \*\.txt\) or a table"
    ):
        read_corpus(tmp_path / "v.npy", ids=tmp_path / "ids.json")
