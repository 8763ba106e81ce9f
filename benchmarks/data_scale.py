"""Time and peak memory of build, open, info, audit and eval at real size, and how they grow.

    python benchmarks/data_scale.py [--rows 50000 150000 584545] [--width 768] [--folder DIR]

Each size is generated once: articles of about 69 chunks (log-normal), vectors of a slowly drifting topic
plus noise, so that similarity falls with distance as it does in text. Every command runs as a process of
its own; peak memory is its resident set, mapped files included.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

CHUNKS = 69
SAMPLES = "2000"
OPEN = """
import sys, time
from pathlib import Path
from gatekeeper.data.formats.dataset import open_dataset
start = time.perf_counter()
opened = open_dataset(Path(sys.argv[1]))
print(f"{time.perf_counter() - start:.2f}")
"""


def generate(path: Path, rows: int, width: int, seed: int = 0) -> None:
    """Write a bank of ``rows`` chunks."""
    rng = np.random.default_rng(seed)
    lengths: list[int] = []
    while sum(lengths) < rows:
        lengths.append(max(8, round(float(rng.lognormal(np.log(CHUNKS) - 0.18, 0.6)))))
    lengths[-1] -= sum(lengths) - rows
    vectors = np.empty((rows, width), dtype=np.float32)
    start = 0
    for length in lengths:
        topic = np.cumsum(rng.standard_normal((length, width), dtype=np.float32), axis=0) * 0.3
        topic += rng.standard_normal((1, width), dtype=np.float32)
        vectors[start : start + length] = topic + rng.standard_normal((length, width), dtype=np.float32)
        start += length
    np.savez(
        path,
        vectors=vectors,
        article_indices=np.repeat(np.arange(len(lengths)), lengths),
        chunk_indices=np.concatenate([np.arange(length) for length in lengths]),
    )


def measured(*command: str) -> tuple[float, float, int]:
    """Wall seconds, peak GiB and exit code of a process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        sys.stderr.write(errors.decode())
    return time.perf_counter() - start, usage.ru_maxrss / 2**20, process.returncode


def main() -> None:
    """Print a row for each command and size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[50_000, 150_000, 584_545])
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    tool = (sys.executable, "-m", "gatekeeper")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        for rows in options.rows:
            bank, data = Path(name) / f"{rows}.npz", Path(name) / f"data{rows}"
            subprocess.run(
                [sys.executable, __file__, "--generate", str(bank), str(rows), str(options.width)], check=True
            )
            shares = ("--split", "train=0.9", "--split", "val=0.05", "--split", "ood=0.05")
            report = str(Path(name) / "report.json")
            print(f"{rows} x {options.width}, {bank.stat().st_size / 2**30:.2f} GiB", flush=True)
            for title, command in {
                "build": (*tool, "data", "build", str(bank), "--out", str(data), *shares),
                "info": (*tool, "data", "info", str(data)),
                "audit": (*tool, "data", "audit", "--bank", str(data)),
                "eval control:ridge": (
                    *tool, "eval", "control:ridge", "--bank", str(data), "--max-samples", SAMPLES,
                    "--report", report,
                ),
            }.items():  # fmt: skip
                seconds, peak, code = measured(*command)
                print(f"  {title:20} {seconds:7.1f} s  {peak:5.2f} GiB  exit {code}", flush=True)
                if title == "build":
                    bank.unlink()
            opened = subprocess.run(
                [sys.executable, "-c", OPEN, str(data)], check=True, capture_output=True, text=True
            )
            print(f"  {'open and verify':20} {float(opened.stdout):7.1f} s", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--generate"]:
        generate(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
