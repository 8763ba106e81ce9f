"""``python -m gatekeeper`` and the ``gatekeeper`` console script."""

import contextlib
import io
import os
import sys

from gatekeeper import DISTRIBUTION
from gatekeeper.installation.files import InstallationError
from gatekeeper.installation.siblings import check_siblings

EXIT_ERROR = 3  # of schemas.errors, which is not imported before it was checked


def main() -> None:
    """Run the command line; every error ends in one line on stderr and a documented exit code."""
    _prepare_streams()
    if sys.flags.inspect:
        # PYTHONINSPECT or -i: Python would drop every exit code and, at a terminal, end with 0.
        sys.stderr.write("Error: Python is told to go on interactively, so no exit code would count; ")
        sys.stderr.write("unset PYTHONINSPECT or leave out -i\n")
        sys.stderr.flush()
        os._exit(EXIT_ERROR)
    try:
        check_siblings()
        # Only now: the command line imports the siblings that were just checked.
        from gatekeeper.cli.app import COMPLETION, cli
        from gatekeeper.cli.guard import Guard
    except InstallationError as error:
        sys.stderr.write(f"Error: {error}\n")
        sys.exit(error.exit_code)
    except ImportError as error:  # as a traceback it would exit with 1, a verdict
        sys.stderr.write(f"Error: {error}; install {DISTRIBUTION} again\n")
        sys.exit(EXIT_ERROR)

    try:
        cli(prog_name="gatekeeper", obj=Guard())
    except OSError as error:
        # --help or --version, which no command runs for, into a full disk.
        with contextlib.suppress(OSError):
            sys.stderr.write(f"Error: {error.strerror or error}\n")
        sys.exit(EXIT_ERROR)
    except (Exception, KeyboardInterrupt):
        # No command lets one through; while a shell completes a line, a broken plug-in shall say nothing.
        if COMPLETION not in os.environ:
            raise
        sys.exit(EXIT_ERROR)


def _prepare_streams() -> None:
    """Make standard output take any text, and standard error be there.

    A character that the encoding of standard output lacks (λ in Latin-1), or a file name that is no
    text, is written as its escape: a verdict must not be lost for it after hours of training.

    Where whoever started us has closed standard error, what goes there goes nowhere. Otherwise the next
    file that is opened, a report or a model, becomes descriptor 2, and whatever a library says on
    standard error is written into it.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")
    if sys.stderr is None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        if nowhere != 2:
            os.dup2(nowhere, 2)
            os.close(nowhere)
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115


if __name__ == "__main__":
    main()
