"""A working directory for trainings: random walks, which no model can predict forward, and their splits."""

from pathlib import Path

import numpy as np

CHUNKS, WIDTH = 40, 8


def write_walks(folder: Path, articles: int) -> None:
    """``bank.npz`` of so many articles, and a ``gatekeeper.toml`` that splits the first eighteen."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((articles, CHUNKS, WIDTH))
    for chunk in range(1, CHUNKS):
        vectors[:, chunk] = 0.8 * vectors[:, chunk - 1] + 0.6 * vectors[:, chunk]
    np.savez(
        folder / "bank.npz",
        vectors=vectors.reshape(-1, WIDTH).astype(np.float32),
        article_indices=np.repeat(np.arange(articles), CHUNKS),
        chunk_indices=np.tile(np.arange(CHUNKS), articles),
    )
    (folder / "gatekeeper.toml").write_text(
        '[data]\nbank = "bank.npz"\ntrain = "0-5"\nval = "6-11"\nood = "12-17"\n'
    )
