"""``python -m gatekeeper`` and the ``gatekeeper`` console script."""

import sys

import click


def main() -> None:
    """Run the command line; every error ends in one line on stderr and a documented exit code."""
    try:
        from gatekeeper.cli import cli
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    cli(prog_name="gatekeeper")


if __name__ == "__main__":
    main()
