from pathlib import Path

import numpy as np
import pytest

from gates.packed_texts import PackedTexts, Packer

TEXTS = ["", "a", "é", "中文 𝄞", "\ud800 alone", "", "z"]


def test_texts_come_back() -> None:
    packed = PackedTexts.of(TEXTS)
    assert list(packed) == TEXTS
    assert packed == TEXTS
    assert packed == tuple(TEXTS)
    assert packed != TEXTS[:-1]
    assert packed != [*TEXTS[:-1], "y"]
    assert packed != 3
    assert packed[1:4] == TEXTS[1:4]
    assert packed[-1] == "z"
    with pytest.raises(IndexError):
        packed[len(TEXTS)]
    with pytest.raises(TypeError):
        hash(packed)


def test_batches_join_and_say_what_they_take() -> None:
    packer = Packer()
    assert [packer.add(TEXTS[:3]), packer.add([]), packer.add(TEXTS[3:])] == [3, 0, 11 + 9 + 1]
    assert list(packer.packed()) == TEXTS
    assert list(Packer().packed()) == []


def test_taken_texts_are_those_of_the_rows() -> None:
    rows = np.array([6, 0, 2, 2])
    assert list(PackedTexts.of(TEXTS).take(rows)) == [TEXTS[row] for row in rows]


@pytest.mark.parametrize("text", ["é", "中", "𝄞"])
@pytest.mark.parametrize("before", [0, 5000])
def test_a_character_cut_in_two_is_noticed(text: str, before: int) -> None:
    data = np.frombuffer(("a" * before + text).encode("utf-8"), dtype=np.uint8)
    whole = np.array([*range(before + 1), len(data)])
    PackedTexts(data, whole[:-1], whole[1:]).check()
    cut = np.array([*range(before + 2), len(data)])
    with pytest.raises(UnicodeDecodeError):
        PackedTexts(data, cut[:-1], cut[1:]).check()


@pytest.mark.parametrize("number", [0x80, 0xC0, 0xFF])
def test_bytes_that_are_no_text_are_noticed(number: int) -> None:
    data = np.array([65, number, 66], dtype=np.uint8)
    with pytest.raises(UnicodeDecodeError):
        PackedTexts(data, np.array([0, 2]), np.array([2, 3])).check()


def test_texts_of_a_mapped_file_leave_memory_behind_whoever_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gates.packed_texts._READ", 100_000)
    (tmp_path / "texts").write_bytes(b"0123456789" * 100_000)
    data = np.memmap(tmp_path / "texts", dtype=np.uint8, mode="r")
    bounds = np.arange(0, 1_000_001, 10)
    texts = PackedTexts(data, bounds[:-1], bounds[1:])
    assert sum(text == "0123456789" for text in texts) == len(texts) == 100_000
    assert texts[99_999] == texts[0] == "0123456789"  # and come back when they are asked for
