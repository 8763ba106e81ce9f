"""The options of cutting: what a command is given for them."""

import click
import pytest
from click.testing import CliRunner

from gatekeeper.cli.data.cutting import cutting_options
from gatekeeper.data.documents.chunker import Chunking
from gatekeeper.data.documents.cutting import Cutting


@pytest.mark.parametrize(
    ("flags", "cutting"),
    [
        ((), None),
        (("--chunk-words", "80"), Cutting(Chunking(80, "en"))),
        (("--language", "DE"), Cutting(Chunking(50, "de"))),
        (("--keep-boilerplate",), Cutting(Chunking(), keep_boilerplate=True)),
    ],
)
def test_a_command_is_given_what_was_asked_for(flags: tuple[str, ...], cutting: Cutting | None) -> None:
    found: list[Cutting | None] = []

    @click.command()
    @cutting_options
    def command(cutting: Cutting | None) -> None:
        found.append(cutting)

    assert CliRunner().invoke(command, flags).exit_code == 0
    assert found == [cutting]
