"""Data sets that grow: built at once or in parts, they are the same to the bit."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatekeeper.data.building import append
from gatekeeper.data.building.append import grow, refuse_kind, refuse_known, refuse_other_encoder
from gatekeeper.data.building.dataset import Contents, write_dataset
from gatekeeper.data.formats.dataset import Dtype, open_dataset
from gates.bank import build_bank
from gates.contracts import Bank, IntArray, Window
from schemas.errors import DataError
from schemas.records.dataset import DatasetRecord, EmbeddedBy, Origin

WIDTH, CHUNKS, WINDOW = 3, 7, Window(2, 1)
ORIGIN = Origin("a.npz", "a" * 64, None, None, None)
MADE_BY = EmbeddedBy("hub", "who/e", "0123abc", "d" * 64, "float32", "mean", True, 256)

IDS: dict[str, Sequence[Any]] = {
    "numbers": [5, -3, 12, 7, 0, 9],
    "texts": ["pear", "fig", "apple", "ünï", "kiwi", "a b"],
    "hashes": [2**63 + 5, 2**64 - 1, 7, 2**63, 2**62, 1],
    "hashes later": [5, 6, 7, 2**63, 2**64 - 1, 2**63 + 9],
}


def bank_of(ids: Sequence[Any], *, texts: bool = True, width: int = WIDTH) -> Bank:
    """A few chunks for each article, which depend on its id alone; the second one has a gap."""
    seeds = [
        abs(hash(str(each))) % 2**32 if not isinstance(each, str) else sum(each.encode()) for each in ids
    ]
    vectors = np.concatenate([np.random.default_rng(seed).standard_normal((CHUNKS, width)) for seed in seeds])
    names = [each for each in ids for _ in range(CHUNKS)]
    chunks = np.tile(np.array([0, 1, 2, 3, 5, 6, 7]), len(ids))
    written = [f"{each} says {chunk}" for each, chunk in zip(names, chunks, strict=True)] if texts else None
    titles = {each: f"title of {each}" for each, seed in zip(ids, seeds, strict=True) if seed % 2}
    articles: Any = names if any(isinstance(each, str) for each in ids) else np.array(names, dtype=object)
    return build_bank(vectors, articles, chunks, source="a.npz", texts=written, titles=titles)


def numbers(bank: Bank, ids: Sequence[Any]) -> IntArray:
    """Of some articles, sorted."""
    wanted = {str(each) for each in ids}
    present = np.unique(bank.articles)
    return np.array([each for each in present.tolist() if str(bank.id_of(each)) in wanted], dtype=np.int64)


def write(folder: Path, bank: Bank, splits: dict[str, Sequence[Any]], dtype: Dtype) -> DatasetRecord:
    contents = Contents(bank, {name: numbers(bank, ids) for name, ids in splits.items()}, WINDOW)
    return write_dataset(folder, contents, dtype=dtype, origin=ORIGIN)


def append_to(folder: Path, added: Bank, splits: dict[str, Sequence[Any]], dtype: Dtype) -> DatasetRecord:
    old = open_dataset(folder)
    refuse_known(old.bank, added, "b.npz")
    chosen = {name: numbers(added, ids) for name, ids in splits.items()}
    contents = grow(folder, old, added, chosen, place=folder.parent)
    return write_dataset(folder, contents, dtype=dtype, origin=ORIGIN, overwrite=True)


@pytest.mark.parametrize("kind", IDS)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_parts_make_the_whole_to_the_bit(
    kind: str, dtype: Dtype, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(append, "_ROWS", 5)  # several blocks
    ids = IDS[kind]
    splits = {"train": ids[:2], "val": [ids[2], ids[4]], "ood": [ids[5]]}  # one is in no split
    whole = write(tmp_path / "whole", bank_of(ids), splits, dtype)
    first = {"train": ids[:2], "val": [ids[2]]}
    parts = [write(tmp_path / "parts", bank_of(ids[:3]), first, dtype)]
    parts.append(append_to(tmp_path / "parts", bank_of(ids[3:5]), {"val": [ids[4]]}, dtype))
    parts.append(append_to(tmp_path / "parts", bank_of(ids[5:]), {"ood": [ids[5]]}, dtype))
    assert parts[-1].bank == whole.bank
    assert parts[-1].splits == whole.splits
    mine, theirs = ({**each.files, "titles.json": None} for each in (parts[-1], whole))
    assert mine == theirs  # vectors, ids, texts, windows: every byte
    assert [each.sha256 for each in parts[-1].parents] == [each.bank.sha256 for each in parts[:-1]]
    assert [(each.rows, each.articles) for each in parts[-1].parents] == [(3 * CHUNKS, 3), (5 * CHUNKS, 5)]
    opened = open_dataset(tmp_path / "parts")
    assert opened.bank.parents == tuple(each.bank.sha256 for each in parts[:-1])
    assert opened.bank.titles == open_dataset(tmp_path / "whole").bank.titles


def test_windows_that_are_not_all_of_an_article_stay_as_they_are(tmp_path: Path) -> None:
    bank = bank_of([5, 6])
    contents = Contents(bank, {"train": np.array([5, 6])}, WINDOW, {"train": np.array([1, 9])}, "why\n")
    write_dataset(tmp_path / "d", contents, dtype="float32", origin=ORIGIN)
    append_to(tmp_path / "d", bank_of([1, 7]), {"train": [7]}, "float32")
    found = open_dataset(tmp_path / "d")
    rows = found.splits["train"]
    # article 1 lies before them now; 7 has windows that end at chunks 1, 2, 6 (0-1-2, 1-2-3, 5-6-7)
    assert rows.tolist() == [1 + CHUNKS, 9 + CHUNKS, 3 * CHUNKS + 1, 3 * CHUNKS + 2, 3 * CHUNKS + 5]
    assert found.articles["train"].tolist() == [5, 6, 7]
    assert (tmp_path / "d" / "unmatched.csv").read_text() == "why\n"


@pytest.mark.parametrize(("old", "new"), [(True, False), (False, True), (False, False)])
def test_texts_are_kept_where_there_were_some(old: bool, new: bool, tmp_path: Path) -> None:
    write(tmp_path / "d", bank_of([5, 6], texts=old), {"train": [5, 6]}, "float32")
    append_to(tmp_path / "d", bank_of([1], texts=new), {}, "float32")
    texts = open_dataset(tmp_path / "d").bank.texts
    assert (None if texts is None else list(texts[:2])) == (["", ""] if old else None)
    assert texts is None or texts[-1] == "6 says 7"


@pytest.mark.parametrize("had", [True, False])
def test_places_in_documents_are_kept_and_unknown_ones_told(had: bool, tmp_path: Path) -> None:
    bank, added = bank_of([5]), bank_of([1])
    places = np.arange(2 * CHUNKS, dtype=np.int64).reshape(CHUNKS, 2)
    contents = Contents(bank, {"train": np.array([5])}, WINDOW, places=places if had else None)
    write_dataset(tmp_path / "d", contents, dtype="float32", origin=ORIGIN)
    old = open_dataset(tmp_path / "d")
    new = None if had else places
    grown = grow(tmp_path / "d", old, added, {}, place=tmp_path, places=new)
    write_dataset(tmp_path / "d", grown, dtype="float32", origin=ORIGIN, overwrite=True)
    found = open_dataset(tmp_path / "d").places
    assert found is not None
    unknown = np.full((CHUNKS, 2), -1)
    assert np.array_equal(found, np.concatenate([unknown, places] if had else [places, unknown]))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ([1, 2, 3], [3, 2, 9], r"b.npz holds 2 article\(s\) that .*d holds already \(2, 3\); leave them out"),
        (["a", "b"], ["b"], r"1 article\(s\) that .* holds already \(b\)"),
        ([1, 2], ["1"], r"article ids are numbers \(1\) and text \('1'\); write all of them as one kind"),
        (["1"], [1], r"article ids are numbers \(1\) and text \('1'\)"),
    ],
)
def test_old_articles_and_other_ids_are_refused(
    old: list[Any], new: list[Any], message: str, tmp_path: Path
) -> None:
    write(tmp_path / "d", bank_of(old), {"train": old}, "float32")
    with pytest.raises(DataError, match=message):
        append_to(tmp_path / "d", bank_of(new), {}, "float32")


def test_another_width_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "d", bank_of([1]), {"train": [1]}, "float32")
    with pytest.raises(DataError, match=r"a.npz holds vectors of width 4, .*d of 3; append"):
        append_to(tmp_path / "d", bank_of([2], width=4), {}, "float32")


Change = Callable[[EmbeddedBy], EmbeddedBy]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda own: replace(own, source="folder", name="e", revision=None), None),
        (
            lambda own: replace(own, sha256="e" * 64),
            r"it in sha256 \(dddddddddddd, eeeeeeeeeeee\)",
        ),
        (
            lambda own: replace(own, precision="bfloat16"),
            r"it in precision \(float32, bfloat16\)",
        ),
        (
            lambda own: replace(own, pooling="cls"),
            r"\(mean, cls\); name the encoder of d: --encoder",
        ),
        (lambda own: replace(own, max_tokens=None), r"differs from it in max_tokens \(256, None\)"),
    ],
)
def test_vectors_of_two_encoders_never_mix(change: Change, message: str | None, tmp_path: Path) -> None:
    record = write(tmp_path / "d", bank_of([1]), {"train": [1]}, "float32")
    record = replace(record, origin=replace(ORIGIN, embedded_by=MADE_BY))
    if message is None:
        refuse_other_encoder(record, change(MADE_BY), Path("d"))
        return
    with pytest.raises(DataError, match=message):
        refuse_other_encoder(record, change(MADE_BY), Path("d"))


@pytest.mark.parametrize(("own", "texts"), [(None, True), (MADE_BY, False)])
def test_texts_and_vectors_never_mix(own: EmbeddedBy | None, texts: bool, tmp_path: Path) -> None:
    record = write(tmp_path / "d", bank_of([1]), {"train": [1]}, "float32")
    record = replace(record, origin=replace(ORIGIN, embedded_by=own))
    refuse_kind(record, Path("d"), texts=not texts)
    with pytest.raises(DataError, match=r"the vectors of d were made .*; append (vectors|texts)"):
        refuse_kind(record, Path("d"), texts=texts)
