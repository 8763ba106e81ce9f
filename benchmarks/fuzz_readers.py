"""Broken files for every reader: no crash, no hang, no memory beyond the limit.

    python -m benchmarks.fuzz_readers [READER ...] [--minutes 10] [--seed 0] [--out build/fuzz]
    python -m benchmarks.fuzz_readers --replay tests/fuzz_corpus

Each reader gets files that are right, then ever more broken ones (:mod:`benchmarks.fuzz_mutations`); a
file that brings a message nobody has seen yet joins those that are broken further. Every file is read in
a process of its own. A reader may accept it or refuse it with one of our errors, in one line; anything
else is a finding: another exception, a signal, more than 10 s of processor time, or more memory than
20 times its size plus 300 MB. ``--replay`` reads the files in a folder (``FOLDER/READER/*``) once.

A new reader is one entry of :data:`READERS`: its suffix, its seeds made from the small world of
:func:`make_world`, and a function that reads a path and raises :class:`~schemas.errors.GatekeeperError`.
"""

import argparse
import csv
import hashlib
import json
import math
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
import torch

from benchmarks.fuzz_mutations import mutate
from gatekeeper.config.file import load_config
from gatekeeper.data.formats.arrow_library import arrow
from gatekeeper.data.formats.bank import pack_texts, read_bank
from gatekeeper.data.formats.corpus import read_corpus
from gatekeeper.data.formats.npz_writing import npz_bytes
from gatekeeper.data.formats.sequences import read_sequences
from schemas.errors import GatekeeperError
from schemas.reading.policy import load_policy
from schemas.reading.report import read_report
from trainers.checkpoints.checkpoint import read_checkpoint, restore, save_checkpoint

SECONDS = 10.0
MIB = 2**20
MEMORY = 8 * 2**30
"""Address space in bytes beyond which an allocation fails, so that no finding costs the machine."""
_UNIT = 1 if sys.platform == "darwin" else 1024

Read = Callable[[Path], object]
"""Reads a file; raises ``GatekeeperError`` for what it refuses."""


@dataclass(frozen=True)
class Reader:
    """What reads files of one kind.

    Attributes:
        suffix: of the files. seeds: files that are right, from the folder of the small world.
        read: what is tested.
    """

    suffix: str
    seeds: Callable[[Path], Sequence[Path]]
    read: Read


@dataclass(frozen=True)
class Outcome:
    """What became of one file: ``message`` of a refusal, "" if accepted; ``finding`` says what is wrong."""

    message: str
    finding: str


