"""What a model knows beside the best control."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from schemas.records.evidence import RIVALS, Evidence, Metric
from schemas.verdict.knowledge import COPIES, LINEAR, Known, best_control, find_known, known_bits

EvidenceFactory = Callable[[], Evidence]
Change = Callable[..., Evidence]

BITS = "retrieval.article_unseen.bits"


def test_the_best_control_is_told_split_by_split(good_evidence: EvidenceFactory, change: Change) -> None:
    evidence = change(good_evidence(), BITS, "ood", who="ridge", value=3.0)
    gains = {
        "logit": {"val": {BITS: Metric(0.5, 0.4, 0.6, 400, 20)}},
        "ridge": {"ood": {BITS: Metric(-0.5, -0.6, -0.4, 400, 20)}},
    }
    assert [known.sentence() for known in find_known(replace(evidence, gains=gains))] == [
        "knows 2.50 bits on val; best control logit 2.00; gain +0.50 [0.40, 0.60]",
        "knows 2.50 bits on ood; best control ridge 3.00; gain -0.50 [-0.60, -0.40]",
    ]


def test_without_gains_the_difference_has_no_interval(good_evidence: EvidenceFactory) -> None:
    (val, _) = find_known(good_evidence())
    assert val == Known("val", 2.5, "logit", 2.0, Metric(0.5, None, None, 0, 0, "not measured"))


@pytest.mark.parametrize(
    ("bits", "low", "high", "told"),
    [
        (1.5, None, None, "+0.50"),
        (1.5, 0.4, None, "+0.50"),
        (1.5, None, 0.6, "+0.50"),
        (1.5, 0.4, 0.6, "+0.50 [0.40, 0.60]"),
        (1.0, None, None, "+0.00"),
        (0.999, None, None, "+0.00"),
        (0.99, -0.02, 0.0, "-0.01 [-0.02, 0.00]"),
    ],
)
def test_a_gain_has_its_sign_and_a_whole_interval_or_none(
    bits: float, low: float | None, high: float | None, told: str
) -> None:
    assert Known("val", bits, "ridge", 1.0, Metric(bits - 1.0, low, high, 400, 20)).gained() == told


def test_what_was_not_measured_is_not_told(good_evidence: EvidenceFactory) -> None:
    assert find_known(Evidence({}, {})) == ()
    evidence = good_evidence()
    only_val = replace(evidence, model={"val": evidence.model["val"]})
    assert [known.split for known in find_known(only_val)] == ["val"]
    logit = {"val": evidence.controls["logit"]["val"]}
    partly = replace(evidence, controls={**evidence.controls, "logit": logit})
    assert [known.control for known in find_known(partly)] == ["logit", "copy_mix"]
    bare = {"val": {BITS: evidence.model["val"][BITS]}}
    apart = {"val": {"offset_sweep.cos": evidence.model["val"]["offset_sweep.cos"]}}
    assert best_control(Evidence(bare, {"logit": bare, "ridge": apart}), "val") is None
    assert best_control(Evidence(apart, {"logit": bare, "ridge": apart}), "val") == ("logit", 2.5)


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_is_undefined_is_not_told(
    good_evidence: EvidenceFactory, change: Change, value: float | None
) -> None:
    evidence = change(good_evidence(), BITS, "val", value=value, low=None, high=None)
    assert [known.split for known in find_known(evidence)] == ["ood"]
    assert math.isnan(known_bits(evidence, "val"))
    assert find_known(replace(evidence, controls={"oracle": evidence.controls["oracle"]})) == ()


def test_the_oracle_is_no_rival_and_of_equals_the_first_counts(
    good_evidence: EvidenceFactory, change: Change
) -> None:
    evidence = change(good_evidence(), BITS, "val", who="copy_mix", value=2.0)
    assert best_control(evidence, "val") == ("copy_mix", 2.0)
    assert best_control(evidence, "val", LINEAR) == ("ridge_centred", 1.25)
    assert best_control(good_evidence(), "val", COPIES) == ("copy_mix", 1.75)
    assert {*COPIES, *LINEAR} < {*RIVALS}


@pytest.mark.parametrize(
    ("judged", "other"),
    [("logit", ("copy_mix", 1.75)), ("copy_mix", ("logit", 2.0)), ("oracle", ("logit", 2.0))],
)
def test_a_control_judged_as_a_model_is_beside_the_best_of_the_others(
    good_evidence: EvidenceFactory, judged: str, other: tuple[str, float]
) -> None:
    evidence = good_evidence()
    itself = replace(evidence, model=evidence.controls[judged])
    assert best_control(itself, "val") == other
    assert [known.control for known in find_known(itself)] == [other[0]] * 2


def test_a_model_that_equals_a_control_in_all_but_one_figure_is_beside_it(
    good_evidence: EvidenceFactory, change: Change
) -> None:
    evidence = good_evidence()
    almost = change(replace(evidence, model=evidence.controls["logit"]), "offset_sweep.cos", "val", value=0.5)
    assert [known.control for known in find_known(almost)] == ["logit", "copy_mix"]
