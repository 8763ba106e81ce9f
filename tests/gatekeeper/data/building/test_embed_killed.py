"""A process that is killed while it embeds: no text of a batch that it had kept is made twice."""

import contextlib
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatekeeper.data.building import embedding_cache
from gatekeeper.data.building.embed import embed
from gatekeeper.data.building.embedding_cache import EmbeddingCache
from gatekeeper.data.building.encoder import LoadedEncoder
from schemas.records.dataset import EmbeddedBy

TEXTS = [f"{number:03}" for number in range(90)]
BATCH = 16
MADE_BY = EmbeddedBy("folder", "e", None, "d" * 64, "float32", "mean", normalised=True, max_tokens=256)


class Logged:
    """An encoder that writes into a file which texts it was given, a batch a line, before it answers."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def encode(self, sentences: Sequence[str], **_: Any) -> np.ndarray[Any, np.dtype[np.float32]]:  # noqa: ANN401
        with self.log.open("a") as file:
            file.write(" ".join(sentences) + "\n")
        return np.array([[int(text), 1.0] for text in sentences], dtype=np.float32)


def run(folder: Path, log: Path) -> np.ndarray[Any, np.dtype[np.float32]]:
    cache = EmbeddingCache(folder, "d" * 64)
    encoder = LoadedEncoder(Logged(log), "d" * 64, MADE_BY)
    bar = lambda total: contextlib.nullcontext(lambda count: None)  # noqa: E731
    try:
        return embed(TEXTS, encoder, cache=cache, batch_size=BATCH, bar=bar).vectors
    finally:
        cache.close()


def killed(work: Callable[[], object]) -> None:
    """Run work in a child that is to end by SIGKILL."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before_a_call(call: int) -> None:
    """Killed while the encoder works."""
    seen = []

    def encode(self: Logged, sentences: Sequence[str], **_: Any) -> Any:  # noqa: ANN401
        seen.append(0)
        if len(seen) > call:
            end()
        return original(self, sentences)

    original = Logged.encode
    Logged.encode = encode  # type: ignore[method-assign]


def within_a_block(call: int) -> None:
    """Killed while a block is written, of which a part is on disk."""
    seen = []

    class Torn:
        def __init__(self, file: Any) -> None:  # noqa: ANN401
            self.file = file

        def write(self, block: bytes) -> None:
            seen.append(0)
            if len(seen) > call:
                self.file.write(block[: len(block) * 2 // 3])
                end()
            self.file.write(block)

        def fileno(self) -> int:
            return int(self.file.fileno())

    original = EmbeddingCache._open
    EmbeddingCache._open = lambda self: Torn(original(self))  # type: ignore[assignment,method-assign,return-value]


def after_a_block(call: int) -> None:
    """Killed when a block is on disk, before anybody is told."""
    seen = []

    def synced(number: int) -> None:
        seen.append(0)
        if len(seen) > call:
            end()

    embedding_cache.os.fsync = synced  # type: ignore[attr-defined]


@pytest.mark.parametrize("kill", [before_a_call, within_a_block, after_a_block])
def test_no_text_of_a_kept_batch_is_embedded_twice(kill: Callable[[int], None], tmp_path: Path) -> None:
    folder, log = tmp_path / "cache", tmp_path / "log"

    def work(call: int) -> None:
        kill(call)
        run(folder, log)

    # Killed at the first call, run again and killed at the second, and so on: each goes on from the last.
    for call in range(3):
        killed(lambda call=call: work(call))  # type: ignore[misc]
    np.testing.assert_array_equal(run(folder, log), [[int(text), 1.0] for text in TEXTS])
    batches = [line.split() for line in log.read_text().splitlines()]
    made = [text for batch in batches for text in batch]
    assert set(made) == set(TEXTS)
    again = len(made) - len(TEXTS)
    if kill is within_a_block:
        # A batch whose block is torn was never kept: it is the one thing that is made again, a batch a kill.
        assert again == 8 + 16 + 16
    else:
        assert again == 0
    before = len(batches)
    run(folder, log)
    assert len(log.read_text().splitlines()) == before
