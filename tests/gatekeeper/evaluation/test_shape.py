"""Context and horizon: who names them, who wins, and who is refused."""

import pytest

from gatekeeper.evaluation.shape import Shape, settle_shape
from schemas.errors import UsageError

NONE = (None, None)


@pytest.mark.parametrize(
    ("voices", "expected"),
    [
        ({}, Shape(5, 1, "default")),
        ({"config": (5, 2)}, Shape(5, 2, "config")),
        ({"flag": (None, 2)}, Shape(5, 2, "flag")),
        ({"data": (5, 2)}, Shape(5, 2, "sequence file")),
        ({"checkpoint": (3, 1)}, Shape(3, 1, "checkpoint")),
        (
            {"checkpoint": (5, 2), "data": (5, 2), "flag": (None, 2), "config": (5, None)},
            Shape(5, 2, "checkpoint"),
        ),
        ({"checkpoint": (5, None), "config": (None, 2)}, Shape(5, 2, "config")),
    ],
)
def test_shape_comes_from_the_first_who_names_it(
    voices: dict[str, tuple[int | None, int | None]], expected: Shape
) -> None:
    given = {name: voices.get(name, NONE) for name in ("checkpoint", "data", "flag", "config")}
    found = settle_shape(
        checkpoint=given["checkpoint"], data=given["data"], flag=given["flag"], config=given["config"]
    )
    assert found == expected


@pytest.mark.parametrize("other", ["data", "flag", "config"])
def test_whoever_contradicts_the_checkpoint_is_refused(other: str) -> None:
    voices: dict[str, tuple[int | None, int | None]] = dict.fromkeys(("data", "flag", "config"), NONE)
    voices[other] = (None, 2)
    with pytest.raises(UsageError, match=r"the checkpoint says horizon 1, .* says horizon 2"):
        settle_shape(checkpoint=(5, 1), data=voices["data"], flag=voices["flag"], config=voices["config"])


def test_a_recipe_may_have_a_horizon_of_its_own() -> None:
    found = settle_shape(checkpoint=NONE, data=NONE, flag=NONE, config=NONE, default_horizon=2)
    assert found == Shape(5, 2, "default")
