"""Saved states: whole, numbered, the last two kept, and what is damaged told from what is whole."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from schemas.errors import ModelError, OutputError, TrainingError
from tests.trainers.states import SIZE, contents, latest, manifest, names, number_of, saved, state
from trainers.checkpoints.saved_states import Entry, Store


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of flushes would only cost time; the power that fails here is a pretence."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


# What is kept


def test_there_is_nothing_before_the_first_state(tmp_path: Path) -> None:
    assert Store(tmp_path).entries() == []
    assert latest(tmp_path) == (None, [])
    assert list(tmp_path.iterdir()) == []


def test_the_newest_state_comes_back_whole(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        Store(tmp_path).save(state(number), epoch=number, step=0)
        assert latest(tmp_path) == (number, [])


def test_the_manifest_says_what_is_there(tmp_path: Path) -> None:
    store = saved(tmp_path, 3)
    expected = []
    for number, name in ((2, "state000002.pt"), (3, "state000003.pt")):
        data = (tmp_path / "checkpoints" / name).read_bytes()
        expected.append(
            {
                "number": number,
                "file": name,
                "bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "epoch": number,
                "step": 10 * number,
            }
        )
    assert manifest(tmp_path) == expected
    assert [asdict(entry) for entry in store.entries()] == expected
    assert store.entries()[0] == Entry(**expected[0])  # type: ignore[arg-type]


def test_a_state_is_a_torch_archive(tmp_path: Path) -> None:
    saved(tmp_path, 1)
    found = torch.load(tmp_path / "checkpoints" / "state000001.pt", weights_only=True)
    assert number_of(found) == 1


@pytest.mark.parametrize(("count", "kept"), [(1, [1]), (2, [1, 2]), (3, [2, 3]), (5, [4, 5])])
def test_the_last_two_are_kept(tmp_path: Path, count: int, kept: list[int]) -> None:
    saved(tmp_path, count)
    assert names(tmp_path) == ["manifest.json", *(f"state{number:06d}.pt" for number in kept)]


def test_what_a_killed_process_left_behind_is_removed(tmp_path: Path) -> None:
    store = saved(tmp_path, 1)
    folder = tmp_path / "checkpoints"
    (folder / ".gatekeeper-0011223344556677.tmp").write_bytes(b"half a st")
    (folder / "state000002.pt").write_bytes(b"never named")
    (folder / "state000007.pt").write_bytes(b"never named")
    store.save(state(2), epoch=2, step=20)
    assert names(tmp_path) == ["manifest.json", "state000001.pt", "state000002.pt"]
    assert latest(tmp_path) == (2, [])


def test_a_state_never_takes_the_name_of_one_in_the_manifest(tmp_path: Path) -> None:
    store = saved(tmp_path, 2)
    (tmp_path / "checkpoints" / "state000002.pt").unlink()
    store.save(state(3), epoch=3, step=30)
    assert [entry.number for entry in store.entries()] == [1, 3]


@pytest.mark.parametrize("count", [0, 2])
def test_a_state_that_could_not_be_loaded_is_not_written(tmp_path: Path, count: int) -> None:
    store = saved(tmp_path, count)
    before = contents(tmp_path)
    with pytest.raises(ModelError, match=r"^the state holds pathlib[\w.]*\.PosixPath, which could run code"):
        store.save({**state(3), "path": Path("weights.pt")}, epoch=3, step=30)
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoints"] * (count > 0)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot make .*nowhere.checkpoints: No such file or directory"):
        Store(tmp_path / "nowhere").save(state(1), epoch=1, step=1)
    (tmp_path / "checkpoints").write_bytes(b"")
    with pytest.raises(OutputError, match=r"cannot make .*checkpoints: File exists"):
        Store(tmp_path).save(state(1), epoch=1, step=1)


# What is damaged


def torn(path: Path) -> None:
    """Only the first half is of this state, the rest was never written."""
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def flipped(path: Path) -> None:
    """One bit in the middle of the weights, where no archive structure is hurt."""
    data = bytearray(path.read_bytes())
    # 10 * 150 + number as little-endian float32 is how the middle weight is stored.
    number = int(path.stem.removeprefix("state"))
    needle = torch.tensor([10.0 * (SIZE // 2) + number]).numpy().tobytes()
    data[data.index(needle)] ^= 1
    path.write_bytes(data)


def missing(path: Path) -> None:
    path.unlink()


def replaced(path: Path) -> None:
    """A whole state, but another one."""
    shutil.copyfile(path.with_name("state000001.pt"), path)


def folder(path: Path) -> None:
    """Something else has the name."""
    path.unlink()
    path.mkdir()


Damage = Callable[[Path], None]
DAMAGES: list[Damage] = [torn, truncated, emptied, longer, flipped, missing, folder]
damages = pytest.mark.parametrize("damage", DAMAGES)


@pytest.mark.parametrize("damage", [*DAMAGES, replaced])
def test_a_damaged_state_is_passed_over(tmp_path: Path, damage: Damage) -> None:
    saved(tmp_path, 2)
    path = tmp_path / "checkpoints" / "state000002.pt"
    damage(path)
    assert latest(tmp_path) == (1, [f"{path} is missing or damaged"])


@damages
def test_a_damaged_older_state_is_not_looked_at(tmp_path: Path, damage: Damage) -> None:
    saved(tmp_path, 2)
    damage(tmp_path / "checkpoints" / "state000001.pt")
    assert latest(tmp_path) == (2, [])


@damages
def test_a_damaged_state_is_not_one_of_the_two(tmp_path: Path, damage: Damage) -> None:
    saved(tmp_path, 2)
    damage(tmp_path / "checkpoints" / "state000002.pt")
    store = Store(tmp_path)
    assert number_of(store.latest([])) == 1
    store.save(state(3), epoch=3, step=30)
    assert [entry.number for entry in store.entries()] == [1, 3]
    assert latest(tmp_path) == (3, [])
    path = tmp_path / "checkpoints" / "state000003.pt"
    torn(path)
    assert latest(tmp_path) == (1, [f"{path} is missing or damaged"])


@damages
def test_nothing_whole_is_an_error(tmp_path: Path, damage: Damage) -> None:
    saved(tmp_path, 3)
    for name in ("state000002.pt", "state000003.pt"):
        damage(tmp_path / "checkpoints" / name)
    with pytest.raises(
        TrainingError,
        match=r"no state in .*checkpoints is whole: state000002\.pt, state000003\.pt; start a new run",
    ) as caught:
        Store(tmp_path).latest([])
    assert "\n" not in str(caught.value)


def test_a_digest_that_fits_does_not_make_an_archive(tmp_path: Path) -> None:
    saved(tmp_path, 2)
    data, records = b"no archive at all", manifest(tmp_path)
    (tmp_path / "checkpoints" / "state000002.pt").write_bytes(data)
    records[1] |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (tmp_path / "checkpoints" / "manifest.json").write_text(json.dumps(records))
    number, notes = latest(tmp_path)
    assert (number, len(notes)) == (1, 1)


def test_training_goes_on_after_a_damage(tmp_path: Path) -> None:
    store = saved(tmp_path, 2)
    torn(tmp_path / "checkpoints" / "state000002.pt")
    for number in (3, 4):
        store.save(state(number), epoch=number, step=10 * number)
        assert latest(tmp_path) == (number, [])
    assert names(tmp_path) == ["manifest.json", "state000003.pt", "state000004.pt"]


RECORD = {"number": 1, "file": "f", "bytes": 1, "sha256": "0", "epoch": 1, "step": 1}


def records(**more: object) -> bytes:
    """A manifest of one record, of the right shape unless ``more`` makes it another."""
    return json.dumps([{**RECORD, **more}]).encode()


def test_a_manifest_needs_nothing_but_its_shape(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "manifest.json").write_bytes(records())
    assert Store(tmp_path).entries() == [Entry(number=1, file="f", bytes=1, sha256="0", epoch=1, step=1)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'""',
        b"{}",
        pytest.param(b"[" * 100_000, id="deep"),
        b"[",
        b"7",
        b"null",
        b"[7]",
        b'["state000001.pt"]',
        b"[{}]",
        b'[{"number": 1}]',
        b'{"number": 1}',
        records(more=1),
        records(number="2"),
        records(number=True),
        records(bytes=1.0),
        records(file=None),
        records()[:-1],
        b"\xff\xfe",
    ],
)
def test_a_broken_manifest_is_an_error(tmp_path: Path, content: bytes) -> None:
    store = saved(tmp_path, 2)
    (tmp_path / "checkpoints" / "manifest.json").write_bytes(content)
    for ask in (store.entries, lambda: store.latest([])):
        with pytest.raises(TrainingError, match=r"manifest\.json is no manifest of states: ") as caught:
            ask()
        assert "\n" not in str(caught.value)
    # The states themselves are still there for somebody who looks.
    assert names(tmp_path) == ["manifest.json", "state000001.pt", "state000002.pt"]


def test_a_folder_is_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "checkpoints" / "manifest.json").mkdir(parents=True)
    with pytest.raises(TrainingError, match="is no manifest of states"):
        Store(tmp_path).latest([])
