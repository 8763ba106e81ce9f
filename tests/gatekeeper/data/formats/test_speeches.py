import gzip
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from gatekeeper.config.record import Config
from gatekeeper.data.source import open_source
from gates.contracts import Bank, IntArray, Window
from schemas.errors import DataError

Speeches = tuple[Bank, dict[str, IntArray]]
WriteNpz = Callable[..., Path]


def test_size_and_content(speeches: Speeches) -> None:
    bank, splits = speeches
    assert (bank.rows, bank.dimension, len(np.unique(bank.articles))) == (9302, 384, 122)
    assert {name: len(articles) for name, articles in splits.items()} == {"train": 44, "val": 21, "ood": 57}
    assert bank.texts is not None
    assert "Speaker, Mr. President, Members of the Congress" in bank.texts[0]
    assert bank.titles[0] == "1945-Truman"


@pytest.mark.parametrize(("distance", "expected"), [(1, 0.4228), (2, 0.3611), (3, 0.3332)])
def test_known_mean_cosines(speeches: Speeches, distance: int, expected: float) -> None:
    # The published values are of float32 vectors; storing float16 moves the fourth digit.
    bank, _ = speeches
    cosines = [
        float(bank.vectors[row].astype(float) @ bank.vectors[row + distance].astype(float))
        for row in range(bank.rows - distance)
        if bank.articles[row] == bank.articles[row + distance]
    ]
    assert np.mean(cosines) == pytest.approx(expected, abs=2e-4)


def test_splits_are_disjoint_and_val_mixes_with_train(speeches: Speeches) -> None:
    bank, splits = speeches
    together = np.concatenate(list(splits.values()))
    assert sorted(together.tolist()) == np.unique(bank.articles).tolist()
    years = {
        name: [int(bank.titles[int(article)][:4]) for article in articles]
        for name, articles in splits.items()
    }
    assert min(years["ood"]) == 1789
    assert min(years["train"] + years["val"]) == 1945
    # Every era is in both: no ten years of train without an address in val.
    assert max(np.diff(sorted(years["val"]))) <= 10


@pytest.mark.parametrize("horizon", [1, 2])
def test_windows_stay_in_their_article_and_run(horizon: int) -> None:
    dataset = open_source(Config()).dataset(Window(5, horizon))
    bank = dataset.bank
    seen: dict[int, str] = {}
    for name, split in dataset.splits.items():
        for row in split.last_rows.tolist():
            window = [*range(row - 4, row + 1), row + horizon]
            articles = {int(bank.articles[place]) for place in window}
            assert len(articles) == 1
            chunks = bank.chunks[window]
            assert chunks.tolist() == [chunks[0] + step for step in (0, 1, 2, 3, 4, 4 + horizon)]
            assert seen.setdefault(articles.pop(), name) == name


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = Path(__file__).resolve().parents[4] / "scripts" / "build_speeches.py"
    spec = importlib.util.spec_from_file_location("build_speeches", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def inputs(folder: Path, write_npz: WriteNpz, drop: int = 0) -> tuple[Path, Path]:
    """Seven addresses of two chunks, the last one inaugural; texts in another order than vectors."""
    articles, chunks = np.repeat(np.arange(7), 2), np.tile([0, 1], 7)
    vectors = np.random.default_rng(1).standard_normal((14, 4)).astype(np.float16)
    collections = ["state_union"] * 6 + ["inaugural"]
    path = write_npz(
        "vectors.npz",
        vectors=vectors,
        article_indices=articles,
        chunk_indices=chunks,
        article_titles=np.array([f"title {article}" for article in range(7)]),
        article_collections=np.array(collections),
    )
    records: list[dict[str, Any]] = [
        {"article": int(a), "chunk": int(c), "text": f"text {a} {c}"}
        for a, c in zip(articles, chunks, strict=True)
    ][::-1]
    texts = folder / "texts.jsonl.gz"
    with gzip.open(texts, "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(record) + "\n" for record in records[drop:])
    return path, texts


def test_script_joins_texts_and_splits_every_third(
    script: ModuleType, tmp_path: Path, write_npz: WriteNpz
) -> None:
    data = script.build(*inputs(tmp_path, write_npz))
    (tmp_path / "out.npz").write_bytes(data)
    with np.load(tmp_path / "out.npz", allow_pickle=False) as built:
        assert built["article_split"].tolist() == ["train", "train", "val", "train", "train", "val", "ood"]
        joined, offsets = built["texts_utf8"].tobytes(), built["text_offsets"]
        assert joined[offsets[3] : offsets[4]] == b"text 1 1"
    assert script.build(*inputs(tmp_path, write_npz)) == data


def test_script_refuses_a_missing_text(script: ModuleType, tmp_path: Path, write_npz: WriteNpz) -> None:
    with pytest.raises(
        DataError, match=r"1 chunk\(s\) have a vector or a text but not both, first \[\(6, 1\)\]"
    ):
        script.build(*inputs(tmp_path, write_npz, drop=1))
