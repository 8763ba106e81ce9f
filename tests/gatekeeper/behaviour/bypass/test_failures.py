"""Failures of our own, and of the machine."""

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gatekeeper.deployment import deploy as flow
from gatekeeper.deployment import submission, verify
from tests.gatekeeper.behaviour.bypass.gate import Gate
from tests.gatekeeper.forgery import (
    Files,
    invoke,
    refusal,
    within,
)

# Failures of our own, and of the machine.


class NoException(BaseException):
    """What e.g. a module of tests raises that skips itself."""


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("odd"),
        RecursionError(),
        AssertionError(),
        KeyError("x"),
        SystemExit(0),
        SystemExit(1),
        NoException(),
    ],
    ids=repr,
)
def test_a_crash_is_no_verdict(
    files: Files, gate: Gate, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def crash(*arguments: object, **more: object) -> None:
        raise error

    monkeypatch.setattr(verify, "judge", crash)
    result = gate.ask(files)
    assert result.exit_code == 3
    assert result.stdout == ""
    # The one place where a traceback is wanted: it is a fault of ours.
    assert result.stderr.splitlines()[-1] == (
        "Error: gatekeeper itself failed; no verdict. Please report the lines above"
    )
    assert not (files.production / "current").exists()


def test_too_little_memory_is_no_verdict(files: Files, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    def hoard(*arguments: object, **more: object) -> None:
        raise MemoryError("Unable to allocate 5.9 GiB")

    monkeypatch.setattr(verify, "judge", hoard)
    result = gate.ask(files)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == "Error: this machine's memory does not suffice: Unable to allocate 5.9 GiB\n"


@pytest.mark.parametrize("place", ["judge", "model_digest", "parse_report"])
def test_an_interrupted_run_is_no_verdict(
    files: Files, gate: Gate, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def interrupt(*arguments: object, **more: object) -> None:
        raise KeyboardInterrupt

    for module in (verify, flow, submission, importlib.import_module("gatekeeper.cli.check")):
        monkeypatch.setattr(module, place, interrupt, raising=False)
    assert gate.refuse(files) == "Error: interrupted before a verdict; run the command again"


WAITING = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits it as ignored
from gatekeeper.cli.app import cli
from gatekeeper.deployment import verify

def wait(*arguments, **more):
    print("at work", flush=True)
    time.sleep(600)

verify.judge = wait
cli(prog_name="gatekeeper")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_interrupted_by_a_signal_is_no_verdict(
    files: Files, gate: Gate, number: signal.Signals
) -> None:
    arguments = [str(each) for each in gate.arguments(files)]
    with subprocess.Popen(
        [sys.executable, "-c", WAITING, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        process.send_signal(number)
        out, errors = process.communicate(timeout=120)
    assert process.returncode == 3
    assert out == ""
    assert errors == "Error: interrupted before a verdict; run the command again\n"
    assert not (files.production / "current").exists()


NEEDS_FULL = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="this system has no device that is always full"
)


def shell(files: Files, gate: Gate, redirection: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gatekeeper", *map(str, gate.arguments(files))]
    return subprocess.run(
        ["sh", "-c", f'"$@" {redirection}', "sh", *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_control_the_untouched_submission_is_let_through_by_a_process(files: Files, gate: Gate) -> None:
    done = shell(files, gate, "")
    assert (done.returncode, done.stderr) == (0, "")
    assert "DEPLOYABLE: 5 of 5 gates passed" in done.stdout


def test_a_closed_stdout_is_no_pass(files: Files, gate: Gate) -> None:
    done = shell(files, gate, ">&-")
    assert done.returncode == 3
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert not (files.production / "current").exists()


def test_a_closed_stdout_says_so_in_one_line(files: Files) -> None:
    done = shell(files, Gate("check"), ">&-")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("Error: ")


@pytest.mark.parametrize("name", ["check", "deploy"])
def test_a_reader_that_has_gone_heard_no_verdict(files: Files, name: str) -> None:
    command = [sys.executable, "-m", "gatekeeper", *map(str, Gate(name).arguments(files))]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=120)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (3, b"")


@NEEDS_FULL
@pytest.mark.parametrize("form", ["table", "json", "markdown", "junit", "github"])
def test_a_full_stdout_is_no_pass(files: Files, form: str) -> None:
    done = shell(files, Gate("check"), f"--format {form} >/dev/full")
    assert done.returncode == 3
    assert done.stderr == "Error: No space left on device\n"


@NEEDS_FULL
def test_a_full_stdout_is_no_success_of_a_deployment(files: Files) -> None:
    done = shell(files, Gate("deploy"), ">/dev/full")
    assert done.returncode == 3
    assert done.stderr == "Error: No space left on device\n"


def test_a_refusal_with_a_closed_stderr_is_still_no_verdict(files: Files, gate: Gate) -> None:
    files.report.unlink()
    assert shell(files, gate, "2>&-").returncode == 3


@NEEDS_FULL
def test_a_refusal_with_a_full_stderr_is_still_no_verdict(files: Files, gate: Gate) -> None:
    files.report.unlink()
    assert shell(files, gate, "2>/dev/full").returncode == 3


@pytest.mark.parametrize("output", ["nowhere/verdict.txt", ".", "best.pt/verdict.txt", "pipe", "x" * 300])
def test_an_output_that_cannot_be_written_is_no_pass(files: Files, output: str) -> None:
    os.mkfifo(files.folder / "pipe")
    with within(60):
        message = Gate("check").refuse(files, "--output", files.folder / output)
    assert message.startswith(f"Error: cannot write {files.folder / output}: ")


@pytest.mark.parametrize("variable", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_an_output_of_the_ci_that_cannot_be_written_is_no_pass(
    files: Files, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(files.folder / "nowhere" / "file"))
    result = Gate("check").ask(files, "--format", "github")
    assert result.exit_code == 3
    assert (
        result.stderr
        == f"Error: cannot write {files.folder / 'nowhere' / 'file'}: No such file or directory\n"
    )


@pytest.mark.parametrize("target", ["best.pt", "best.pt/production", "pipe", "x" * 300, "dangling"])
def test_a_target_that_cannot_be_written_is_no_deployment(files: Files, target: str) -> None:
    os.mkfifo(files.folder / "pipe")
    (files.folder / "dangling").symlink_to("nowhere")
    arguments: list[str | Path] = [
        "deploy",
        files.model,
        "--report",
        files.report,
        "--to",
        files.folder / target,
    ]
    with within(60):
        message = refusal(invoke(*arguments))
    assert message.startswith(f"Error: cannot make the deployment folder {files.folder / target}: ")
    assert not list(files.folder.rglob("current"))


@pytest.mark.parametrize("name", ["releases", "models", "reports", ".lock", "current", "PRODUCTION.json"])
def test_a_target_with_something_else_in_the_place_of_its_parts_is_no_deployment(
    files: Files, name: str
) -> None:
    files.production.mkdir()
    if name == ".lock":
        (files.production / name).mkdir()
    else:
        (files.production / name).write_text("something else")
    result = Gate("deploy").ask(files)
    assert refusal(result).startswith("Error: ")
    assert not (files.production / "current").is_symlink()
