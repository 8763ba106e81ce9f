"""What does reading a large corpus take: 2 GB of JSON lines or of documents, 100,000 rows of Parquet?

Writes the files into a folder, reads each in a child process, and prints its processor seconds and the peak
of its resident memory, less what the imports take. ``anonymous`` is what the system cannot give back: pages
of mapped files, which count as resident too, it takes away when somebody else needs them.

Run: ``python benchmarks/corpus_memory.py FOLDER [--gigabytes 2] [--rows 100000]``. FOLDER and the folder of
temporary files (TMPDIR) each need the room of the largest file.
"""

import argparse
import json
import multiprocessing
import random
import shutil
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from gatekeeper.config.bank_keys import BankKeys
from gatekeeper.data.formats.arrow_library import arrow
from gatekeeper.data.formats.bank import BankFile
from gatekeeper.data.formats.corpus import read_corpus

CHUNKS, WIDTH = 60, 384
WORDS = [
    f"{first}{last}" for first in ("ba", "ko", "ri", "te", "su") for last in ("lan", "mer", "nis", "pod")
]
MB = 10**6


def write_lines(path: Path, size: int) -> None:
    """JSON lines of chunks of 50 words, until they are ``size`` bytes."""
    rng = random.Random(0)
    texts = [" ".join(rng.choices(WORDS, k=50)) for _ in range(5000)]
    row = 0
    with path.open("w", encoding="utf-8") as file:
        while file.tell() < size:
            for text in texts:
                line = {"article": f"a{row // CHUNKS}", "chunk": row % CHUNKS, "text": text}
                file.write(f"{json.dumps(line)}\n")
                row += 1


def write_table(path: Path, rows: int, *, vectors: bool) -> None:
    """Parquet of texts, or of vectors, in one row group."""
    library, rng = arrow(), np.random.default_rng(0)
    columns: dict[str, object] = {"article": np.arange(rows) // CHUNKS, "chunk": np.arange(rows) % CHUNKS}
    if vectors:
        flat = library.array(rng.standard_normal(rows * WIDTH, dtype=np.float32))
        columns["vector"] = library.FixedSizeListArray.from_arrays(flat, WIDTH)
    else:
        drawn = rng.integers(0, len(WORDS), (rows, 50))
        columns["text"] = [" ".join(WORDS[word] for word in row) for row in drawn.tolist()]
    arrow("parquet").write_table(library.table(columns), path, row_group_size=rows)


def write_documents(folder: Path, size: int) -> None:
    """Text files of a million characters between a header and a footer, until they are ``size`` bytes."""
    rng = random.Random(0)
    folder.mkdir()
    sentences = [f"{' '.join(rng.choices(WORDS, k=rng.randint(5, 30)))}.".capitalize() for _ in range(5000)]
    for number in range(max(1, size // 10**6)):
        with (folder / f"{number}.txt").open("w", encoding="utf-8") as file:
            file.write("The header\n\n")
            while file.tell() < 10**6:
                file.write(f"{number}. {' '.join(rng.choices(sentences, k=4))}\n\n")
            file.write("The footer\n")


def measure(path: Path) -> None:
    """Read a file in a child and print what it took."""
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=_read, args=(path, theirs))
    child.start()
    rows, what, seconds, resident, anonymous = ours.recv()
    child.join()
    print(
        f"{path.name:14} {_size(path) / MB:6.0f} MB {rows:9,} rows -> {what:5} {seconds:6.1f} s "
        f"peak {resident / MB:6.0f} MB, anonymous {anonymous / MB:6.0f} MB",
        flush=True,
    )


def _size(path: Path) -> int:
    return sum(each.stat().st_size for each in (path.iterdir() if path.is_dir() else (path,)))


def _read(path: Path, pipe: Connection) -> None:
    arrow("parquet")
    before, anonymous = _status("VmHWM"), [_status("RssAnon")]
    done = threading.Event()
    watcher = threading.Thread(target=lambda: anonymous.extend(_watched(done)))
    watcher.start()
    began = time.process_time()
    found = read_corpus(path, keys=BankKeys())
    seconds = time.process_time() - began
    done.set()
    watcher.join()
    rows = found.bank.rows if isinstance(found, BankFile) else len(found.texts)
    what = "bank" if isinstance(found, BankFile) else "texts"
    pipe.send((rows, what, seconds, _status("VmHWM") - before, max(anonymous) - anonymous[0]))


def _status(name: str) -> int:
    """Bytes that the kernel counts for this process: now (RssAnon), or at most so far (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def _watched(done: threading.Event) -> Iterator[int]:
    while not done.wait(0.05):
        yield _status("RssAnon")


def main() -> None:
    """Write, read and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--rows", type=int, default=100_000)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    lines, texts, vectors = (given.folder / name for name in ("c.jsonl", "texts.parquet", "vectors.parquet"))
    write_lines(lines, int(given.gigabytes * 10**9))
    write_table(texts, given.rows, vectors=False)
    write_table(vectors, given.rows, vectors=True)
    documents = given.folder / "documents"
    write_documents(documents, int(given.gigabytes * 10**9))
    for path in (lines, texts, vectors, documents):
        measure(path)
        shutil.rmtree(path) if path.is_dir() else path.unlink()


if __name__ == "__main__":
    main()
