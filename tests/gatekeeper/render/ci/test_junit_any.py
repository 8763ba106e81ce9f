"""Any judgement as JUnit XML: red exactly when it stops the model, and nothing that is said is lost."""

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.reading.policy import parse_policy
from schemas.records.judgement import Check, Diagnosis, GateResult, Judgement, Outcome, Verdict
from schemas.records.metrics import GATES
from schemas.records.policy import BACKWARD_BIAS, CHAMPION
from schemas.records.splits import SPLITS
from schemas.verdict.judge import judge
from tests.gatekeeper.render.ci.junit_files import render
from tests.gatekeeper.render.rulings import (
    CHECKS,
    DELTA,
    HEAD,
    MARGIN,
    RECALL,
    REVERSE,
    ROLLOUT,
    WAIVERS,
    judged,
    make_evidence,
)

_METRICS = {
    "offset_sweep": MARGIN,
    "retrieval": RECALL,
    "ablations": REVERSE,
    "rollout": ROLLOUT,
    "bins_delta": DELTA,
    BACKWARD_BIAS: "offset_sweep.margin_prev",
    CHAMPION: MARGIN,
}
# Also what XML cannot hold: control characters, lone surrogates, the two non-characters.
ANYTHING = st.text(
    st.one_of(
        st.characters(exclude_categories=()),
        st.sampled_from("<>&'\"]\t\n\r\x00\x08\x0b\x1b\x7f\x85\ud800\udfff\ufffe\uffff\u2028\U0001f600"),
    ),
    max_size=12,
)
_OUTCOMES: tuple[Outcome, ...] = ("deployable", "blocked", "error")
_NUMBERS = st.none() | st.floats(-2, 2)


@st.composite
def checks(draw: st.DrawFn) -> tuple[Check, ...]:
    places = draw(
        st.lists(
            st.tuples(st.sampled_from(sorted(_METRICS)), st.sampled_from(SPLITS)), unique=True, max_size=8
        )
    )
    return tuple(
        Check(
            gate=gate,
            metric=_METRICS[gate],
            split=split,
            value=draw(_NUMBERS),
            low=draw(_NUMBERS),
            high=draw(_NUMBERS),
            minimum=draw(_NUMBERS),
            maximum=draw(_NUMBERS),
            above=draw(_NUMBERS),
            required=draw(st.booleans()),
            severity=draw(st.sampled_from(("error", "warn"))),
            decide=draw(st.sampled_from(("point", "bound"))),
            status=draw(st.sampled_from(("pass", "waived", "fail", "inconclusive", "skipped", "error"))),
            sentence=draw(ANYTHING),
        )
        for gate, split in places
    )


@st.composite
def judgements(draw: st.DrawFn) -> Judgement:
    """Any judgement, also those that no evidence leads to."""
    found = draw(checks())
    outcome = draw(st.sampled_from(_OUTCOMES))
    texts = st.lists(ANYTHING, max_size=3).map(tuple)
    verdict = Verdict(
        outcome=outcome,
        gates_passed=draw(st.integers(0, 5)),
        escaped=draw(st.booleans()),
        reasons=()
        if outcome == "deployable"
        else draw(st.lists(ANYTHING, min_size=1, max_size=3).map(tuple)),
        warnings=draw(texts),
        waivers=draw(texts),
        remarks=draw(texts),
    )
    names = [*GATES, *(name for name in (BACKWARD_BIAS, CHAMPION) if any(one.gate == name for one in found))]
    diagnosis = Diagnosis("sound" if verdict.deployable else "falls_short", draw(ANYTHING))
    return Judgement(found, tuple(GateResult(name, "pass", ()) for name in names), verdict, diagnosis)


@settings(deadline=None)
@given(judgements())
def test_a_report_is_red_exactly_when_the_model_is_stopped(judgement: Judgement) -> None:
    found = render(judged(judgement))
    assert (found.failures + found.errors == 0) == judgement.verdict.deployable
    assert len(found.cases) == len(judgement.checks) + 1
    for check in judgement.checks:
        tags = {each.tag for each in found.case(check.gate, f"{check.metric} on {check.split}")}
        if check.status == "pass":
            assert tags == set()
        elif check.severity == "warn" or check.status == "waived" or judgement.verdict.deployable:
            assert tags == {"skipped"}
        else:
            assert tags == {"error" if check.status == "error" else "failure"}


@settings(deadline=None)
@given(judgements())
def test_every_sentence_survives_but_for_what_xml_cannot_hold(judgement: Judgement) -> None:
    found = render(judged(judgement))
    for check in judgement.checks:
        for child in found.case(check.gate, f"{check.metric} on {check.split}"):
            assert child.get("message", "").endswith(held(check.sentence))
    if not judgement.verdict.deployable:
        assert found.verdict[0].get("message") == held(judgement.verdict.reasons[0])
    told = found.told()
    for line in (*judgement.verdict.warnings, *judgement.verdict.waivers, *judgement.verdict.remarks):
        # In text, unlike in attributes, a parser turns line ends into \n.
        assert ends(held(line)).strip() in told


def held(text: str) -> str:
    """The text with the replacement character for what XML 1.0 does not allow (section 2.2, Char)."""
    return "".join(
        one
        if one in "\t\n\r"
        or 0x20 <= ord(one) <= 0xD7FF
        or 0xE000 <= ord(one) <= 0xFFFD
        or ord(one) >= 0x10000
        else "\ufffd"
        for one in text
    )


def ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


FIGURES = st.dictionaries(
    st.sampled_from(
        [
            (MARGIN, "val"),
            (MARGIN, "ood"),
            (REVERSE, "val"),
            (ROLLOUT, "ood"),
            (RECALL, "ood"),
            (DELTA, "val-ood"),
        ]
    ),
    st.floats(0.0, 0.9),
)


@settings(deadline=None, max_examples=60)
@given(FIGURES, st.integers(0, 4), st.sampled_from(("point", "bound")), st.booleans())
def test_a_real_judgement_is_red_exactly_when_it_stops_the_model(
    figures: dict[tuple[str, str], float], needed: int, decide: str, waived: bool
) -> None:
    text = HEAD.replace("min_gates_passed = 2", f"min_gates_passed = {min(needed, 3)}")
    text = text.replace('decide = "point"', f'decide = "{decide}"') + CHECKS + (WAIVERS if waived else "")
    judgement = judge(make_evidence(figures), parse_policy(text.encode()), confidence=0.95)
    found = render(judged(judgement))
    assert (found.failures + found.errors == 0) == judgement.verdict.deployable
    assert (found.verdict.find("failure") is not None) == (judgement.verdict.outcome == "blocked")
    assert (found.verdict.find("error") is not None) == (judgement.verdict.outcome == "error")
