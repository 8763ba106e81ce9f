"""What the history of a training may hold, place by place."""

import pytest

from schemas.records.history import MiniGates
from tests.schemas.documents import accepted


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        (("schema_version",), ["1.0", "1.999"], ["2.0", None]),
        (("trainer",), ["", "a\nb"], [None, 1]),
        (("best_epoch",), [None, 1], [0, 1.5, "1"]),
        (("ended",), [""], [None]),
        (("epochs", 0, "epoch"), [1, 7], [0, -1, 1.5, None, "1"]),
        (("epochs", 0, "samples"), [0, 7], [-1, 0.5, None, "1"]),
        (("epochs", 0, "seconds"), [0, 0.5], [-0.1, None]),
        (("epochs", 0, "lr"), [0, 0.5], [-0.1, None]),
        (("epochs", 0, "mini"), [None], [{}, 3]),
        (("epochs", 0, "steps", 0, "step"), [1, 7], [0, -1, 1.5, None, "1"]),
        (("epochs", 0, "steps", 0, "figures", "gap"), [-1e300, 0, 0.5], [None, "0", True]),
        (("epochs", 0, "steps", 0, "figures"), [], [{}, None, {"gap": 0.0}]),
        (("epochs", 0, "mini", "splits", "ood", "recall"), [None, -1e300, 0], ["0", True]),
        (("epochs", 0, "mini", "splits"), [], [{}, {"val": {}, "ood": {}, "train": {}}]),
        (
            ("epochs", 0, "mini", "gates"),
            [{}, {"any": "pass", "other": "skipped"}],
            [{"any": "waived"}, {"any": None}],
        ),
        (("epochs", 0, "mini", "outcome"), ["deployable", "blocked", "error"], ["pass", None]),
        (("epochs", 0, "mini", "kept"), [True, False], [None, 0, "true"]),
        (("epochs", 0, "mini", "escaped"), [True, False], [None, 0, "true"]),
        (("warnings", 0, "name"), ["gap_falling", "negative_cosines"], ["gap", None]),
        (("warnings", 0, "epoch"), [1, 7], [0, -1, 1.5, None, "1"]),
        (("warnings", 0, "step"), [0, 7], [-1, 0.5, None, "1"]),
        (("warnings", 0, "collapse"), [True, False], [None, 0, "true"]),
    ],
)
def test_what_may_stand_where(place: tuple[str | int, ...], good: list[object], bad: list[object]) -> None:
    assert accepted("history", place, [*good, *bad]) == good


@pytest.mark.parametrize(
    ("gates", "passed"),
    [
        ({}, ()),
        ({"offset_sweep": "pass", "bins_delta": "pass", "rollout": "fail"}, ("A", "E")),
        ({"retrieval": "inconclusive", "ablations": "skipped"}, ()),
    ],
)
def test_the_letters_of_the_gates_that_passed(gates: dict[str, str], passed: tuple[str, ...]) -> None:
    assert MiniGates({}, gates, "blocked", escaped=False, kept=False).passed == passed
