"""Bytes are the same whether they fit into memory or not."""

import tempfile
from pathlib import Path

import numpy as np
import pytest

from gatekeeper.data.formats.spilled import Spilled
from gates.packed_texts import Packer
from schemas.errors import OutputError


@pytest.mark.parametrize("bound", [0, 1, 7, 1000])
def test_what_is_spilled_comes_back(bound: int) -> None:
    store = Spilled(bound)
    parts = [bytes([number]) * number for number in range(20)]
    for part in parts:
        store.add(part)
    assert store.array().tobytes() == b"".join(parts)
    assert isinstance(store.array(), np.memmap) is (bound < 190)


def test_nothing_is_nothing() -> None:
    assert Spilled(0).array().tobytes() == b""


def test_texts_may_lie_in_a_file() -> None:
    packer = Packer(Spilled(3))
    assert packer.add(["a", "", "büro"]) == 6
    assert list(packer.packed()) == ["a", "", "büro"]


def test_no_file_is_left_behind_and_none_is_named_where_there_is_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    store = Spilled(1)
    store.add(b"abc")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(OutputError, match=r"missing has no room for a large corpus .*; TMPDIR names another"):
        Spilled(1).add(b"abc")
