"""How long the prompt is busy with what only tells something: whole processes, start-up included.

    python benchmarks/start_speed.py [--runs 20]

None of these may load torch or faiss, which takes more than a second; a test asserts that. On two busy
CPU cores (load 3):

    --help                           median 0.058 s, slowest 0.076 s
    list                             median 0.171 s, slowest 0.230 s
    list trainers                    median 0.202 s, slowest 0.276 s
    list gates                       median 0.186 s, slowest 0.255 s
    list policies                    median 0.196 s, slowest 0.247 s
    schema report                    median 0.161 s, slowest 0.216 s
    train p6b --help                 median 0.157 s, slowest 0.211 s
    eval --help                      median 0.168 s, slowest 0.203 s
    <TAB>                            median 0.068 s, slowest 0.088 s
    train <TAB>                      median 0.109 s, slowest 0.148 s
    train p6b --<TAB>                median 0.166 s, slowest 0.289 s
    train p6b --architecture <TAB>   median 0.258 s, slowest 0.309 s
    eval --policy <TAB>              median 0.202 s, slowest 0.278 s
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

COMMANDS: dict[str, tuple[str, ...]] = {
    "--help": ("--help",),
    "list": ("list",),
    "list trainers": ("list", "trainers"),
    "list gates": ("list", "gates"),
    "list policies": ("list", "policies"),
    "schema report": ("schema", "report"),
    "train p6b --help": ("train", "p6b", "--help"),
    "eval --help": ("eval", "--help"),
}

COMPLETIONS = ("", "train ", "train p6b --", "train p6b --architecture ", "eval --policy ")


def timed(arguments: tuple[str, ...], **variables: str) -> float:
    """Run gatekeeper and return its wall seconds; it must succeed."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "gatekeeper", *arguments],
        env={**os.environ, **variables},
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - start


def completed(line: str) -> float:
    """Seconds from TAB to the words bash may go on with."""
    words = f"gatekeeper {line}".split(" ")
    return timed(
        (),
        _GATEKEEPER_COMPLETE="bash_complete",
        COMP_WORDS=" ".join(words),
        COMP_CWORD=str(len(words) - 1),
    )


def main() -> None:
    """Print the median and the slowest run of each command and completion."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    timings = {title: [timed(words) for _ in range(runs)] for title, words in COMMANDS.items()}
    timings |= {f"{line}<TAB>": [completed(line) for _ in range(runs)] for line in COMPLETIONS}
    for title, seconds in timings.items():
        print(f"{title:32} median {statistics.median(seconds):.3f} s, slowest {max(seconds):.3f} s")


if __name__ == "__main__":
    main()
