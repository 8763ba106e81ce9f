"""The answer before there is a model, as people read it."""

from gatekeeper.evaluation.prospect import find_prospect
from gatekeeper.render.fitting import WIDTH, columns
from gatekeeper.render.prospect import render_prospect
from schemas.records.power import Power
from tests.gatekeeper.evaluation.test_prospect import evidence, power


def test_who_copies_and_who_fits_are_told_beside_what_there_is_to_know() -> None:
    found = find_prospect(evidence(), power(), [])
    assert found.name == "yes"
    assert render_prospect(found, asked=0.02, tail=["Next    train"]).split("\n") == [
        "Answer  Yes: what comes next can be told, a copy alone knows 0.50 bits of it,",
        "        and a linear fit already knows a little more than any copy.",
        "Known   val: 0.50 of 5.0 bits (copy_mix, the best copy), 0.53 (logit, linear)",
        "        ood: 0.50 of 5.0 bits (copy_mix, the best copy), 0.53 (logit, linear)",
        "To beat 0.52 bits on val and 0.52 bits on ood: the best copy by 0.02, and by the",
        "        whole interval",
        "Shown   a gain of 0.04 bits by the 20 articles of val and of 0.04 bits by the 20",
        "        articles of ood, 80% of the time",
        "",
        "Next    train",
    ]


def test_what_is_missing_is_told_split_by_split() -> None:
    powers = power() | {"ood": Power("copy_last", 0.2, 0.01, 90)}
    text = render_prospect(find_prospect(evidence(), powers, []), asked=0.02)
    assert "articles of ood (70 more are missing for 0.05)" in " ".join(text.split())
    assert all(columns(line) <= WIDTH for line in text.split("\n"))


def test_what_is_unknown_is_left_out() -> None:
    text = render_prospect(find_prospect(evidence(), {}, []), asked=0.02)
    assert "Shown" not in text
    nothing = render_prospect(find_prospect(evidence(), {}, ["no article"]), asked=0.02)
    assert nothing.startswith("Answer  Not yet: no article.\nKnown ")
