"""Texts to chunks: ``texts/*.txt``, an article a file, to ``texts.jsonl`` with 50 words a chunk."""

import json
from pathlib import Path

WORDS = 50

with Path("texts.jsonl").open("w", encoding="utf-8") as out:
    for article, file in enumerate(sorted(Path("texts").glob("*.txt"))):
        words = file.read_text(encoding="utf-8").split()
        for chunk, start in enumerate(range(0, len(words), WORDS)):
            text = " ".join(words[start : start + WORDS])
            line = {"article": article, "chunk": chunk, "text": text, "title": file.stem}
            out.write(json.dumps(line) + "\n")
