"""How long one waits for what reads a report, above all ``check``: whole processes, start-up included.

    python benchmarks/check_speed.py [--runs 20]

Makes a world with a known answer, evaluates its model once, signs the report, then times commands.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def gatekeeper(folder: Path, *arguments: str) -> float:
    """Run a command in ``folder`` and return its wall seconds; it must succeed."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "gatekeeper", *arguments], cwd=folder, check=True, capture_output=True
    )
    return time.perf_counter() - start


def main() -> None:
    """Print the median and the slowest run of each command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "world"
        gatekeeper(Path(name), "data", "synth", "forward", "--out", "world")
        gatekeeper(folder, "keygen", "ci")
        gatekeeper(folder, "eval", "best.pt", "--report", "report.json", "--sign-key", "ci.key")
        size = (folder / "report.json").stat().st_size
        print(f"report of {size / 1024:.0f} KiB, {runs} runs each")
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
            seconds = [gatekeeper(folder, *arguments) for _ in range(runs)]
            print(f"{title:26} median {statistics.median(seconds):.3f} s, slowest {max(seconds):.3f} s")


if __name__ == "__main__":
    main()
