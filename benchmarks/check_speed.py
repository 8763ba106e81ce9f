"""How long one waits for what reads a report, above all ``check``: whole processes, start-up included.

    python benchmarks/check_speed.py [--runs 20]

Makes a world with a known answer, evaluates its model once, signs the report, then times commands. At the
end the reading alone, with and without its schema, in a process that has read one before.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

from schemas.reading import document
from schemas.reading.report import parse_report


def gatekeeper(folder: Path, *arguments: str) -> float:
    """Run a command in ``folder`` and return its wall seconds; it must succeed."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "gatekeeper", *arguments], cwd=folder, check=True, capture_output=True
    )
    return time.perf_counter() - start


def reading(data: bytes) -> float:
    """Seconds to read a report that lies in memory."""
    start = time.perf_counter()
    parse_report(data)
    return time.perf_counter() - start


def tell(title: str, seconds: list[float]) -> None:
    """Print the median and the slowest of several runs."""
    print(f"{title:26} median {statistics.median(seconds):.3f} s, slowest {max(seconds):.3f} s")


def main() -> None:
    """Time each command, then the reading alone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "world"
        gatekeeper(Path(name), "data", "synth", "forward", "--out", "world")
        gatekeeper(folder, "keygen", "ci")
        gatekeeper(folder, "eval", "best.pt", "--report", "report.json", "--sign-key", "ci.key")
        data = (folder / "report.json").read_bytes()
        print(f"report of {len(data) / 1024:.0f} KiB, {runs} runs each")
        for title, arguments in {
            "--help": ("--help",),
            "check": ("check", "report.json", "--report-only"),
            "check, model": ("check", "report.json", "--model", "best.pt"),
            "check, model, signature": (
                "check", "report.json", "--model", "best.pt", "--trusted-key", "ci.pub",
            ),
            "schema report": ("schema", "report"),
            "report": ("report", "report.json"),
            "report --html": ("report", "report.json", "--html", "page.html"),
        }.items():  # fmt: skip
            tell(title, [gatekeeper(folder, *arguments) for _ in range(runs)])
        reading(data)
        tell("reading", [reading(data) for _ in range(runs)])
        with mock.patch.object(document, "violation", return_value=None):
            tell("reading, without schema", [reading(data) for _ in range(runs)])


if __name__ == "__main__":
    main()
