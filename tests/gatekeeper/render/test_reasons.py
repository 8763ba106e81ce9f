"""Each fact once."""

from gatekeeper.render.reasons import explained, findings, undecided_once
from schemas.reading.policy import load_policy
from schemas.records.judgement import Judgement
from schemas.verdict.judge import judge
from tests.gatekeeper.render.rulings import CASES, MARGIN, Figures, make_evidence

PREVIOUS, LAST = "offset_sweep.margin_prev", "offset_sweep.margin_last"


def judged(figures: Figures) -> Judgement:
    return judge(make_evidence(figures), load_policy("seed-5cat").policy, confidence=0.95)


def test_three_margins_on_two_splits_are_one_finding() -> None:
    figures = {(name, split): -0.1 for name in (MARGIN, PREVIOUS, LAST) for split in ("val", "ood")}
    judgement = judged(figures)
    assert len(judgement.verdict.reasons) == 6
    assert findings(judgement) == (
        "offset_sweep.margin on val is -0.100 [-0.110, -0.090], below the required 0.050; on ood -0.100; "
        "so say margin_prev, margin_last",
    )


def test_an_escape_on_two_splits_is_one_finding() -> None:
    judgement = judged({("offset_sweep.lift", split): -0.3 for split in ("val", "ood")})
    assert len(judgement.verdict.reasons) == 2
    assert findings(judgement) == (f"{judgement.verdict.reasons[0]}; likewise on ood",)


def test_what_is_not_the_same_stays_apart() -> None:
    judgement = judged({(MARGIN, "val"): 0.01, ("retrieval.article.r@5", "ood"): 0.1})
    assert findings(judgement) == judgement.verdict.reasons


def test_a_diagnosis_that_is_the_first_reason_is_not_told_twice() -> None:
    unsound = CASES["unsound"]().decision.judgement
    assert explained(unsound) == findings(unsound)
    blocked = CASES["blocked"]().decision.judgement
    assert explained(blocked) == (*findings(blocked), blocked.diagnosis.sentence)


def test_what_the_true_targets_miss_besides_is_told_by_its_name() -> None:
    undecided = "on this data: for the oracle, the gain is unknown"
    assert undecided_once(
        [
            "gate B (retrieval) tells nothing of knowledge on this data: the true targets do not pass it",
            "the policy requires gate D (rollout), which did not pass (fail)",
            f"the gain over ridge cannot be decided {undecided}",
        ]
    ) == [
        "likewise undecided: gate B (retrieval), the gain over ridge",
        "the policy requires gate D (rollout), which did not pass (fail)",
    ]
    assert undecided_once([]) == []
