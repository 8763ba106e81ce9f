"""What a report may conclude, place by place."""

import pytest

from schemas.records.judgement import Outcome, Verdict
from tests.schemas.documents import accepted


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        (("judgement", "checks", 0, "gate"), ["offset_sweep", "backward_bias", "champion"], ["margin", None]),
        (("judgement", "checks", 0, "split"), ["train", "val", "ood", "val-ood"], ["test", None]),
        (("judgement", "checks", 0, "value"), [None, -1e300, 0], ["0", True]),
        (("judgement", "checks", 0, "minimum"), [None, -1e9, 1e9], [-1.1e9, 1.1e9]),
        (("judgement", "checks", 0, "above"), [None, 0], [1.1e9, "0"]),
        (("judgement", "checks", 0, "required"), [True, False], [None, 0, "true"]),
        (("judgement", "checks", 0, "severity"), ["error", "warn"], ["info", None]),
        (("judgement", "checks", 0, "decide"), ["point", "bound"], ["mean", None]),
        (
            ("judgement", "checks", 0, "status"),
            ["pass", "waived", "fail", "inconclusive", "skipped", "error"],
            ["ok", None],
        ),
        (("judgement", "checks", 0, "sentence"), ["", "x" * 2000], ["x" * 2001, "a\nb", None, 1]),
        (("judgement", "gates", 0, "name"), ["rollout", "backward_bias", "champion"], ["A", None]),
        (
            ("judgement", "gates", 0, "vacuous_for"),
            [[], ["copy_last", "constant", "random"]],
            [["ridge"], ["random", "random"], None],
        ),
        (("judgement", "verdict", "outcome"), ["deployable", "blocked", "error"], ["pass", None]),
        (("judgement", "verdict", "gates_passed"), [0, 5], [-1, 6, None]),
        (("judgement", "verdict", "escaped"), [True, False], [None, 0, "true"]),
        (("judgement", "verdict", "reasons"), [[], ["x"] * 10_000], [["x"] * 10_001, ["a\nb"], None]),
        (("judgement", "verdict", "remarks"), [[]], [[None]]),
        (("judgement", "diagnosis", "name"), ["copies", "sound"], ["good", None]),
        (("judgement", "diagnosis", "sentence"), ["", "x" * 2000], ["x" * 2001, "a\nb", None, 1]),
    ],
)
def test_what_may_stand_where(place: tuple[str | int, ...], good: list[object], bad: list[object]) -> None:
    assert accepted("report", place, [*good, *bad]) == good


@pytest.mark.parametrize(
    ("outcome", "deployable"), [("deployable", True), ("blocked", False), ("error", False)]
)
def test_only_one_outcome_lets_a_model_be_deployed(outcome: Outcome, deployable: bool) -> None:
    assert Verdict(outcome, 5, False, (), (), (), ()).deployable is deployable
