"""Flags that several commands share, made from the sections of a configuration."""

import dataclasses

import click
import pytest
from click.testing import CliRunner

from gatekeeper.cli.knobs import with_options
from gatekeeper.cli.options import data_flags, eval_flags, key_options, tell
from gatekeeper.cli.voice import quiet_option
from gatekeeper.config.keys import key_names
from gatekeeper.config.sections import DataConfig, EvalConfig


def flags_of(*options: object) -> dict[str, click.Parameter]:
    command = click.command()(with_options(*options)(lambda **given: None))  # type: ignore[arg-type]
    return {parameter.name or "": parameter for parameter in command.params}


def test_every_key_of_a_section_is_a_flag_that_nobody_must_give() -> None:
    data, evaluation = flags_of(*data_flags()), flags_of(*eval_flags())
    assert set(data) == {"config", *key_names(DataConfig)}
    assert set(evaluation) == set(key_names(EvalConfig))
    for parameter in (*data.values(), *evaluation.values()):
        assert not parameter.required
        assert isinstance(parameter, click.Option)
        assert parameter.help


def test_a_training_says_which_horizon_its_recipe_has() -> None:
    plain, training = flags_of(*data_flags()), flags_of(*data_flags(training=True, horizon=7))
    helps = [str(vars(flags["horizon"])["help"]) for flags in (plain, training)]
    assert "[7]" in helps[1]
    assert helps[0] != helps[1]


@pytest.mark.parametrize(
    ("arguments", "changed"),
    [((), {}), (("--vectors-key", "v", "--text-key", "t"), {"vectors": "v", "texts": "t"})],
)
def test_names_of_arrays_are_one_argument(arguments: tuple[str, ...], changed: dict[str, str]) -> None:
    seen: list[object] = []

    @click.command()
    @key_options
    def command(keys: object) -> None:
        seen.append(keys)

    assert CliRunner().invoke(command, list(arguments)).exit_code == 0
    fields = dataclasses.asdict(seen[0])  # type: ignore[call-overload]
    assert {name: value for name, value in fields.items() if value is not None} == changed


def test_notes_are_told_a_line_each_unless_all_shall_be_quiet() -> None:
    @click.command()
    def command() -> None:
        tell(["one\x1b[2J", "two"])

    command.params.append(quiet_option())
    told = CliRunner().invoke(command).stderr.splitlines()
    assert [line.partition(" ")[0] for line in told] == ["note:", "note:"]
    assert "\x1b" not in told[0]
    assert CliRunner().invoke(command, ["-q"]).stderr == ""
