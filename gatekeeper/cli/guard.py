"""A child for code that is not ours, and a parent that knows how it ended.

A model may end the process it runs in: ``os._exit(0)``, a hook of ``atexit``, a crash. What waits for an
exit code would take 0 for a verdict. So the command goes on in a child, which sends its exit code through a
pipe once everything is written; the parent ends with that code, and with :data:`EXIT_ERROR` where none
came, whatever the child's own status. This guards against ends, not against code that patches ours.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterable
from types import FrameType
from typing import NoReturn

import click

from gatekeeper.cli.voice import warn
from schemas.errors import EXIT_ERROR

_PASSED_ON = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_PR_SET_PDEATHSIG = 1  # of linux/prctl.h


class Guard:
    """The exit code of one command.

    Only the program's own entry point has one: where a command is called from Python, everything stays
    in the caller's process.
    """

    def __init__(self) -> None:
        self._pipe: int | None = None

    def separate(self) -> None:
        """Go on in a child. Call it before anything starts threads, so before torch is loaded.

        Raises:
            click.exceptions.Exit: in the parent, once the child has ended, with the code of the command.
        """
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        codes, self._pipe = os.pipe()
        lifeline, held = os.pipe()
        parent = os.getpid()
        # A signal that comes before both are ready waits: neither loses it, nor ends by it unprepared.
        unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
        child = os.fork()
        if child:
            os.close(self._pipe)
            os.close(lifeline)
            self._pipe = None
            raise click.exceptions.Exit(_wait(child, codes, unblocked))
        os.close(codes)
        os.close(held)
        _end_with(parent, lifeline)
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, _interrupt_once)
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)

    def settle(self, code: int) -> None:
        """The command is done and everything is written: in a child, send its exit code. The first counts."""
        if self._pipe is not None:
            os.write(self._pipe, bytes([code]))
            os.close(self._pipe)
            self._pipe = None


def guard_of(ctx: click.Context) -> Guard | None:
    """The guard of the running command; None where it was called from Python."""
    return ctx.find_object(Guard)


def end(ctx: click.Context, code: int) -> NoReturn:
    """End the command with a code, sent to the parent where there is one."""
    guard = guard_of(ctx)
    if guard is not None:
        guard.settle(code)
    ctx.exit(code)


def _interrupt_once(number: int, frame: FrameType | None) -> NoReturn:
    """A terminal interrupts parent and child, and the parent passes its own on: one of the two is enough."""
    signal.signal(signal.SIGINT, lambda *_: None)
    raise KeyboardInterrupt


def _end_with(parent: int, lifeline: int) -> None:
    """Let this process end when its parent does, however that ends.

    Linux does it itself, also where foreign code never lets go of the interpreter; elsewhere a thread waits
    for the end of a pipe that the parent alone holds open.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # gone already
            os._exit(EXIT_ERROR)
    else:
        threading.Thread(target=_end_with_pipe, args=(lifeline,), daemon=True).start()


def _end_with_pipe(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGKILL)


def _wait(child: int, codes: int, unblocked: Iterable[int]) -> int:
    """Pass signals on until the child has ended; the code of the command, told where there is none."""
    received: list[int] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        # Whoever interrupts twice means it.
        again = number == signal.SIGINT and number in received
        received.append(number)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL if again else number)

    before = {number: signal.getsignal(number) for number in _PASSED_ON}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
    try:
        _, status = os.waitpid(child, 0)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    # Not until the end of the pipe: a process that the model has left behind may hold it open.
    os.set_blocking(codes, False)
    with contextlib.suppress(BlockingIOError):
        if sent := os.read(codes, 1):
            return sent[0]
    warn(f"Error: {_how_it_ended(status, received)}")
    return EXIT_ERROR


def _how_it_ended(status: int, received: list[int]) -> str:
    code = os.waitstatus_to_exitcode(status)
    how = f"exit status {code}" if code >= 0 else f"signal {-code}, {signal.strsignal(-code)}"
    if -code in received or (received and code == -signal.SIGKILL):
        return f"ended ({how}) before a verdict; run the command again"
    return (
        f"the process in which the model runs has ended ({how}) before a verdict; expected predictions, "
        "so neither the model nor what it imports may end it"
    )
