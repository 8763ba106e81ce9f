"""What a policy may hold, place by place, as people write it."""

import pytest

from schemas.reading.schema import violation
from schemas.records.evidence import RIVALS
from schemas.records.policy import ChampionRule, ControlRule, PolicyCheck, control_of
from tests.schemas.documents import accepted, at, document


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        (("schema_version",), ["1.0", "1.999"], ["2.0", None]),
        (("name",), ["x", "x" * 2000], ["", "a\nb", None]),
        (("description",), ["", "x" * 2000], ["x" * 2001, "a\nb", None, 1]),
        (("decide",), ["point", "bound"], ["mean", None]),
        (("confidence",), [1e-9, 0.999], [0, 1, None]),
        (("min_gates_passed",), [0, 5], [-1, 6, None]),
        (("min_samples",), [1, 7], [0, -1, 1.5, None, "1"]),
        (("min_articles",), [1, 7], [0, -1, 1.5, None, "1"]),
        (
            ("required_gates",),
            [[], ["retrieval", "rollout"]],
            [["retrieval", "retrieval"], ["backward_bias"], None],
        ),
        (("check",), [], [[], None, [{}]]),
        (("check", 0, "gate"), ["rollout", "backward_bias"], ["champion", None]),
        (("check", 0, "splits"), [["train", "val", "ood", "val-ood"]], [[], ["val", "val"], ["test"], "val"]),
        (("check", 0, "min"), [-1e9, 1e9], [-1.1e9, 1.1e9, None]),
        (("check", 0, "above"), [0], ["0", None]),
        (("check", 0, "required"), [True, False], [None, 0, "true"]),
        (("check", 0, "severity"), ["error", "warn"], ["info", None]),
        (("champion",), [[]], [None, [{}]]),
        (("champion", 0, "max_regression"), [0, 1e9], [-0.1, 1.1e9, None]),
        (("champion", 0, "min_gain"), [0], [-0.1]),
        (("champion", 0, "max_gain"), [0], [-0.1]),
        (("waiver", 0, "gate"), ["rollout", "backward_bias", "champion"], ["A", None]),
        (("waiver", 0, "owner"), ["x", "x" * 200], ["", "x" * 201]),
        (("waiver", 0, "reason"), ["x", "x" * 500], ["", "x" * 501]),
        (("waiver", 0, "expires"), ["2026-12-31"], ["2026-12-31T00:00:00", "26-12-31", "2026-12-31\n", None]),
        (("data",), [{"seed": 0}, {"bank": "b" * 64}], [{}, {"test": "b" * 64}, {"val": None}, None]),
        (("data", "context"), [1, 7], [0, -1, 1.5, None, "1"]),
        (("data", "seed"), [0, 7], [-1, 0.5, None, "1"]),
        (("data", "bin_edges"), [[-1, 1]], [[0], None]),
    ],
)
def test_what_may_stand_where(place: tuple[str | int, ...], good: list[object], bad: list[object]) -> None:
    assert accepted("policy", place, [*good, *bad]) == good


@pytest.mark.parametrize(
    "place",
    [
        ("check", 0, "min"),
        ("check", 0, "decide"),
        ("champion", 0, "max_gain"),
        ("data", "val"),
        ("data",),
        ("waiver",),
    ],
)
def test_what_is_open_is_left_out(place: tuple[str | int, ...]) -> None:
    found = document("policy")
    del at(found, place[:-1])[place[-1]]
    assert violation("policy", found) is None


def test_a_rule_of_the_champion_is_bounds_on_the_gain() -> None:
    kept = ChampionRule("offset_sweep.cos", ("val",), 0.1, None, 0.5, "warn", "bound").as_check()
    assert kept == PolicyCheck(
        "champion", "offset_sweep.cos", ("val",), -0.1, 0.5, None, False, "warn", "bound"
    )
    gained = ChampionRule("offset_sweep.cos", ("val",), None, 0.2, None).as_check()
    assert (gained.minimum, gained.maximum, gained.required, gained.decide) == (0.2, None, True, None)


def test_a_rule_over_a_control_is_bounds_on_the_gain() -> None:
    where = ("val", "ood")
    rule = ControlRule("ridge", "offset_sweep.cos", where, 0.1, 0.2, "bound", "warn", False)
    assert rule.as_check() == PolicyCheck(
        "control:ridge", "offset_sweep.cos", where, 0.2, None, 0.1, False, "warn", "bound"
    )
    # min_gain alone asks for the estimate, whatever it says.
    least = ControlRule("ridge", "offset_sweep.cos", where, None, 0.2, "bound", "error", True)
    assert least.as_check() == PolicyCheck(
        "control:ridge", "offset_sweep.cos", where, 0.2, None, None, True, "error", "point"
    )


@pytest.mark.parametrize("control", RIVALS)
def test_every_rival_has_a_gate_of_its_own(control: str) -> None:
    assert control_of(f"control:{control}") == control
    assert control_of(control) is None
    assert control_of(f"control:control:{control}") is None
    assert control_of("control:oracle") is None
