"""The answer before there is a model: which obstacle is named first, and what it says of each split."""

from dataclasses import replace

import pytest

from gatekeeper.evaluation.prospect import find_prospect
from schemas.records.evidence import Evidence, Metric
from schemas.records.metrics import BITS_KNOWN
from schemas.records.power import Power


def metric(value: float, half: float = 0.01) -> Metric:
    return Metric(value, value - half, value + half, 400, 20)


def evidence(copy: float = 0.5, linear: float = 0.53, gain: float = 0.03, *, oracle: float = 5.0) -> Evidence:
    def both(value: float) -> dict[str, dict[str, Metric]]:
        return {split: {BITS_KNOWN: metric(value)} for split in ("val", "ood")}

    controls = {"oracle": both(oracle), "copy_last": both(copy - 0.1), "copy_mix": both(copy)}
    gains = {"copy_last": both(gain + 0.1), "copy_mix": both(gain)}
    return Evidence(both(linear), controls, gains=gains)


def power(articles: int | None = 10) -> dict[str, Power]:
    return {split: Power("copy_last", 0.04, 0.01, articles) for split in ("val", "ood")}


@pytest.mark.parametrize(
    ("given", "powers", "problems", "name", "words"),
    [
        (
            evidence(4.96, 4.9, 0.0),
            power(31),
            [],
            "known",
            "on val a copy of what was read already knows 4.96 of",
        ),
        (evidence(4.94, 4.9, 0.0), power(), [], "yes", "a copy alone knows 4.94 bits"),
        (evidence(gain=0.0), power(), [], "yes", "a linear fit knows no more than that"),
        (evidence(), power(31), [], "too_few", "11 more are missing on val for a gain of 0.05 bits"),
        (evidence(), power(None), [], "yes", "Yes"),
        (evidence(), {}, [], "yes", "Yes"),
        (evidence(copy=0.005, linear=0.0, gain=0.0), power(31), [], "nothing", "on val neither a copy"),
        (evidence(copy=0.005, gain=0.2), power(), [], "yes", "a copy alone knows 0.01 bits"),
        (
            evidence(),
            power(31),
            ["val and ood share text", "more"],
            "flawed",
            "Not yet: val and ood share text.",
        ),
        (replace(evidence(), model={}), power(), [], "nothing", "on val and ood neither"),
    ],
)
def test_the_first_obstacle_is_the_answer(
    given: Evidence, powers: dict[str, Power], problems: list[str], name: str, words: str
) -> None:
    found = find_prospect(given, powers, problems)
    assert found.name == name
    assert words in found.sentence


def test_what_is_missing_is_counted_split_by_split() -> None:
    powers = power() | {"ood": Power("copy_last", 0.2, 0.01, 90)}
    found = find_prospect(evidence(), powers, [])
    assert [each.missing for each in found.splits] == [0, 70]
    assert "70 more are missing on ood" in found.sentence
