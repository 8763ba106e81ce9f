"""Formats, what they allow for rounding, and which answers are independent of their company."""

from dataclasses import replace

import pytest

from schemas.records.answers import EPS, Answers, Format, allowance, chord_limit, coarsest

HONEST = Answers("float32", "float32", "float32", 1e-7, 2e-7, 3e-7, -4e-9, 0)


def test_eps_is_that_of_torch() -> None:
    torch = pytest.importorskip("torch")
    assert {name: torch.finfo(getattr(torch, name)).eps for name in EPS} == EPS


@pytest.mark.parametrize(
    ("formats", "expected"),
    [
        ((), "float64"),
        ((None, None), "float64"),
        (("float32", "float64", None), "float32"),
        (("float16", "float32"), "float16"),
        (("float16", "bfloat16", "float32"), "bfloat16"),
        (("bfloat16", "float8_e4m3fn"), "float8_e4m3fn"),
    ],
)
def test_the_coarsest_format_has_the_largest_eps(
    formats: tuple[Format | None, ...], expected: Format
) -> None:
    assert coarsest(*formats) == expected


@pytest.mark.parametrize(
    ("answered", "exact", "weights", "allowed"),
    [
        ("float32", "float32", "float32", 1e-6),  # eps / 4 would be 3e-8
        ("float64", "float64", None, 1e-6),
        ("float16", "float16", "float32", 2.0**-12),
        ("float32", "float16", "float32", 2.0**-12),  # converted at the very end
        ("float32", "float32", "bfloat16", 2.0**-9),  # only the weights are narrow
        ("bfloat16", "bfloat16", "float16", 2.0**-9),
        (None, "float16", None, 2.0**-12),  # whole numbers
        ("float32", "float32", "float8_e4m3fn", 2.0**-5),
        ("float8_e4m3fn", "float16", None, 2.0**-5),  # no network computes in it
    ],
)
def test_the_allowance_is_a_quarter_of_the_coarsest_eps(
    answered: Format | None, exact: Format, weights: Format | None, allowed: float
) -> None:
    answers = replace(HONEST, answered=answered, exact=exact, weights=weights)
    assert allowance({"val": answers}) == allowed
    assert allowance({"val": HONEST, "ood": answers}) == max(allowed, 1e-6)


@pytest.mark.parametrize(
    ("form", "limit"), [("float64", 5e-3), ("float32", 5e-3), ("float16", 3e-2), ("bfloat16", 3e-2)]
)
def test_narrow_formats_may_disagree_more(form: Format, limit: float) -> None:
    assert chord_limit(form) == limit


@pytest.mark.parametrize("chord", ["again", "neighbours", "alone"])
@pytest.mark.parametrize(("weights", "limit"), [("float32", 5e-3), ("float16", 3e-2)])
def test_every_chord_has_a_limit(chord: str, weights: Format, limit: float) -> None:
    answers = replace(HONEST, weights=weights)
    assert replace(answers, **{chord: limit}).independent  # type: ignore[arg-type]
    beyond = replace(answers, **{chord: limit * 1.01})  # type: ignore[arg-type]
    assert not beyond.independent
    assert beyond.disagreement == limit * 1.01


@pytest.mark.parametrize("weights", ["float32", "bfloat16", "float8_e5m2"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_mean_change_has_one_limit_for_all_formats(weights: Format, sign: float) -> None:
    answers = replace(HONEST, weights=weights)
    assert replace(answers, change=sign * 1e-3).independent
    assert not replace(answers, change=sign * 1.01e-3).independent
