"""Without pyarrow, what needs it says what to install."""

import sys
from pathlib import Path

import pytest

from gatekeeper.data.formats.arrow_library import arrow
from gatekeeper.data.formats.corpus import read_corpus
from schemas.errors import UsageError


def test_a_part_is_loaded_when_it_is_asked_for() -> None:
    pytest.importorskip("pyarrow")
    assert arrow("parquet").__name__ == "pyarrow.parquet"


@pytest.mark.parametrize("name", ["t.jsonl.zst", "t.parquet", "t.csv.zst"])
def test_without_it_one_sentence_says_what_to_install(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(UsageError) as refusal:
        read_corpus(path)
    assert str(refusal.value) == "pyarrow is not installed; pip install 'gatekeeper-5cat[parquet]'"
