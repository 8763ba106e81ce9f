"""What the diagnosis says of predictors with a known answer, on real speeches."""

import pytest

import gatekeeper


@pytest.fixture(scope="module")
def speeches() -> gatekeeper.Data:
    return gatekeeper.load_data()


@pytest.mark.parametrize(
    ("control", "name", "beginning"),
    [
        ("copy_last", "copies", "The model copies the last chunk it read: on val cosine 1.000 against 0."),
        ("constant", "collapsed", "The model gives one answer to whatever it reads: "),
        ("random", "chance", "The model cannot be told from chance: "),
        ("mean_context", "less_than_copying", "The model knows less than copying does: on val 1."),
        ("ridge", "less_than_copying", "The model knows less than copying does: on val 0."),
        ("copy_mix", "looks_back", "The model is closer to the last chunk it read than to the target: "),
    ],
)
def test_a_control_is_told_as_what_it_is(
    speeches: gatekeeper.Data, control: str, name: str, beginning: str
) -> None:
    found = gatekeeper.evaluate(f"control:{control}", speeches, max_samples=200).diagnosis
    assert found.name == name
    assert found.sentence.startswith(beginning)
