"""A name that nobody knows is answered with the nearest one that somebody does."""

import pytest

from schemas.errors import UsageError
from schemas.names import did_you_mean, nearest, refuse_unknown

KNOWN = ("p6b", "p6c", "ridge", "mse")


@pytest.mark.parametrize(
    ("name", "found"), [("rigde", "ridge"), ("mze", "mse"), ("ridge", "ridge"), ("zzz", None), ("", None)]
)
def test_the_nearest_name(name: str, found: str | None) -> None:
    assert nearest(name, KNOWN) == found
    assert did_you_mean(name, KNOWN) == ("" if found is None else f"did you mean {found!r}?")


def test_any_iterable_of_names_will_do() -> None:
    assert nearest("rigde", iter(KNOWN)) == "ridge"
    assert nearest("rigde", []) is None


def test_known_keys_pass() -> None:
    refuse_unknown({}, KNOWN, "here: ")
    refuse_unknown({"p6b": 1, "mse": None}, KNOWN, "here: ")


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("rigde", "config.toml: 'rigde' is unknown; did you mean 'ridge'?"),
        ("zzz", "config.toml: 'zzz' is unknown; known are p6b, p6c, ridge, mse"),
    ],
)
def test_an_unknown_key_is_refused(key: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        refuse_unknown({"mse": 1, key: 2}, KNOWN, "config.toml: ")
    assert str(caught.value) == message
