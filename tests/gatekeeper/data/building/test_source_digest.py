"""The digest of a source against its definition, and what has none."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from gatekeeper.data.building.source_digest import source_digest
from schemas.errors import DataError


def test_a_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    data = np.random.default_rng(0).bytes(100_000)
    (tmp_path / "bank.npz").write_bytes(data)
    assert source_digest(tmp_path / "bank.npz") == hashlib.sha256(data).hexdigest()
    (tmp_path / "empty").touch()
    assert source_digest(tmp_path / "empty") == hashlib.sha256(b"").hexdigest()


def test_the_digest_of_a_folder_is_that_of_its_names_and_files(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two").write_bytes(b"2")
    (tmp_path / "one").write_bytes(b"1")
    lines = [
        f"{hashlib.sha256(data).hexdigest()}  {name}\n" for data, name in ((b"2", "b/two"), (b"1", "one"))
    ]
    expected = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert source_digest(tmp_path) == expected
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "index").write_bytes(b"3")
    assert source_digest(tmp_path) == expected
    (tmp_path / "one").rename(tmp_path / "three")
    assert source_digest(tmp_path) != expected


def test_what_cannot_be_read_has_no_digest_and_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, reason in (
        ("nothing", "No such file or directory"),
        ("pipe", "it is no regular file"),
    ):
        with pytest.raises(DataError) as refused:
            source_digest(tmp_path / name)
        assert str(refused.value) == f"cannot read {tmp_path / name}: {reason}"
