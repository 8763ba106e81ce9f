"""Settings of a recipe: one flag and one key for each field of its dataclass, whatever its hint."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import click
import click.testing
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.cli.train import train_command
from gatekeeper.training.settings import build_settings, settings_options
from gates.contracts import Dataset
from schemas.errors import UsageError
from trainers.contracts import Trained, TrainingJob
from trainers.recipes.p6b import P6bSettings
from trainers.recipes.ridge import RidgeSettings
from trainers.registry import trainer, trainer_names


@dataclass(frozen=True, kw_only=True)
class Knobs:
    """One field of every kind."""

    count: int = field(default=3, metadata={"help": "How many."})
    rate: float = field(default=2.0, metadata={"help": "How fast."})
    quick: bool = field(default=False, metadata={"help": "Whether to hurry."})
    tidy: bool = field(default=True, metadata={"help": "Whether to clean up."})
    mood: Literal["calm", "wild"] = field(default="calm", metadata={"help": "How to behave."})
    name_tag: str = field(default="none", metadata={"help": "What to wear."})
    bounds: tuple[float, float] = field(default=(0.25, 5e-5), metadata={"help": "From where to where."})
    sizes: tuple[int, ...] = field(default=(1, 2, 3), metadata={"help": "Which sizes to try."})
    layers: int | None = field(default=None, metadata={"help": "Its layers."})
    dropout: float | None = field(default=None, metadata={"help": "Its dropout."})

    def __post_init__(self) -> None:
        if self.count < 0:
            raise UsageError(f"count must not be negative; found {self.count}")


class Own:
    name = "own"
    summary = "A recipe of somebody else's."
    default_horizon = 3
    settings = Knobs

    def architecture_of(self, settings: Knobs) -> str:
        return "linear"

    def check(self, dataset: Dataset, settings: Knobs) -> None:
        """Everything can be trained."""

    def fit(self, job: TrainingJob, settings: Knobs) -> Trained:
        return Trained("done")


OWN = Own()


def flags(*arguments: str) -> dict[str, object]:
    """What a command with a flag for each setting is given."""

    found: dict[str, object] = {}

    def command(**values: object) -> None:
        found.update(values)

    click.command()(settings_options(OWN)(command)).main(list(arguments), standalone_mode=False)
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


@pytest.mark.parametrize(
    ("table", "typed", "count"),
    [({}, {}, 3), ({"count": 4}, {}, 4), ({}, {"count": 5}, 5), ({"count": 4}, {"count": 5}, 5)],
)
def test_a_flag_wins_over_the_file_and_the_file_over_the_default(
    table: Mapping[str, object], typed: Mapping[str, object], count: int
) -> None:
    assert build_settings(OWN, table, typed, where="") == Knobs(count=count)


VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "count": st.integers(min_value=0),
    "rate": st.floats(allow_nan=False),
    "quick": st.booleans(),
    "tidy": st.booleans(),
    "mood": st.sampled_from(["calm", "wild"]),
    "name_tag": st.text(max_size=3),
    "bounds": st.lists(st.floats(allow_nan=False), min_size=2, max_size=2),
    "sizes": st.lists(st.integers(), max_size=3),
    "layers": st.none() | st.integers(),
    "dropout": st.none() | st.floats(allow_nan=False),
}
TABLES = st.fixed_dictionaries({}, optional=dict(VALUES))


@given(TABLES, TABLES)
def test_precedence_holds_setting_by_setting(table: dict[str, Any], typed: dict[str, Any]) -> None:
    built = build_settings(OWN, table, typed, where="")
    for setting in dataclasses.fields(Knobs):
        name = setting.name
        if name in typed:
            expected = typed[name]  # as click made it
        elif name in table:
            expected = tuple(table[name]) if isinstance(table[name], list) else table[name]
        else:
            expected = setting.default
        assert getattr(built, name) == expected, name


@pytest.mark.parametrize("name", trainer_names())
def test_the_defaults_of_a_recipe_come_back_from_its_record(name: str) -> None:
    recipe = trainer(name)
    plain = {
        key: list(value) if isinstance(value, tuple) else value  # as config.json holds it
        for key, value in dataclasses.asdict(recipe.settings()).items()
    }
    assert build_settings(recipe, plain, {}, where="") == recipe.settings()


def test_plain_values_become_what_the_fields_hold() -> None:
    built = build_settings(
        OWN,
        {"rate": 1, "bounds": [1, 2], "sizes": [5, 4], "layers": None, "dropout": 0, "mood": "wild"},
        {},
        where="",
    )
    assert built == Knobs(rate=1.0, bounds=(1.0, 2.0), sizes=(5, 4), dropout=0.0, mood="wild")
    assert [type(value) for value in (built.rate, *built.bounds, built.dropout)] == [float] * 4


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("count", 1.0, "a whole number, found 1.0"),
        ("count", "1", "a whole number, found '1'"),
        ("count", True, "a whole number, found True"),
        ("count", None, "a whole number, found None"),
        ("count", [1], "a whole number, found [1]"),
        ("rate", "1", "a number, found '1'"),
        ("rate", True, "a number, found True"),
        ("rate", None, "a number, found None"),
        ("quick", 1, "true or false, found 1"),
        ("quick", "true", "true or false, found 'true'"),
        ("mood", "sad", "one of calm, wild, found 'sad'"),
        ("mood", 1, "one of calm, wild, found 1"),
        ("mood", ["calm"], "one of calm, wild, found ['calm']"),
        ("name_tag", 7, "a text, found 7"),
        ("bounds", 0.5, "a list of 2 numbers, found 0.5"),
        ("bounds", [0.5], "a list of 2 numbers, found [0.5]"),
        ("bounds", [1, 2, 3], "a list of 2 numbers, found [1, 2, 3]"),
        ("bounds", "ab", "a list of 2 numbers, found 'ab'"),
        ("bounds", [0.5, "1"], "a number, found '1'"),
        ("sizes", 4, "a list of numbers, found 4"),
        ("sizes", [1, 2.5], "a whole number, found 2.5"),
        ("sizes", [None], "a whole number, found None"),
        ("layers", 2.0, "a whole number, found 2.0"),
        ("layers", False, "a whole number, found False"),
        ("dropout", "0.1", "a number, found '0.1'"),
    ],
)
def test_a_value_of_another_kind_is_refused(key: str, value: object, expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        build_settings(OWN, {key: value}, {}, where="own.toml: [train.own] ")
    assert str(caught.value) == f"own.toml: [train.own] {key}: expected {expected}"
    assert caught.value.exit_code == 2


def test_a_wrong_value_is_refused_even_where_a_flag_replaces_it() -> None:
    with pytest.raises(UsageError, match="count: expected a whole number"):
        build_settings(OWN, {"count": "many"}, {"count": 1}, where="")


def test_a_range_counts_only_for_the_value_that_wins() -> None:
    with pytest.raises(UsageError, match="count must not be negative; found -1"):
        build_settings(OWN, {"count": -1}, {}, where="")
    assert build_settings(OWN, {"count": -1}, {"count": 1}, where="") == Knobs(count=1)
    with pytest.raises(UsageError, match="count must not be negative; found -1"):
        build_settings(OWN, {"count": 1}, {"count": -1}, where="")


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("cuont", "did you mean 'count'?"),
        ("name-tag", "did you mean 'name_tag'?"),  # the flag's spelling
        ("Layers", "did you mean 'layers'?"),
        (
            "zzz",
            "known are count, rate, quick, tidy, mood, name_tag, bounds, sizes, layers, dropout",
        ),
    ],
)
def test_an_unknown_key_names_the_nearest_or_all(key: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        build_settings(OWN, {"count": 1, key: 1}, {}, where="own.toml: [train.own] ")
    assert str(caught.value) == f"own.toml: [train.own] {key!r} is unknown; {hint}"


@pytest.mark.parametrize(
    ("name", "table", "message"),
    [
        ("p6b", {"target_fraction": 0.1}, "'target_fraction' is unknown; did you mean 'target_frac'?"),
        ("p6b", {"prev": "context[-3]"}, "prev: expected one of context[-2], context[-1], skipped, found "),
        ("p6b", {"lambda_clamp": [0.05, 1e-4]}, "lambda_clamp needs two positive ascending numbers"),
        ("p6b", {"ramp": "2:0.1:1"}, "the epochs of a ramp must ascend from 1"),
        ("p6b", {"lr": float("nan")}, "lr must lie above 0 and below inf; found nan"),
        ("p6b", {"on_collapse": "pray"}, "on_collapse: expected one of stop, rollback, ignore, found 'pray'"),
        ("p6c", {"mse_epochs": 13}, "mse_epochs must lie in 1 to 12 (epochs); found 13"),
        ("p6c", {"gamma": 8.0}, "'gamma' is unknown; "),
        ("p1", {"accumulate": 64}, "a batch of 32 cannot be cut into 64 parts"),
        ("ridge", {"epochs": 3}, "'epochs' is unknown; "),
        ("ridge", {"strengths": []}, "strengths must be positive numbers; found ()"),
        ("ridge", {"strengths": 0.1}, "strengths: expected a list of numbers, found 0.1"),
        ("ridge", {"max_windows": 1e5}, "max_windows: expected a whole number, found 100000.0"),
    ],
)
def test_mistakes_in_the_settings_of_registered_trainers(
    name: str, table: Mapping[str, object], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        build_settings(trainer(name), table, {}, where="")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_settings_of_registered_trainers_from_file_and_flags() -> None:
    built = build_settings(
        trainer("p6b"),
        {"epochs": 3, "lambda_clamp": [1e-3, 1], "prev": "skipped", "layers": 2},
        {"epochs": 5, "compile": True},
        where="",
    )
    assert built == P6bSettings(epochs=5, lambda_clamp=(1e-3, 1.0), prev="skipped", layers=2, compile=True)
    ridge = build_settings(trainer("ridge"), {"strengths": [1, 0.5]}, {"strengths": (0.25,)}, where="")
    assert ridge == RidgeSettings(strengths=(0.25,))
