"""Vectors that were made before: found again, never trusted, never in the way."""

import os
from pathlib import Path

import numpy as np
import pytest

from gatekeeper.data.building.embedding_cache import EmbeddingCache, cache_folder, text_key
from gates.contracts import FloatArray

DIGEST = "0123456789abcdef" * 4
KEYS = [text_key(text) for text in "abcdefgh"]
VECTORS = np.arange(24, dtype=np.float32).reshape(8, 3)


def filled(folder: Path, rows: slice = slice(None), digest: str = DIGEST) -> EmbeddingCache:
    cache = EmbeddingCache(folder, digest)
    for start in range(*rows.indices(len(KEYS)))[::3]:
        part = slice(start, min(start + 3, rows.indices(len(KEYS))[1]))
        cache.add(KEYS[part], VECTORS[part])
    cache.close()
    return cache


def found(folder: Path, digest: str = DIGEST) -> dict[int, list[float]]:
    wanted = {key: place for place, key in enumerate(KEYS)}
    return {place: row.tolist() for place, row in EmbeddingCache(folder, digest).find(wanted)}


def whole(*places: int) -> dict[int, list[float]]:
    return {place: VECTORS[place].tolist() for place in places}


def one_file(folder: Path) -> Path:
    (path,) = folder.rglob("*.gke")
    return path


def test_what_was_kept_is_found_by_another_process(tmp_path: Path) -> None:
    assert not list(tmp_path.iterdir())
    cache = filled(tmp_path)
    assert found(tmp_path) == whole(*range(8))
    assert cache.size == one_file(tmp_path).stat().st_size
    assert one_file(tmp_path).stat().st_mode & 0o77 == 0


def test_two_processes_write_files_of_their_own(tmp_path: Path) -> None:
    first, second = filled(tmp_path, slice(0, 5)), filled(tmp_path, slice(3, 8))
    assert first.folder == second.folder
    assert len(list(tmp_path.rglob("*.gke"))) == 2
    assert found(tmp_path) == whole(*range(8))


def test_another_encoder_has_entries_of_its_own(tmp_path: Path) -> None:
    filled(tmp_path)
    assert found(tmp_path, "f" * 64) == {}
    # Even in the same folder: the digest of an entry covers that of the encoder.
    assert found(tmp_path, DIGEST[:32] + "f" * 32) == {}


@pytest.mark.parametrize("kept", [0, 5, 12, 100, 154, 180, 250])
def test_a_torn_file_is_read_as_far_as_it_is_whole(tmp_path: Path, kept: int) -> None:
    filled(tmp_path)
    path = one_file(tmp_path)
    block = 12 + 3 * 48 + 3 * 12
    assert path.stat().st_size == 2 * block + 12 + 2 * 60
    os.truncate(path, kept)
    assert found(tmp_path) == whole(*range(kept // block * 3))


@pytest.mark.parametrize(
    ("place", "lost"),
    [
        (0, range(8)),  # the magic
        (5, range(8)),  # how many rows
        (9, range(8)),  # how wide
        (12, range(1)),  # a key
        (12 + 32, range(1)),  # a digest
        (12 + 3 * 48 + 12, range(1, 2)),  # a vector
        (12 + 3 * 48 + 3 * 12 + 12 + 3 * 48 + 35, range(5, 6)),
    ],
)
def test_what_was_changed_is_not_found(tmp_path: Path, place: int, lost: range) -> None:
    filled(tmp_path)
    path = one_file(tmp_path)
    content = bytearray(path.read_bytes())
    content[place] ^= 0x41
    path.write_bytes(content)
    assert found(tmp_path) == whole(*(set(range(8)) - set(lost)))


def test_foreign_files_folders_pipes_and_links_are_passed_over(tmp_path: Path) -> None:
    folder = filled(tmp_path).folder
    (folder / "a.gke").write_bytes(os.urandom(500))
    (folder / "b.gke").mkdir()
    os.mkfifo(folder / "c.gke")
    (folder / "d.gke").symlink_to("/dev/zero")
    (folder / "notes.txt").write_text("mine")
    assert found(tmp_path) == whole(*range(8))


def test_a_folder_that_cannot_be_written_is_told_once_and_not_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "embeddings").write_text("a file")
    cache = filled(tmp_path)
    assert cache.trouble is not None
    assert cache.trouble.startswith(str(cache.folder))
    assert found(tmp_path) == {}


def test_every_call_is_on_disk_when_it_returns(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, DIGEST)
    for row in range(3):
        vector: FloatArray = VECTORS[row : row + 1]
        cache.add(KEYS[row : row + 1], vector)
        assert found(tmp_path) == whole(*range(row + 1))
    cache.close()


def test_where_the_cache_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("GATEKEEPER_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / ".cache" / "gatekeeper"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_folder() == tmp_path / "x" / "gatekeeper"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == tmp_path / ".cache" / "gatekeeper"
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache_folder() == tmp_path / "Library" / "Caches" / "gatekeeper"
    monkeypatch.setenv("GATEKEEPER_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.setenv("GATEKEEPER_CACHE", "none")
    assert cache_folder() is None