def make_world(folder: Path) -> None:
    """Files of every kind, all small and right."""
    gatekeeper(folder, "data", "synth", "forward", "--articles", "36", "--chunks", "20", "--dimension", "8",
               "--out", "world")  # fmt: skip
    world = folder / "world"
    gatekeeper(world, "eval", "best.pt", "--report", "best.report.json", check=False)
    gatekeeper(world, "data", "build", "bank.npz", "--out", "set", "--also-npz",
               "--split", "train=0.4", "--split", "val=0.3", "--split", "ood=0.3")  # fmt: skip
    checkpoint = read_checkpoint((world / "best.pt").read_bytes(), "best.pt")
    save_checkpoint(
        world / "best.safetensors",
        model_type=checkpoint.model_type,
        model_config=checkpoint.model_config,
        module=restore(checkpoint, "best.pt").module,
        horizon=1,
        context=5,
        extra={"epoch": 3},
    )
    bank = np.load(world / "bank.npz")
    texts = np.array([f"text {row}" for row in range(len(bank["vectors"]))])
    labels = {name: bank[name] for name in ("vectors", "article_indices", "chunk_indices")}
    np.savez_compressed(world / "texts.npz", concept_texts=texts.astype(object), **labels)
    np.savez(world / "fixed.npz", concept_texts=texts, article_titles=texts[:36], **labels)
    joined = {**pack_texts(list(texts)), "chunk_ids": np.arange(len(texts))}
    named = {
        "vectors": bank["vectors"],
        "article_ids": bank["article_indices"],
        "seq_idx": bank["chunk_indices"],
    }
    (world / "joined.npz").write_bytes(npz_bytes(named | joined))
    with np.load(world / "set_val_sequences.npz") as old:
        places = zip(old["article_ids"].tolist(), old["target_indices"].tolist(), strict=True)
        records = [{"article_index": a, "target_chunk_index": np.int64(c), "p6_offset": 0} for a, c in places]
        metadata = np.array(records[:40], dtype=object)
        contexts, targets = old["contexts"][:40], old["targets"][:40]
        np.savez(world / "records.npz", context_sequences=contexts, target_vectors=targets, metadata=metadata)
    lines = [
        f'{{"article": {a}, "chunk": {c}, "text": "a {c}", "title": "t"}}' for a in range(4) for c in range(6)
    ]
    (world / "texts.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    make_tables(world, [json.loads(line) for line in lines])
    for name in ("seed-5cat", "strict-5cat"):
        shutil.copy(Path(__file__).parents[1] / "schemas" / "policies" / f"{name}.toml", world)
    shutil.copy(Path(__file__).parents[1] / "docs" / "policies" / "production.toml", world)


def make_tables(world: Path, rows: Sequence[dict[str, object]]) -> None:
    """The same rows in the formats of tables, with vectors of width 3, and arrays with them only."""
    library, vectors = arrow(), np.random.default_rng(0).standard_normal((len(rows), 3)).astype(np.float32)
    columns: dict[str, object] = {name: [row[name] for row in rows] for name in rows[0]}
    table = library.table({**columns, "vector": library.array(list(vectors))})
    arrow("parquet").write_table(table, world / "rows.parquet", compression="zstd")
    arrow("feather").write_feather(table, str(world / "rows.feather"))
    with library.ipc.new_stream(str(world / "rows.arrow"), table.schema) as file:
        file.write_table(table)
    with (world / "rows.csv").open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, [*rows[0], "vector"])
        writer.writeheader()
        writer.writerows({**row, "vector": each.tolist()} for row, each in zip(rows, vectors, strict=True))
    np.save(world / "rows.npy", vectors)
    torch.save(torch.from_numpy(vectors), world / "rows.pt")
    index = faiss.IndexFlatIP(3)
    index.add(vectors)
    faiss.write_index(index, str(world / "rows.index"))
    (world / "ids.txt").write_text("".join(f"{row['article']}\n" for row in rows))


def gatekeeper(folder: Path, *arguments: str, check: bool = True) -> None:
    """Run a command in ``folder``."""
    subprocess.run(
        [sys.executable, "-m", "gatekeeper", *arguments], cwd=folder, check=check, capture_output=True
    )


def _files(*names: str) -> Callable[[Path], Sequence[Path]]:
    return lambda world: [world / name for name in names]


def _read_model(path: Path) -> object:
    return restore(read_checkpoint(path.read_bytes(), path.name), path.name)


def _read_array(path: Path) -> object:
    return read_corpus(path, ids=WORLD / "ids.txt")


def _read_sequences(path: Path) -> object:
    return read_sequences(path, read_bank(WORLD / "bank.npz"))


WORLD = Path(tempfile.gettempdir())
"""Where the small world of this run lies; set by :func:`main`."""

READERS: dict[str, Reader] = {
    "bank": Reader(".npz", _files("bank.npz", "texts.npz", "fixed.npz", "joined.npz"), read_bank),
    "sequences": Reader(".npz", _files("set_val_sequences.npz", "records.npz"), _read_sequences),
    "checkpoint": Reader(".pt", _files("best.pt"), _read_model),
    "safetensors": Reader(".safetensors", _files("best.safetensors"), _read_model),
    "report": Reader(".json", _files("best.report.json"), read_report),
    "policy": Reader(".toml", _files("seed-5cat.toml", "strict-5cat.toml", "production.toml"), load_policy),
    "configuration": Reader(".toml", _files("gatekeeper.toml"), load_config),
    "texts": Reader(".jsonl", _files("texts.jsonl"), read_corpus),
    "csv": Reader(".csv", _files("rows.csv"), read_corpus),
    "parquet": Reader(".parquet", _files("rows.parquet"), read_corpus),
    "arrow": Reader(".arrow", _files("rows.arrow", "rows.feather"), read_corpus),
    "npy": Reader(".npy", _files("rows.npy"), _read_array),
    "tensor": Reader(".pt", _files("rows.pt"), _read_array),
    "faiss": Reader(".index", _files("rows.index"), _read_array),
}


