"""Deployments by several processes at once, and by processes that are killed."""

import itertools
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from gatekeeper.deployment.releases import history
from schemas.records.production import Production
from tests.gatekeeper.deployment.conftest import Offers
from tests.gatekeeper.deployment.served import put, roll_back, served
from tests.gatekeeper.deployment.submissions import NOW, Offer

ROOT = Path(__file__).parents[3]

SETUP = """
import functools, os, signal, sys, time
from pathlib import Path
from gatekeeper.deployment import submission as reading
from gatekeeper.deployment.submission import read_submission
from gatekeeper.deployment.verify import Demands
from schemas.errors import UsageError
from tests.gatekeeper.deployment.served import deploy, roll_back
from tests.gatekeeper.deployment.submissions import NOW, POLICY

reading.parse_report = functools.cache(reading.parse_report)
os.fsync = lambda descriptor: None  # processes die here, not the power
folder, *models = map(Path, sys.argv[1:])
offers = [(model, read_submission(model.with_suffix(".report.json"))) for model in models]


def put(number):
    model, submission = offers[number % len(offers)]
    return deploy(model, submission, Demands(policy=POLICY), folder, now=NOW).production
"""

TAKING_TURNS = """
print("ready", flush=True)
sys.stdin.readline()
done = 0
while done < 20:
    try:
        # Every fifth time back, if there is something to go back to.
        now = roll_back(folder, now=NOW) if done % 5 == 4 else put(done)
    except UsageError as error:
        if "has no predecessor" in str(error):
            now = put(done)
        elif "another deployment (process " in str(error):
            continue
        else:
            raise
    print(now.release, now.model.sha256, flush=True)
    done += 1
"""

KILLED = """
for line in sys.stdin:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            for number in range(8):
                put(number)
                os.write(writing, b".")
                if number % 3 == 2:
                    roll_back(folder)
            signal.pause()  # however late the kill comes, the history stays short
        finally:
            os._exit(1)
    os.close(writing)
    os.read(reading, 1)  # so that something gets through, however slow the machine is
    time.sleep(float(line))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(reading)
    print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else "ended", flush=True)
"""


def start(program: str, folder: Path, offers: Sequence[Offer]) -> "subprocess.Popen[str]":
    arguments = [str(folder), *(str(offer.model) for offer in offers)]
    return subprocess.Popen(
        [sys.executable, "-c", SETUP + program, *arguments],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("there", [False, True])
def test_deployments_at_the_same_time_never_interleave(offers: Offers, target: Path, there: bool) -> None:
    """Two processes deploy and roll back; each release is of one of them and follows the one before."""
    mine = [[offers(f"{who} {number}") for number in range(2)] for who in ("one", "two")]
    first = [put(offers("first"), target)] if there else []
    processes = [start(TAKING_TURNS, target, each) for each in mine]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        outputs = []
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        outputs = [process.communicate(timeout=120)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert [process.returncode for process in processes] == [0, 0]
    told = [[line.split() for line in output.splitlines()] for output in outputs]
    numbers = [[int(number) for number, _ in each] for each in told]
    assert [len(each) for each in numbers] == [20, 20]
    assert all(each == sorted(each) for each in numbers)
    served(target)
    found = tuple(reversed(history(target)))
    assert sorted(numbers[0] + numbers[1]) == [each.release for each in found][len(first) :]
    # What each was told is what it put there, and everything follows from what was there before.
    assert {(int(number), model) for each in told for number, model in each} == {
        (each.release, each.model.sha256) for each in found[len(first) :]
    }
    check_chain(found)


def check_chain(releases: Sequence[Production]) -> None:
    """Each release names what was served before it, and a rollback what the one before it named."""
    for before, after in itertools.pairwise(releases):
        assert after.replaced == before.release
        assert after.predecessor != before.predecessor or after.action == "rollback"
        if after.action == "deploy":
            assert after.predecessor is not None
            assert (after.predecessor.release, after.predecessor.model_sha256) == (
                before.release,
                before.model.sha256,
            )
        else:
            assert before.predecessor is not None
            assert after.model.sha256 == before.predecessor.model_sha256


def test_a_killed_deployment_leaves_the_old_release_or_the_new_one(offers: Offers, target: Path) -> None:
    mine = [offers(f"number {number}") for number in range(3)]
    last = offers("last")
    moments, newest = random.Random(0), 0
    with start(KILLED, target, mine) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            for _ in range(40):
                process.stdin.write(f"{moments.uniform(0, 0.03)}\n")
                process.stdin.flush()
                assert process.stdout.readline() == f"{signal.SIGKILL.value}\n"
                now = served(target)
                assert now is not None
                assert now.release > newest
                newest = now.release
            process.stdin.close()
            assert process.wait(60) == 0
        finally:
            process.kill()
    check_chain(tuple(reversed(history(target))))
    assert put(last, target).release > newest
    assert roll_back(target, now=NOW).restores is not None
    served(target)
    temporary = [path for path in target.rglob(".gatekeeper-*") if path.parent.parent.name != "reports"]
    assert temporary == []
