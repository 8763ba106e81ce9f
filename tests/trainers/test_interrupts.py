"""A first signal is only remembered, a second one ends the process, and afterwards all is as before."""

import itertools
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from trainers.interrupts import SIGNALS, Interrupts, listening

ROOT = Path(__file__).parents[2]

signals = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP])


def handlers() -> list[object]:
    return [signal.getsignal(number) for number in SIGNALS]


def test_these_are_listened_to() -> None:
    assert set(SIGNALS) == {signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP}


def test_nothing_is_received_before_a_signal() -> None:
    assert Interrupts().received is None
    with listening() as interrupts:
        assert interrupts.received is None


@signals
def test_the_first_signal_is_remembered_and_the_block_goes_on(number: signal.Signals) -> None:
    steps = []
    with listening() as interrupts:
        signal.raise_signal(number)
        steps.append("after the signal")
    assert interrupts.received == number.name
    assert steps == ["after the signal"]


@signals
def test_the_handlers_of_before_come_back(number: signal.Signals) -> None:
    seen: list[int] = []

    def own(number: int, frame: object) -> None:
        seen.append(number)

    before = signal.signal(number, own)
    try:
        expected = handlers()
        with listening():
            assert all(handler not in expected for handler in handlers())
        assert handlers() == expected
        signal.raise_signal(number)
    finally:
        signal.signal(number, before)
    assert seen == [number]


def test_a_hang_up_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup leaves it
    try:
        with listening() as interrupts:
            signal.raise_signal(signal.SIGHUP)
            assert interrupts.received is None
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_handlers_come_back_after_an_error() -> None:
    before = handlers()
    with pytest.raises(ZeroDivisionError), listening():
        raise ZeroDivisionError
    assert handlers() == before


def test_a_block_in_a_block_hears_the_signal_alone() -> None:
    with listening() as outer:
        with listening() as inner:
            signal.raise_signal(signal.SIGTERM)
        assert (outer.received, inner.received) == (None, "SIGTERM")
        signal.raise_signal(signal.SIGUSR1)
    assert (outer.received, inner.received) == ("SIGUSR1", "SIGTERM")


@pytest.mark.parametrize(("first", "second"), list(itertools.product(SIGNALS, repeat=2)))
def test_the_second_signal_ends_the_process(first: signal.Signals, second: signal.Signals) -> None:
    program = f"""
import signal
from trainers.interrupts import listening

with listening() as interrupts:
    signal.raise_signal({int(first)})
    print(interrupts.received, flush=True)
    signal.raise_signal({int(second)})
    print("still here", flush=True)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (-second, f"{first.name}\n", "")
