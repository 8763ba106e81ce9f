"""``control:NAME`` is read without torch, and a misspelt name is told the nearest."""

import pytest

from gatekeeper.evaluation.controls import control_name, is_control
from schemas.errors import UsageError
from schemas.records.evidence import CONTROLS


@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_is_a_model(name: str) -> None:
    assert is_control(f"control:{name}")
    assert control_name(f"control:{name}") == name


@pytest.mark.parametrize("spec", ["ridge", "control", "Control:ridge", "./control:ridge", ""])
def test_anything_else_is_none(spec: str) -> None:
    assert not is_control(spec)


@pytest.mark.parametrize(("name", "hint"), [("rigde", "did you mean 'ridge'? "), ("", ""), ("zzz", "")])
def test_an_unknown_control_is_told_the_known_ones(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        control_name(f"control:{name}")
    assert str(caught.value) == (f"unknown control {name!r}; {hint}known controls: {', '.join(CONTROLS)}")
