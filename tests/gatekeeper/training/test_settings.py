"""Settings of a recipe: one key for each field of its dataclass, whatever its hint."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.training.settings import build_settings
from schemas.errors import UsageError
from tests.gatekeeper.training.recipe import OWN, Knobs
from trainers.recipes.p6b import P6bSettings
from trainers.recipes.ridge import RidgeSettings
from trainers.registry import trainer, trainer_names


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
