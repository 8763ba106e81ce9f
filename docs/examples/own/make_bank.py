"""Vectors to a bank. Random walks stand where the vectors of your chunks belong."""

import numpy as np

rng = np.random.default_rng(0)
vectors, articles, chunks = [], [], []
for article in range(30):
    vector = rng.normal(size=32)
    for chunk in range(40):
        vector = 0.9 * np.roll(vector, 1) + 0.4 * rng.normal(size=32)
        vectors.append(vector)
        articles.append(article)
        chunks.append(chunk)

np.savez(
    "bank.npz",
    vectors=np.array(vectors, dtype=np.float32),  # (N, D)
    article_indices=np.array(articles),  # (N,)
    chunk_indices=np.array(chunks),  # (N,), the place of the chunk in its article
)
print(f"bank.npz: {len(vectors)} vectors")
