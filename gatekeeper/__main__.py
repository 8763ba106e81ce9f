"""``python -m gatekeeper`` and the ``gatekeeper`` console script."""

import contextlib
import sys

from gatekeeper.siblings import ShadowedPackageError, check_siblings

EXIT_ERROR = 3  # of schemas.errors, which is not imported before it was checked


def main() -> None:
    """Run the command line; every error ends in one line on stderr and a documented exit code."""
    try:
        check_siblings()
    except ShadowedPackageError as error:
        sys.stderr.write(f"Error: {error}\n")
        sys.exit(error.exit_code)
    # Only now: the command line imports the siblings that were just checked.
    from gatekeeper.cli import cli

    try:
        cli(prog_name="gatekeeper")
    except OSError as error:
        # --help or --version, which no command runs for, into a full disk.
        with contextlib.suppress(OSError):
            sys.stderr.write(f"Error: {error.strerror or error}\n")
        sys.exit(EXIT_ERROR)


if __name__ == "__main__":
    main()
