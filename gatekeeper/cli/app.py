"""The command line, assembled from ``gatekeeper.cli``."""

import contextlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any

import click

from gatekeeper import __version__
from gatekeeper.cli.groups import LazyGroup
from gatekeeper.cli.guard import end
from gatekeeper.cli.voice import quiet_option, warn
from schemas.errors import EXIT_ERROR, EXIT_INTERRUPTED, EXIT_USAGE, GatekeeperError
from schemas.reasons import without_advice
from schemas.text import harmless, printable

COMMANDS = {
    "try": ("gatekeeper.cli.try_data:try_command", "Say whether a model can work on your data."),
    "eval": ("gatekeeper.cli.eval:eval_command", "Run the five gates on a model and write a report."),
    "train": ("gatekeeper.cli.train:train_group", "Train a model with a registered trainer."),
    "check": ("gatekeeper.cli.check:check_command", "Let a model through, or stop it: for CI."),
    "report": ("gatekeeper.cli.report:report_command", "Show a report as a table or an HTML page."),
    "compare": ("gatekeeper.cli.compare:compare_command", "Compare models on identical samples."),
    "deploy": ("gatekeeper.cli.deploy:deploy_command", "Check a model and switch production to it."),
    "sign": ("gatekeeper.cli.sign:sign_command", "Sign a report."),
    "keygen": ("gatekeeper.cli.keygen:keygen_command", "Make a key pair for signing."),
    "data": ("gatekeeper.cli.data.group:data_group", "Build, inspect, audit and make data."),
    "list": ("gatekeeper.cli.list:list_command", "List trainers, gates, architectures, ..."),
    "schema": ("gatekeeper.cli.schema:schema_command", "Print a published JSON Schema."),
}
"""In the order of a work day."""


COMPLETION = "_GATEKEEPER_COMPLETE"
"""The variable by which a shell asks what a line may become, the script for doing so included."""

_FAILURES = (EXIT_USAGE, EXIT_ERROR, EXIT_INTERRUPTED)
_JUDGES = ("try", "eval", "train", "check", "deploy")


class Cli(LazyGroup):
    """Turns every error into one line and a documented exit code."""

    def main(self, args: Sequence[str] | None = None, **more: Any) -> Any:  # type: ignore[override]  # noqa: ANN401
        """Complete a line or run one, never the first where the second was asked for.

        A shell that completes gives no arguments. With them, click would print a script or some words
        instead of running the command, and end with 0.
        """
        if (sys.argv[1:] if args is None else args) and os.environ.get(COMPLETION):
            _tell(f"the variable {COMPLETION} is set, so no command would run; unset it, shells set it alone")
            sys.exit(EXIT_ERROR)
        return super().main(args, **{**more, "complete_var": COMPLETION})

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:  # noqa: ANN401  (click's own)
        """Read the line; ``--help`` and ``--version`` are printed here, before any command is invoked."""
        try:
            return super().make_context(*arguments, **more)
        except BrokenPipeError:
            _let_go_of_stdout()
            raise click.exceptions.Exit(EXIT_ERROR) from None
        except click.ClickException as error:
            raise _shown(error) from None

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  (click's own signature)
        """Run a command; a :class:`GatekeeperError` ends it with its line and exit code."""
        if sys.stdout is None:
            # Closed by whoever started us: click would drop the verdict without a word.
            _tell("standard output is closed, so nobody would hear a verdict")
            ctx.exit(EXIT_ERROR)
        try:
            with _ended_by_signals():
                return super().invoke(ctx)
        except GatekeeperError as error:
            _tell(str(error))
            # A plug-in's own kind of error must not name a code that is a verdict.
            end(ctx, error.exit_code if error.exit_code in _FAILURES else EXIT_ERROR)
        except BrokenPipeError:
            # The reader has gone, as in `gatekeeper check ... | head -1`; click would exit with 1, a verdict.
            _let_go_of_stdout()
            end(ctx, EXIT_ERROR)
        except OSError as error:
            # E.g. a name longer than the file system allows. As a traceback it would exit with 1.
            _tell(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "))
            end(ctx, EXIT_ERROR)
        except MemoryError as error:
            _tell(f"this machine's memory does not suffice: {error}".rstrip(": "))
            end(ctx, EXIT_ERROR)
        except (KeyboardInterrupt, click.Abort):
            # click would exit with 1, which here means blocked by the gates.
            done = "a verdict" if ctx.invoked_subcommand in _JUDGES else "it was done"
            _tell(f"interrupted before {done}; run the command again")
            end(ctx, EXIT_ERROR)
        except click.ClickException as error:
            raise _shown(error) from None
        except click.exceptions.Exit:
            raise
        except BaseException:  # noqa: BLE001  (whatever it is, it must not exit with 0 or 1, the verdicts)
            # No command of ours exits by itself: a SystemExit is a plug-in's, as is what is no Exception.
            warn(without_advice(traceback.format_exc()))
            _tell("gatekeeper itself failed; no verdict. Please report the lines above")
            end(ctx, EXIT_ERROR)


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end a command as SIGINT does: it cleans up, says so and exits with 3.

    What is ignored stays so, for ``nohup``. A training listens for itself while it runs. The first signal
    counts: a terminal that hangs up sends one to each process, and a parent passes its own on.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, lambda *_: None)
        raise KeyboardInterrupt

    before: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _shown(error: click.ClickException) -> click.ClickException:
    """The error, which click itself prints, with whatever was given on the line made harmless."""
    vars(error)["message"] = harmless(error.message)
    return error


def _let_go_of_stdout() -> None:
    """Nobody reads it any more; what is left in the buffer must go somewhere when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(message: str) -> None:
    """One line on stderr; where that is full or closed, the exit code must do."""
    warn(f"Error: {printable(message)}")


@click.group(cls=Cli, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gatekeeper")
def cli() -> None:
    """Decide whether a next-embedding model may be deployed.

    \b
    Exit codes: 0 pass or done, 1 blocked, 2 usage, 3 no verdict, 4 interrupted.
    """  # noqa: D301  (click's mark against rewrapping is the character, not its spelling)


cli.params.append(quiet_option())
