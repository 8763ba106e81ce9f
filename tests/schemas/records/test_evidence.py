"""What a report may say of what was measured, place by place."""

import re
from typing import get_args, get_type_hints

import pytest

from schemas.records.evidence import CONTROLS, TRIVIAL, Evidence
from schemas.records.metrics import METRICS
from schemas.records.rules import Names
from tests.schemas.documents import accepted


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        (
            ("evidence", "model", "val", "offset_sweep.cos", "value"),
            [None, -1.001, 0, 1.001],
            [-1.002, 1.002, True],
        ),
        (("evidence", "model", "val", "retrieval.article.median_rank", "value"), [None, 1, 1e9], [0.9, 0]),
        (("evidence", "model", "val-ood", "bins_delta.delta", "value"), [None, 0, 2.002], [-0.001, 2.003]),
        (("evidence", "model", "val", "offset_sweep.cos", "low"), [None, -1e300, 0], ["0", True]),
        (("evidence", "model", "val", "offset_sweep.cos", "n"), [0, 7], [-1, 0.5, None, "1"]),
        (
            ("evidence", "controls", "ridge", "ood", "offset_sweep.cos", "articles"),
            [0, 7],
            [-1, 0.5, None, "1"],
        ),
        (("evidence", "model", "val", "offset_sweep.cos", "effective"), [1, 1.5, None], [0.9, "1"]),
        (("evidence", "model", "val", "offset_sweep.cos", "degrees"), [1, 1.5, None], [0.9, "1"]),
        (
            ("evidence", "model", "val", "offset_sweep.cos", "reason"),
            ["", "x" * 500],
            ["x" * 501, "a\nb", None],
        ),
        (("evidence", "model", "val"), [{}], [{"offset_sweep.cosine": {}}, None]),
        (
            ("evidence", "model"),
            [{}, {"val-ood": {}}, {"a" * 40: {}}],
            [{"ood-val": {}}, {"a" * 41: {}}, {"Val": {}}],
        ),
        (
            ("evidence", "controls"),
            [],
            [{}, {name: {} for name in [*CONTROLS][:-1]}, None],
        ),
        (("evidence", "answers", "val", "exact"), ["float32", "bfloat16", "float8_e5m2fnuz"], ["int8", None]),
        (("evidence", "answers", "val", "weights"), ["float64", None], ["int8"]),
        (("evidence", "answers", "val", "again"), [0, 2], [-0.1, 2.1, None]),
        (("evidence", "answers", "val", "change"), [-2, 2], [-2.1, 2.1, None]),
        (("evidence", "answers", "val", "zero_steps"), [0, 7], [-1, 0.5, None, "1"]),
    ],
)
def test_what_may_stand_where(place: tuple[str | int, ...], good: list[object], bad: list[object]) -> None:
    assert accepted("report", place, [*good, *bad]) == good


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        (
            r"offset_sweep\.cos(@[+-][0-9])?|rollout\.(avg_cos|cos@[0-9])|bins_delta\.((low|normal|high)\.)?cos",
            -1.001,
            1.001,
        ),
        (r"offset_sweep\.(margin(_prev|_last|_unseen)?|lift)|ablations\.[a-z_]+", -2.002, 2.002),
        (r"bins_delta\.((low|normal|high)\.)?delta", 0, 2.002),
        (r"offset_sweep\.win_rate_prev|retrieval\.[a-z_]+\.(r@[0-9]+|chance@[0-9]+|mrr|tie_share|auc)", 0, 1),
        (r"retrieval\.[a-z_]+\.median_rank(_optimistic)?", 1, 1e300),
        (r"offset_sweep\.copying", -20.1, 20.1),
        (r"geometry\.(spread|rank)_share", 0, 1e300),
        (r"retrieval\.article_unseen\.bits(_centred)?", -1e300, 64),
        (r"offset_sweep\.peak_offset", -3, 3),
    ],
)
def test_each_metric_lies_in_its_range(name: str, least: float, most: float) -> None:
    metric: dict[str, object] = {"low": None, "high": None, "n": 1, "articles": 1, "reason": "x"}
    metric |= {"effective": None, "degrees": None}
    found = [each for each in METRICS if re.fullmatch(name, each)]
    assert found
    inside = [None, least, most]
    outside = [end for end in (least - 1e-4, most + 1e-4) if abs(end) < 1e9]
    for each in found:
        rows = [{each: metric | {"value": value}} for value in (*inside, *outside)]
        assert accepted("report", ("evidence", "model", "val"), rows) == rows[: len(inside)]


def test_the_rule_of_a_value_is_the_range_of_its_metric() -> None:
    mapping = get_type_hints(Evidence, include_extras=True)["model"].__origin__
    names = get_args(get_args(get_args(mapping)[1])[0])[0]
    (known,) = (each for each in names.__metadata__ if isinstance(each, Names))
    assert known.kinds.keys() == METRICS.keys()
    for name, kind in known.kinds.items():
        (found,) = get_args(kind)[1:]
        span = METRICS[name].range
        ends = {"minimum": span.low, "maximum": span.high}
        limits = {name: end for name, end in ends.items() if end is not None}
        wanted = {"description": span.meaning, "properties": {"value": limits}}
        assert (found.name, found.keywords) == (span.name, wanted)


def test_what_a_control_that_knows_nothing_is() -> None:
    assert tuple(CONTROLS) == (
        *("oracle", "copy_last", "mean_context", "constant", "random"),
        *("ridge", "ridge_centred", "copy_last_centred", "copy_mix", "logit"),
    )
    assert TRIVIAL == ("copy_last", "constant", "random")
