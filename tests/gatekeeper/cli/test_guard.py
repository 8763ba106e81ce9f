"""However foreign code ends the process, the command's own exit code is what the parent ends with."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

HEAD = """
import atexit, ctypes, os, signal, subprocess, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits it as ignored
signal.signal(signal.SIGQUIT, signal.SIG_DFL)  # likewise
import click
from gatekeeper.cli.guard import Guard, end

@click.command()
@click.pass_context
def command(ctx):
    guard = ctx.find_object(Guard)
    guard.separate()
"""

TAIL = """
command(obj=Guard())
"""


def program(body: str, *, before: str = "") -> list[str]:
    """A command whose child does ``body``."""
    lines = "\n".join(f"    {line}" for line in body.strip().split("\n"))
    return [sys.executable, "-c", f"{before}{HEAD}{lines}{TAIL}"]


def start(command: list[str]) -> subprocess.Popen[str]:
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(command: list[str]) -> tuple[int, str, str]:
    with start(command) as process:
        out, errors = process.communicate(timeout=60)
    return process.returncode, out, errors


ENDS = {
    "os._exit(0)": "exit status 0",
    "sys.exit(0)": "exit status 0",
    "ctx.exit(0)": "exit status 0",
    "ctypes.CDLL(None)._exit(0)": "exit status 0",
    "ctypes.CDLL(None).exit(0)": "exit status 0",
    'os.execvp("true", ["true"])': "exit status 0",
    "threading.Thread(target=os._exit, args=(0,)).start(); time.sleep(60)": "exit status 0",
    "os._exit(1)": "exit status 1",
    "os.kill(os.getpid(), signal.SIGKILL)": "signal 9, ",
    "os.abort()": "signal 6, ",
    # What it leaves behind holds its pipes open.
    "os.fork() and os._exit(0)\nos.close(1), os.close(2), time.sleep(3)": "exit status 0",
}


@pytest.mark.parametrize("body", ENDS)
def test_an_end_before_a_verdict_is_an_error(body: str) -> None:
    code, out, errors = ended(program(body))
    assert (code, out) == (3, "")
    (line,) = errors.splitlines()
    assert line.startswith(f"Error: the process in which the model runs has ended ({ENDS[body]}")
    assert line.endswith(
        ") before a verdict; expected predictions, so neither the model nor what it imports may end it"
    )


@pytest.mark.parametrize("code", [0, 1, 2, 3])
@pytest.mark.parametrize(
    "last",
    [
        "pass",
        "atexit.register(os._exit, 0)",
        "atexit.register(os._exit, 1)",
        "atexit.register(os.abort)",
        "os.kill(os.getpid(), signal.SIGKILL)",
    ],
)
def test_the_code_that_was_sent_counts_whatever_comes_after(last: str, code: int) -> None:
    first, after = (
        (last, "end(ctx, {})")
        if "atexit" in last
        else ("pass", f"guard.settle({{}})\n{last}\nctx.exit({{}})")
    )
    assert ended(program(f"{first}\n{after.format(*[code] * 2)}")) == (code, "", "")


def test_the_first_code_counts() -> None:
    assert ended(program("guard.settle(1)\nguard.settle(0)\nend(ctx, 0)")) == (1, "", "")


def test_the_child_prints_for_the_parent_once() -> None:
    body = 'print("from the child")\nend(ctx, 0)'
    assert ended(program(body, before='print("before")\n')) == (0, "before\nfrom the child\n", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_is_passed_on(number: signal.Signals) -> None:
    body = f"""
def hear(number, frame):
    print("heard", number, flush=True)
    end(ctx, 2)
signal.signal({int(number)}, hear)
print("at work", flush=True)
time.sleep(60)
"""
    with start(program(body)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        process.send_signal(number)
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, out, errors) == (2, f"heard {int(number)}\n", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGUSR2])
def test_a_child_ended_by_a_signal_that_was_passed_on_is_an_error(number: signal.Signals) -> None:
    with start(program('print("at work", flush=True)\ntime.sleep(60)')) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 3
    assert errors.startswith(f"Error: ended (signal {int(number)}, ")
    assert errors.endswith(") before a verdict; run the command again\n")


INTERRUPTED = """
try:
    print("at work", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    {}
    end(ctx, 3)
"""


@pytest.mark.parametrize("group", [True, False], ids=["terminal", "kill"])
def test_an_interrupt_is_heard_once(group: bool) -> None:
    """A terminal interrupts both processes, ``kill`` the parent alone."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        program(INTERRUPTED.format("time.sleep(0.2)")),
        env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        (os.killpg if group else os.kill)(process.pid, signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, out, errors) == (3, "interrupted\n", "")


def test_whoever_interrupts_twice_means_it() -> None:
    with start(program(INTERRUPTED.format("time.sleep(60)"))) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "before a verdict; run the command again\n" in errors


@pytest.mark.parametrize("before", ["", "import sys\nsys.platform = 'darwin'\n"], ids=["linux", "elsewhere"])
def test_the_child_ends_with_its_parent(before: str) -> None:
    with start(program('print("at work", flush=True)\nwhile True: pass', before=before)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        process.kill()
        # The end of the pipe: nobody can write any more, so the child has ended.
        assert process.stdout.read() == ""
    assert process.returncode == -signal.SIGKILL
