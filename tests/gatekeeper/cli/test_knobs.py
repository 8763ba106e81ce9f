"""The flags of a recipe: one for each field of its settings, whatever its hint."""

import dataclasses

import click
import click.testing
import pytest

from gatekeeper.cli.knobs import settings_flags, with_options
from gatekeeper.cli.train import train_command
from gatekeeper.training.settings import build_settings
from tests.gatekeeper.training.recipe import OWN, Knobs
from trainers.registry import trainer, trainer_names


def flags(*arguments: str) -> dict[str, object]:
    """What a command with a flag for each setting is given."""

    found: dict[str, object] = {}

    def command(**values: object) -> None:
        found.update(values)

    click.command()(with_options(*settings_flags(OWN))(command)).main(list(arguments), standalone_mode=False)
    assert found.keys() == {setting.name for setting in dataclasses.fields(Knobs)}
    return {name: value for name, value in found.items() if value is not None}


def test_no_flag_gives_nothing_so_that_the_file_decides() -> None:
    assert flags() == {}


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        (["--count", "7"], "count", 7),
        (["--count", "0"], "count", 0),  # falsy, yet given
        (["--rate", "7"], "rate", 7.0),
        (["--rate", "1e-3"], "rate", 0.001),
        (["--quick"], "quick", True),
        (["--no-quick"], "quick", False),  # wins over `quick = true` in a file
        (["--tidy"], "tidy", True),
        (["--no-tidy"], "tidy", False),
        (["--mood", "wild"], "mood", "wild"),
        (["--name-tag", "7"], "name_tag", "7"),
        (["--bounds", "0.5", "2"], "bounds", (0.5, 2.0)),
        (["--sizes", "4"], "sizes", (4,)),
        (["--sizes", "4", "--sizes", "2"], "sizes", (4, 2)),
        (["--layers", "2"], "layers", 2),
        (["--dropout", "0"], "dropout", 0.0),
    ],
)
def test_every_kind_of_hint_becomes_a_flag(arguments: list[str], name: str, value: object) -> None:
    found = flags(*arguments)
    assert found == {name: value}
    assert type(found[name]) is type(value)
    assert getattr(build_settings(OWN, {}, found, where=""), name) == value


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--count", "1.5"], "'1.5' is not a valid integer"),
        (["--count", "many"], "'many' is not a valid integer"),
        (["--rate", "fast"], "'fast' is not a valid float"),
        (["--quick", "yes"], "unexpected extra argument"),
        (["--mood", "sad"], "'sad' is not one of 'calm', 'wild'"),
        (["--bounds", "0.5"], "requires 2 arguments"),
        (["--bounds", "0.5", "x"], "'x' is not a valid float"),
        (["--sizes", "1.5"], "'1.5' is not a valid integer"),
        (["--layers", ""], "'' is not a valid integer"),
        (["--name_tag", "x"], "No such option"),
    ],
)
def test_a_flag_refuses_what_its_hint_does_not_allow(arguments: list[str], message: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        flags(*arguments)
    assert message.lower() in caught.value.format_message().lower()


def help_of(command: click.Command) -> str:
    """The help as one line: where it wraps is click's business."""
    result = click.testing.CliRunner().invoke(command, ["--help"], terminal_width=200)
    assert result.exit_code == 0, result.output
    return " ".join(result.stdout.split())


def test_the_help_of_every_kind() -> None:
    text = help_of(train_command(OWN))
    assert "A recipe of somebody else's." in text
    assert "Places from last chunk to target [3]." in text
    assert text.endswith(
        "--count INTEGER How many [3]. "
        "--rate FLOAT How fast [2]. "
        "--quick / --no-quick Whether to hurry [no]. "
        "--tidy / --no-tidy Whether to clean up [yes]. "
        "--mood [calm|wild] How to behave [calm]. "
        "--name-tag TEXT What to wear [none]. "
        "--bounds FLOAT... From where to where [0.25 5e-05]. "
        "--sizes INTEGER Which sizes to try [1 2 3] (repeatable). "
        "--layers INTEGER Its layers [the architecture's]. "
        "--dropout FLOAT Its dropout [the architecture's]. "
        "--help Show this message and exit."
    )


@pytest.mark.parametrize("name", trainer_names())
def test_the_help_of_a_registered_trainer_has_a_line_for_each_setting(name: str) -> None:
    recipe = trainer(name)
    text = help_of(train_command(recipe))
    assert f"Places from last chunk to target [{recipe.default_horizon}]." in text
    fields = dataclasses.fields(recipe.settings)
    assert fields
    begin = 0
    for setting in fields:
        line = setting.metadata["help"]
        assert line.endswith("."), setting.name
        flag = text.index(f" --{setting.name.replace('_', '-')} ", begin)
        begin = text.index(f" {line[:-1]} [", flag)  # in the order of the fields
        assert begin - flag < 80, f"{setting.name} is described elsewhere than beside its flag"


@pytest.mark.parametrize("name", trainer_names())
def test_a_setting_shares_no_flag_with_the_run(name: str) -> None:
    command = train_command(trainer(name))
    spellings = [flag for option in command.params for flag in (*option.opts, *option.secondary_opts)]
    assert sorted(spellings) == sorted(set(spellings))
    names = [option.name for option in command.params]
    assert sorted(map(str, names)) == sorted({str(name) for name in names})
