"""``python -m gatekeeper`` and the ``gatekeeper`` console script."""

import sys

from gatekeeper.siblings import ShadowedPackageError, check_siblings


def main() -> None:
    """Run the command line; every error ends in one line on stderr and a documented exit code."""
    try:
        check_siblings()
    except ShadowedPackageError as error:
        sys.stderr.write(f"Error: {error}\n")
        sys.exit(error.exit_code)
    # Only now: the command line imports the siblings that were just checked.
    from gatekeeper.cli import cli

    cli(prog_name="gatekeeper")


if __name__ == "__main__":
    main()