def judge(reader: Reader, path: Path) -> Outcome:
    """Read ``path`` in a child; what the kernel counts for that child decides."""
    pipe, end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(pipe)
        os._exit(_read_in_child(reader, path, end))
    os.close(end)
    with os.fdopen(pipe, "rb") as stream:
        before, _, said = stream.read().decode("utf-8", "replace").partition("\n")
    _, status, used = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    peak = (used.ru_maxrss - int(before or 0)) * _UNIT
    seconds = used.ru_utime + used.ru_stime
    finding = ""
    if code < 0:
        finding = "more than 10 s" if code == -signal.SIGXCPU else f"ended by {signal.Signals(-code).name}"
    elif code:
        finding = said
    elif seconds > SECONDS:
        finding = "more than 10 s"
    elif peak > 20 * path.stat().st_size + 300 * MIB:
        finding = "too much memory"
    elif "\n" in said:
        finding = "a message of several lines"
    return Outcome("" if finding else said, finding)


def _read_in_child(reader: Reader, path: Path, end: int) -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(SECONDS), math.ceil(SECONDS) + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    code, said = 0, ""
    # What the child has from its parent, which may have held more in the past than it does now.
    os.write(end, f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}\n".encode())
    try:
        reader.read(path)
    except GatekeeperError as error:
        said = str(error)
    except BaseException as error:  # noqa: BLE001  (the finding)
        frame = traceback.extract_tb(error.__traceback__)[-1]
        code, said = 1, f"{type(error).__name__} in {Path(frame.filename).name}:{frame.name}"
    with os.fdopen(end, "wb") as stream:
        stream.write(said.encode("utf-8", "replace"))
    return code


def fuzz(name: str, *, minutes: float, seed: int, out: Path) -> Counter[str]:
    """Break files of one reader for so many minutes; what is found is kept in ``out``."""
    reader, rng = READERS[name], random.Random(f"{seed} {name}")
    right = [path.read_bytes() for path in reader.seeds(WORLD)]
    pool, seen, findings = list(right), set[str](), Counter[str]()
    (out / name).mkdir(parents=True, exist_ok=True)
    path = WORLD / f"broken{reader.suffix}"
    end, files, accepted = time.monotonic() + 60 * minutes, 0, 0
    for data in right:
        path.write_bytes(data)
        outcome = judge(reader, path)
        if outcome != Outcome("", ""):
            raise SystemExit(f"{name}: a file that is right is not read: {outcome}")
    while time.monotonic() < end:
        data = mutate(rng, rng.choice(pool[-200:] + right), right)
        path.write_bytes(data)
        outcome = judge(reader, path)
        files += 1
        accepted += not outcome.message and not outcome.finding
        kind = re.sub(r"[0-9]+", "0", re.sub(r"'[^']*'|\"[^\"]*\"", "''", outcome.finding or outcome.message))
        if outcome.finding:
            findings[outcome.finding] += 1
        if kind in seen:
            continue
        seen.add(kind)
        pool.append(data)
        label = "finding" if outcome.finding else "refused" if outcome.message else "accepted"
        if outcome.finding or len(data) <= 20_000:
            digest = hashlib.sha256(data).hexdigest()[:12]
            (out / name / f"{label}-{digest}{reader.suffix}").write_bytes(data)
        if outcome.finding:
            print(f"{name}: {outcome.finding} ({len(data)} bytes)", flush=True)
    print(
        f"{name}: {files} files in {minutes:g} minutes, {accepted} accepted, {len(seen)} different answers, "
        f"{sum(findings.values())} findings of {len(findings)} kinds",
        flush=True,
    )
    return findings


def replay(folder: Path) -> Counter[str]:
    """Read every kept file once."""
    findings, files = Counter[str](), 0
    for name in sorted(READERS):
        for path in sorted((folder / name).glob("*")):
            outcome = judge(READERS[name], path)
            files += 1
            if outcome.finding:
                findings[outcome.finding] += 1
                print(f"{path}: {outcome.finding}")
    print(f"{files} files, {sum(findings.values())} findings")
    return findings


def main() -> int:
    """Fuzz or replay; the exit code says whether anything was found."""
    global WORLD
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("readers", nargs="*", choices=[*READERS, []], metavar="READER")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"))
    parser.add_argument("--replay", type=Path)
    asked = parser.parse_args()
    findings = Counter[str]()
    with tempfile.TemporaryDirectory() as place:
        make_world(Path(place))
        WORLD = Path(place) / "world"
        if asked.replay is not None:
            return bool(replay(asked.replay))
        for name in asked.readers or READERS:
            findings += fuzz(name, minutes=asked.minutes, seed=asked.seed, out=asked.out)
    return bool(findings)


if __name__ == "__main__":
    sys.exit(main())
