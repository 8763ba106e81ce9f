"""What a command says where it refuses: one line on stderr, and nothing on stdout."""

import click.testing


def refused(result: click.testing.Result, code: int) -> str:
    """The one line a refusal consists of."""
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    return line
