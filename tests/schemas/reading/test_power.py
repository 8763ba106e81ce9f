"""What a split is said to show is refused where it cannot follow from the intervals that it has shown."""

from dataclasses import replace

import pytest

from schemas.errors import ReportError
from schemas.reading.consistency import check_report
from schemas.reading.power import power_problems
from schemas.records.evidence import Evidence
from schemas.records.metrics import BITS_KNOWN, MARGIN
from schemas.records.power import Power
from tests.schemas.conftest import _make_report
from tests.schemas.even import even

GAIN, MARGINS = even(0.125, 0.0625, 0.25, 400, 20), even(-0.125, -0.1875, -0.1, 400, 20)
EVIDENCE = Evidence(
    model={"val": {MARGIN: MARGINS}, "ood": {MARGIN: even(-0.1, None, None, 400, 1, "one article")}},
    controls={},
    gains={"copy_mix": {"val": {BITS_KNOWN: GAIN}}},
)


def problems(power: Power, split: str = "val") -> list[str]:
    return list(power_problems(replace(EVIDENCE, power={split: power})))


@pytest.mark.parametrize(
    "power",
    [
        Power("copy_mix", 0.09, 0.07, 42),
        Power("copy_mix", 0.0625, 0.0625, 21),  # at its limits
        Power("copy_mix", 0.0625, 0.0625, None),
        Power(None, None, 0.07, None),
        Power(None, None, None, None),
    ],
)
def test_what_can_follow_is_no_contradiction(power: Power) -> None:
    assert problems(power) == []


@pytest.mark.parametrize(
    ("power", "problem"),
    [
        (
            Power("copy_mix", 0.0624, 0.07, 42),
            "a gain of 0.0624 is detectable, but its interval begins 0.0625 below the estimate",
        ),
        (
            Power("copy_mix", 0.09, 0.0624, 42),
            "a margin of 0.0624 is detectable, but its interval begins 0.0625 below the estimate",
        ),
        (Power("logit", 0.09, 0.07, 42), "a gain of 0.09 is detectable, but it has no interval"),
        (Power(None, 0.09, 0.07, 42), "a gain of 0.09 is detectable, but it has no interval"),
        (Power("copy_mix", 0.09, 0.07, 20), "20 articles show a gain of 0.05, but 20 show one of 0.09"),
        (
            Power("copy_mix", None, 0.07, 20),
            "20 articles show a gain of 0.05, but none is known to be detectable",
        ),
    ],
)
def test_what_cannot_follow_is_named(power: Power, problem: str) -> None:
    assert problems(power) == [f"evidence.power of val: {problem}"]


@pytest.mark.parametrize("needed", [None, 21])
def test_a_gain_that_is_detectable_needs_no_more_articles_than_there_are(needed: int | None) -> None:
    narrow = replace(EVIDENCE, gains={"copy_mix": {"val": {BITS_KNOWN: even(0.1, 0.08, 0.12, 400, 20)}}})

    def found(articles: int | None) -> list[str]:
        return list(power_problems(replace(narrow, power={"val": Power("copy_mix", 0.05, None, articles)})))

    assert found(20) == []
    told = "no number of" if needed is None else str(needed)
    assert found(needed) == [
        f"evidence.power of val: {told} articles show a gain of 0.05, but 20 show one of 0.05"
    ]


def test_without_a_gain_no_article_shows_one() -> None:
    assert problems(Power("logit", 0.05, None, None)) == [
        "evidence.power of val: a gain of 0.05 is detectable, but it has no interval",
        "evidence.power of val: no number of articles show a gain of 0.05, but 0 show one of 0.05",
    ]


@pytest.mark.parametrize("split", ["ood", "train"])
def test_without_an_interval_nothing_is_known(split: str) -> None:
    assert problems(Power(None, None, 0.03, None), split) == [
        f"evidence.power of {split}: a margin of 0.03 is detectable, but it has no interval"
    ]


def test_a_report_that_says_so_is_refused() -> None:
    report = _make_report()
    with pytest.raises(ReportError, match=r"^evidence\.power of val: a gain of 1 is detectable"):
        check_report(
            replace(report, evidence=replace(report.evidence, power={"val": Power("logit", 1.0, None, None)}))
        )
