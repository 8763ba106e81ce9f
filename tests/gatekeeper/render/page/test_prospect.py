"""The page of an answer: what it says, that it loads nothing, and that nothing in it is taken for markup."""

from dataclasses import replace

import pytest

from gatekeeper.evaluation.prospect import Answer, find_prospect
from gatekeeper.render.page.prospect import render_prospect_page
from tests.gatekeeper.evaluation.test_prospect import evidence, power
from tests.gatekeeper.render.page.pages import HOSTILE, report_of


def page(source: str = "speeches", problems: tuple[str, ...] = (), findings: tuple[str, ...] = ()) -> str:
    report = report_of(evidence())
    report = replace(report, inputs=replace(report.inputs, bank=replace(report.inputs.bank, source=source)))
    prospect = find_prospect(report.evidence, power(), problems)
    return render_prospect_page(
        prospect, report, asked=0.02, findings=findings, commands=["gatekeeper data audit", HOSTILE]
    )


def test_the_answer_comes_first_and_the_commands_last() -> None:
    text = page(findings=("texts and vectors belong together",))
    order = [
        '<span class="word">Yes</span>',
        "What comes next can be told, a copy alone knows 0.50 bits of it",
        "val: 0.50 of 5.0 bits (copy_mix, the best copy), 0.53 (logit, linear)",
        "texts and vectors belong together",
        "What simple predictors know",
        "<svg",
        "gatekeeper data audit",
    ]
    places = [text.index(each) for each in order]
    assert places == sorted(places)
    assert 'class="verdict deployable"' in text


@pytest.mark.parametrize(("problems", "name"), [((), "yes"), (("val leaks",), "flawed")])
def test_only_a_yes_is_green(problems: tuple[str, ...], name: Answer) -> None:
    assert find_prospect(evidence(), power(), problems).name == name
    assert ('class="verdict deployable"' in page(problems=problems)) is (name == "yes")


def test_what_others_wrote_is_text() -> None:
    text = page(source=HOSTILE, findings=(HOSTILE,))
    assert "<script" not in text
    assert "<img" not in text
    assert "{{" in text  # as it was written, not filled in
    assert "49" not in text.partition("The same by hand")[2]
    assert "http" not in text.replace("http://www.w3.org", "").replace("http-equiv", "")
