"""What a command costs: processor seconds and peak memory of a child process.

Both are counted by the kernel for that process alone, so that a busy machine changes neither.
"""

import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

MIB = 2**20

_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in which ``ru_maxrss`` counts."""

_SECONDS = 60
"""Processor time after which the kernel ends the child."""


@dataclass(frozen=True)
class Cost:
    """How a child process ended, and what it took.

    Attributes:
        code: its exit code, negative for a signal.
        seconds: processor time. peak: largest resident memory in bytes.
        stdout, stderr: what it said.
    """

    code: int
    seconds: float
    peak: int
    stdout: str
    stderr: str


def cost_of(*arguments: str | Path, cwd: Path, memory: int = 8 * 2**30) -> Cost:
    """Run ``gatekeeper ARGUMENTS`` in a process of its own.

    Args:
        arguments: of the command.
        cwd: where it runs.
        memory: address space in bytes beyond which an allocation fails.
    """

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))

    command = [sys.executable, "-m", "gatekeeper", *(str(each) for each in arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[1])}
    stdout, stderr = cwd / ".cost.out", cwd / ".cost.err"
    with stdout.open("wb") as out, stderr.open("wb") as err:
        child = subprocess.Popen(
            command, cwd=cwd, env=environment, stdout=out, stderr=err, preexec_fn=limited
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in (stdout, stderr)]
    stdout.unlink()
    stderr.unlink()
    return Cost(child.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss * _UNIT, *texts)


def check_cost(found: Cost, ordinary: Cost, size: int) -> None:
    """Assert that an input file of ``size`` bytes cost little more than an ordinary small one.

    The limits are those of the documentation: 20 times its size plus 300 MB, and 10 s.
    """
    assert "Traceback" not in found.stderr
    assert found.code >= 0, f"ended by signal {-found.code}: {found.stderr[-400:]}"
    assert found.seconds - ordinary.seconds <= 10
    assert found.peak - ordinary.peak <= 20 * size + 300 * MIB
