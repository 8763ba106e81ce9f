"""The lines of a run, literally: people grep for them."""

from dataclasses import replace

import pytest

from schemas.records.history import MiniGates, SplitGates
from trainers.loop import log_lines as speech

GOOD = SplitGates(
    cos=0.52, margin=0.052, margin_prev=0.06, margin_last=0.1, recall=0.702, recall_unseen=0.8, bits=1.236
)
GATES = MiniGates(
    splits={"val": GOOD, "ood": replace(GOOD, margin=-0.01, bits=None)},
    gates={"offset_sweep": "pass", "retrieval": "fail", "bins_delta": "pass", "backward_bias": "pass"},
    outcome="blocked",
    escaped=False,
    kept=True,
)


def lines(gates: MiniGates, *, advise: bool = True) -> list[str]:
    return list(speech.mini(gates, advise=advise))


def on_val(**figures: float | None) -> MiniGates:
    return replace(GATES, splits={**GATES.splits, "val": replace(GOOD, **figures)})


def test_the_lines_of_a_good_epoch() -> None:
    assert lines(GATES) == [
        "[Mini-5CAT] Margin: +0.052 | R@5: 0.702 | cos: 0.520 | R@5 unseen: 0.800 | bits: 1.24",
        "[Mini-5CAT ood] Margin: -0.010 | R@5: 0.702 | cos: 0.520 | R@5 unseen: 0.800 | bits: -",
        "[Mini-5CAT] gates passed: A E; best so far, kept",
        "✅ Positive margin! Model predicts NEXT, not last context",
    ]


def test_weights_that_are_not_kept_and_pass_nothing() -> None:
    gates = replace(GATES, gates=dict.fromkeys(GATES.gates, "fail"), kept=False)
    assert lines(gates)[2] == "[Mini-5CAT] gates passed: none"


@pytest.mark.parametrize(
    ("figures", "sign"),
    [
        ({"margin": -0.08, "margin_last": -0.08}, "⚠️  Negative margin - still copying last context"),
        (
            {"margin": -0.08, "margin_prev": -0.01},
            "Negative margin - closer to the chunk before the target than to the target",
        ),
        ({"margin": 0.0}, "Negative margin - closer to another chunk than to the target"),
        (
            {"margin": -0.1, "margin_last": None, "margin_prev": None},
            "Negative margin - closer to another",
        ),
    ],
)
def test_a_negative_margin_has_the_seeds_advice_and_its_symbol_where_the_line_is_the_seeds(
    figures: dict[str, float | None], sign: str
) -> None:
    found = lines(on_val(**figures))
    assert found[-2].startswith(sign)
    assert found[-1] == speech.ADVICE
    assert lines(on_val(**figures), advise=False) == found[:-1]


def test_an_escape_is_no_good_sign_whatever_the_margin() -> None:
    assert lines(replace(GATES, escaped=True))[-1] == (
        "Escaped - no better than a constant prediction or than chance, so the margin means nothing"
    )


def test_what_is_undefined_is_a_dash() -> None:
    found = lines(on_val(margin=None, recall=None))
    assert found[0] == "[Mini-5CAT] Margin: - | R@5: - | cos: 0.520 | R@5 unseen: 0.800 | bits: 1.24"
    assert found[-1] == "The margin is undefined on these samples"


@pytest.mark.parametrize(("bits", "said"), [(-0.004, "0.00"), (-0.006, "-0.01"), (None, "-")])
def test_who_knows_nothing_has_no_negative_zero_bits(bits: float | None, said: str) -> None:
    assert lines(on_val(bits=bits))[0].endswith(f" | bits: {said}")
