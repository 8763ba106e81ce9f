"""One sentence that says what a model does instead of predicting."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from schemas.reading.policy import load_policy
from schemas.records.evidence import RIVALS, Evidence, Metric
from schemas.records.judgement import Diagnosis, Verdict
from schemas.records.metrics import ABLATIONS, OFFSETS
from schemas.records.policy import Policy
from schemas.verdict.diagnosis import diagnose
from schemas.verdict.judge import judge
from tests.schemas.even import even

EvidenceFactory = Callable[[], Evidence]

BITS = "retrieval.article_unseen.bits"
CENTRED = "retrieval.article_unseen.bits_centred"
COS = "offset_sweep.cos"
LAST = "offset_sweep.margin_last"
MARGIN = "offset_sweep.margin"
PEAK = "offset_sweep.peak_offset"
UNSEEN = "retrieval.article_unseen.r@5"
DAMAGED = tuple(f"ablations.{name}" for name in ABLATIONS)
BOTH = ("val", "ood")


def diagnosed(evidence: Evidence, policy: Policy) -> Diagnosis:
    return judge(evidence, policy, confidence=0.95).diagnosis


def set_to(
    evidence: Evidence, figures: Mapping[str, float], splits: tuple[str, ...] = BOTH, half: float = 0.001
) -> Evidence:
    """The model with some figures set, each within an interval of half that width."""
    model = dict(evidence.model)
    for split in splits:
        changed = {
            name: replace(model[split][name], value=value, low=value - half, high=value + half)
            for name, value in figures.items()
        }
        model[split] = {**model[split], **changed}
    return replace(evidence, model=model)


def still(evidence: Evidence, half: float = 0.0) -> Evidence:
    """No damage moves the mean of a model that is none of the controls."""
    sweep = {f"offset_sweep.cos@{k:+d}": 0.3 for k in OFFSETS}
    return set_to(set_to(evidence, sweep), dict.fromkeys(DAMAGED, 0.0), half=half)


CASES: dict[str, tuple[Mapping[str, float], str, str]] = {
    "a good model": (
        {},
        "sound",
        "The model is sound: on val it knows 2.50 bits, the best control (logit) 2.00.",
    ),
    "turned away": (
        {COS: -0.28, LAST: -0.1},
        "points_away",
        "The model points away from the target: on val cosine -0.280, a constant answer 0.400.",
    ),
    "just turned away": (
        {COS: -0.05},
        "points_away",
        "The model passes, but points away from the target: on val cosine -0.050, a constant answer 0.400.",
    ),
    "a copy": (
        {COS: 0.45, LAST: -0.55},
        "copies",
        "The model copies the last chunk it read: on val cosine 1.000 against 0.450.",
    ),
    "as good as chance": (
        {UNSEEN: 0.1},
        "chance",
        "The model is no better than chance: on val it finds 10% of unseen targets among five, chance 10%.",
    ),
    "below chance": (
        {UNSEEN: 0.09},
        "chance",
        "The model is no better than chance: on val it finds 9% of unseen targets among five, chance 10%.",
    ),
    "not shown to be above chance": (
        {UNSEEN: 0.1006},
        "chance",
        "The model passes, but cannot be told from chance: on val it finds 10.1% of unseen targets among "
        "five, chance 10.0%.",
    ),
    "closer to what it read": (
        {LAST: -0.1},
        "looks_back",
        "The model is closer to the last chunk it read than to the target: on val cosine 0.700 against "
        "0.600.",
    ),
    "closer to what lies between": (
        {MARGIN: -0.1, PEAK: -1.0, "offset_sweep.cos@-1": 0.7},
        "misplaced",
        "The model is closer to the chunk before the target than to the target: on val cosine 0.700 against "
        "0.600.",
    ),
    "closer to what comes next": (
        {MARGIN: -0.1, PEAK: 1.0, "offset_sweep.cos@+1": 0.7},
        "misplaced",
        "The model is closer to the chunk after the target than to the target: on val cosine 0.700 against "
        "0.600.",
    ),
    "closer to what comes later": (
        {MARGIN: -0.1, PEAK: 2.0, "offset_sweep.cos@+2": 0.7},
        "misplaced",
        "The model is closer to the chunk 2 after the target than to the target: on val cosine 0.700 against "
        "0.600.",
    ),
    "less than a copy": (
        {BITS: 1.7, CENTRED: 1.7},
        "less_than_copying",
        "The model passes, but knows less than copying does: on val 1.70 bits, copy_mix 1.75.",
    ),
    "hardly less than a copy": (
        {BITS: 1.748, CENTRED: 1.748},
        "less_than_copying",
        "The model passes, but knows less than copying does: on val 1.748 bits, copy_mix 1.750.",
    ),
    "less than a copy, but for the mean row": (
        {BITS: 0.8, CENTRED: 1.4},
        "less_than_copying",
        "The model passes, but knows less than copying does: on val 0.80 bits, copy_mix 1.75; minus the mean "
        "row it would know 1.40 bits.",
    ),
    "hidden by the mean row": (
        {BITS: 2.5, CENTRED: 2.6},
        "sound",
        "The model is sound: on val it knows 2.50 bits, the best control (logit) 2.00; minus the mean row it "
        "would know 2.60 bits.",
    ),
    "hardly hidden": (
        {BITS: 2.5, CENTRED: 2.59},
        "sound",
        "The model is sound: on val it knows 2.50 bits, the best control (logit) 2.00.",
    ),
    "as much as a copy": (
        {BITS: 1.75, CENTRED: 1.75},
        "sound",
        "The model is sound: on val it knows 1.75 bits, the best control (logit) 2.00.",
    ),
    "no context needed": (
        dict.fromkeys(DAMAGED, -0.019),
        "ignores_context",
        "The model passes, but ignores what it reads: on val it loses next to nothing, whatever is done to "
        "the context.",
    ),
    "no order needed": (
        {"ablations.shuffle": -0.019, "ablations.reverse": -0.001},
        "ignores_order",
        "The model passes, but ignores the order of what it reads: on val a shuffled context serves it as "
        "well.",
    ),
    "a gate too few": (
        {MARGIN: 0.03},
        "falls_short",
        "The model does not pass A (nearest to target); on val it knows 2.50 bits, the best control (logit) "
        "2.00.",
    ),
}


@pytest.mark.parametrize(("figures", "name", "sentence"), CASES.values(), ids=CASES)
def test_what_a_model_does_is_told_in_one_sentence(
    good_evidence: EvidenceFactory,
    seed_policy: Policy,
    figures: Mapping[str, float],
    name: str,
    sentence: str,
) -> None:
    assert diagnosed(set_to(good_evidence(), figures), seed_policy) == Diagnosis(name, sentence)  # type: ignore[arg-type]


def test_what_no_damage_moves_has_collapsed(good_evidence: EvidenceFactory, seed_policy: Policy) -> None:
    flat = {f"offset_sweep.cos@{k:+d}": -0.3 for k in OFFSETS}
    evidence = set_to(still(good_evidence()), {**flat, COS: -0.3, UNSEEN: 0.20})
    assert diagnosed(evidence, seed_policy) == Diagnosis(
        "collapsed",
        "The model passes, but gives one answer to whatever it reads: on val no damage to the context moves "
        "its cosine by 0.01.",
    )


@pytest.mark.parametrize(("half", "name"), [(0.0009, "collapsed"), (0.0011, "chance"), (0.02, "chance")])
def test_answers_that_move_are_no_constant(
    good_evidence: EvidenceFactory, seed_policy: Policy, half: float, name: str
) -> None:
    """An interval of ±0.0011 around no change, on 400 windows: each answer moves by 0.011."""
    evidence = set_to(still(good_evidence(), half), {UNSEEN: 0.09})
    assert diagnosed(evidence, seed_policy).name == name


@pytest.mark.parametrize("cut", [lambda each: replace(each, low=None), lambda each: replace(each, high=None)])
def test_without_an_interval_the_mean_says_whether_answers_move(
    good_evidence: EvidenceFactory, seed_policy: Policy, cut: Callable[[Metric], Metric]
) -> None:
    evidence = set_to(still(good_evidence(), 0.02), {UNSEEN: 0.09})
    model = {
        split: {name: cut(metric) if name in DAMAGED else metric for name, metric in rows.items()}
        for split, rows in evidence.model.items()
    }
    assert diagnosed(replace(evidence, model=model), seed_policy).name == "collapsed"


def test_what_finds_more_than_a_constant_is_none(good_evidence: EvidenceFactory, seed_policy: Policy) -> None:
    """Where all chunks share a direction, a model that knows the rest hardly moves either."""
    assert diagnosed(still(good_evidence()), seed_policy).name == "ignores_context"


def test_directions_drawn_at_random_do_not_move_and_are_no_constant(
    good_evidence: EvidenceFactory, seed_policy: Policy
) -> None:
    drawn = {f"offset_sweep.cos@{k:+d}": 0.001 * k for k in OFFSETS}
    evidence = set_to(still(good_evidence()), {**drawn, COS: 0.0, UNSEEN: 0.09})
    controls = {**evidence.controls, "random": evidence.model}
    assert diagnosed(replace(evidence, controls=controls), seed_policy).name == "chance"


def test_what_is_true_at_home_only_does_not_transfer(
    good_evidence: EvidenceFactory, seed_policy: Policy
) -> None:
    assert diagnosed(set_to(good_evidence(), {BITS: 1.5, CENTRED: 1.5}, ("ood",)), seed_policy) == Diagnosis(
        "no_transfer",
        "The model passes, but does not transfer; elsewhere it knows less than copying does: on ood 1.50 "
        "bits, copy_mix 1.75.",
    )


def test_a_cosine_that_falls_does_not_transfer(good_evidence: EvidenceFactory, seed_policy: Policy) -> None:
    evidence = set_to(good_evidence(), {"bins_delta.cos": 0.6}, ("val",))
    evidence = set_to(evidence, {"bins_delta.cos": 0.54}, ("ood",))
    assert diagnosed(evidence, seed_policy) == Diagnosis(
        "no_transfer",
        "The model passes, but does not transfer: its cosine to the target falls from 0.600 on val to 0.540 "
        "on ood.",
    )
    copied = dict(evidence.controls["copy_last"])
    copied["val"] = {**copied["val"], "bins_delta.cos": replace(copied["val"]["bins_delta.cos"], value=0.15)}
    controls = {**evidence.controls, "copy_last": copied}
    assert diagnosed(replace(evidence, controls=controls), seed_policy).name == "sound"


def test_a_fault_on_one_split_beside_another_is_told_where_it_is(
    good_evidence: EvidenceFactory, seed_policy: Policy
) -> None:
    evidence = set_to(set_to(good_evidence(), {BITS: 1.5, CENTRED: 1.5}, ("val",)), {UNSEEN: 0.05}, ("ood",))
    assert diagnosed(evidence, seed_policy) == Diagnosis(
        "chance",
        "The model is no better than chance: on ood it finds 5% of unseen targets among five, chance 10%.",
    )


@pytest.mark.parametrize("control", ["ridge", "ridge_centred"])
@pytest.mark.parametrize(("bits", "name"), [(2.5, "beaten_by_ridge"), (2.501, "sound")])
def test_who_knows_as_much_as_ridge_knows_no_more(
    good_evidence: EvidenceFactory, seed_policy: Policy, control: str, bits: float, name: str
) -> None:
    evidence = good_evidence()
    controls = {**evidence.controls, control: evidence.model}
    figures = {BITS: bits, "offset_sweep.cos@+2": -0.1}
    found = diagnosed(set_to(replace(evidence, controls=controls), figures), seed_policy)
    assert found.name == name
    if name == "beaten_by_ridge":
        assert found.sentence == (
            f"The model passes, but knows no more than {control}, a linear fit: on val 2.50 bits, "
            f"{control} 2.50."
        )


@pytest.mark.parametrize("control", ["copy_mix", "ridge"])
@pytest.mark.parametrize(("possible", "name"), [(2.6, "sound"), (2.601, "beaten")])
def test_where_all_that_can_be_known_is_known_nobody_knows_more(
    good_evidence: EvidenceFactory, seed_policy: Policy, control: str, possible: float, name: str
) -> None:
    evidence = good_evidence()

    def knowing(who: str, bits: float) -> Mapping[str, Mapping[str, Metric]]:
        rows = evidence.controls[who]
        return {**rows, **{split: {**rows[split], BITS: even(bits, bits, bits, 400, 20)} for split in BOTH}}

    controls = {**evidence.controls, "oracle": knowing("oracle", possible), control: knowing(control, 2.505)}
    found = diagnosed(replace(evidence, controls=controls), seed_policy)
    less = {"copy_mix": "less_than_copying", "ridge": "beaten_by_ridge"}[control]
    assert found.name == (less if name == "beaten" else name)


def test_ridge_is_not_beaten_by_itself(good_evidence: EvidenceFactory, seed_policy: Policy) -> None:
    evidence = good_evidence()
    controls = {**evidence.controls, "ridge": evidence.model}
    assert diagnosed(replace(evidence, controls=controls), seed_policy).name == "sound"


@pytest.mark.parametrize("figures", [{LAST: -0.1}, {MARGIN: -0.1, PEAK: -1.0, "offset_sweep.cos@-1": 0.7}])
@pytest.mark.parametrize(
    ("gain", "half", "missing", "blamed"),
    [
        (0.5, 0.4, (), False),
        (0.5, 0.5, (), True),
        (0.5, None, (), True),
        (0.5, 0.4, ("copy_mix",), True),
        (0.5, 0.4, ("logit", "ridge"), False),
    ],
)
def test_who_is_shown_to_know_more_than_a_copy_may_lie_closer_to_another_chunk(
    good_evidence: EvidenceFactory,
    seed_policy: Policy,
    figures: Mapping[str, float],
    gain: float,
    half: float | None,
    missing: tuple[str, ...],
    blamed: bool,
) -> None:
    evidence = set_to(good_evidence(), figures)
    low, high = (None, None) if half is None else (gain - half, gain + half)
    over = {
        name: {split: {BITS: even(gain, low, high, 400, 20)} for split in BOTH}
        for name in RIVALS
        if name not in missing
    }
    evidence = replace(evidence, gains=over)
    elsewhere = replace(load_policy("skill").policy, controls=())
    assert (diagnosed(evidence, elsewhere).name in ("looks_back", "misplaced")) is blamed
    # The policy of the seed asks for the place.
    assert diagnosed(evidence, seed_policy).name in ("looks_back", "misplaced")


@pytest.mark.parametrize("figures", [{LAST: -0.1}, {MARGIN: -0.1, PEAK: -1.0, "offset_sweep.cos@-1": 0.7}])
def test_a_place_that_knowledge_excuses_at_home_is_not_what_is_missing_elsewhere(
    good_evidence: EvidenceFactory, figures: Mapping[str, float]
) -> None:
    low = {"val": 0.1, "ood": 0.0}
    over = {
        name: {split: {BITS: even(0.5, low[split], 1.0, 400, 20)} for split in BOTH}
        for name in RIVALS
        if name != "copy_mix"
    }
    shown = {split: {BITS: even(0.5, 0.1, 1.0, 400, 20)} for split in BOTH}
    evidence = replace(set_to(good_evidence(), figures), gains={**over, "copy_mix": shown})
    elsewhere = replace(load_policy("skill").policy, controls=())
    assert diagnosed(evidence, elsewhere) == Diagnosis(
        "no_transfer",
        "The model passes, but does not transfer; elsewhere it is not shown to know more than copying does: "
        "on ood 2.50 bits, copy_last_centred 1.50.",
    )


@pytest.mark.parametrize(
    ("low", "high", "name"),
    [
        (-0.1, -0.01, "less_than_copying"),
        (-0.1, 0.0, "sound"),
        (-0.1, 0.01, "sound"),
        (None, None, "less_than_copying"),
    ],
)
def test_who_may_know_as_much_as_a_copy_is_not_told_to_know_less(
    good_evidence: EvidenceFactory, seed_policy: Policy, low: float | None, high: float | None, name: str
) -> None:
    """The gain on the same windows decides, where it has an interval."""
    evidence = set_to(good_evidence(), {BITS: 1.74, CENTRED: 1.74})
    ridge = {
        split: {**rows, BITS: even(1.5, 1.4, 1.6, 400, 20)}
        for split, rows in evidence.controls["ridge"].items()
    }
    over = {"copy_mix": {split: {BITS: even(-0.01, low, high, 400, 20)} for split in BOTH}}
    controls = {**evidence.controls, "ridge": ridge, "ridge_centred": ridge}
    assert diagnosed(replace(evidence, controls=controls, gains=over), seed_policy).name == name


@pytest.mark.parametrize(("half", "told"), [(0.001, True), (0.1, False), (0.2, False)])
@pytest.mark.parametrize(("figure", "name"), [(LAST, "looks_back"), (MARGIN, "misplaced")])
def test_what_may_lie_nearest_to_the_target_is_not_told_to_lie_elsewhere(
    good_evidence: EvidenceFactory, seed_policy: Policy, figure: str, name: str, half: float, told: bool
) -> None:
    """Only an interval that lies below zero as a whole says it."""
    evidence = set_to(good_evidence(), {PEAK: -1.0})
    assert (diagnosed(set_to(evidence, {figure: -0.1}, half=half), seed_policy).name == name) is told


def test_what_peaks_at_the_target_is_not_misplaced(
    good_evidence: EvidenceFactory, seed_policy: Policy
) -> None:
    found = diagnosed(set_to(good_evidence(), {MARGIN: -0.1, PEAK: 0.0}), seed_policy)
    assert found.name == "falls_short"


def test_what_cannot_be_decided_is_no_diagnosis(good_evidence: EvidenceFactory, seed_policy: Policy) -> None:
    evidence = good_evidence()
    controls = {name: found for name, found in evidence.controls.items() if name != "ridge"}
    assert diagnosed(replace(evidence, controls=controls), seed_policy) == Diagnosis(
        "undecided",
        "Nothing is decided: the control 'ridge' was not measured, so nothing shows that the gates are sound "
        "here.",
    )


def test_controls_that_are_not_there_are_beside_nothing(good_evidence: EvidenceFactory) -> None:
    """A verdict on them is an error; the diagnosis holds nothing against the model either."""
    alone = replace(good_evidence(), controls={})
    verdict = Verdict("deployable", 5, False, (), (), (), ())
    assert diagnose(alone, verdict, ()) == Diagnosis(
        "sound", "The model is sound: what it knows on val is undefined."
    )


def test_figures_that_are_not_known_decide_nothing(
    good_evidence: EvidenceFactory, seed_policy: Policy
) -> None:
    """Only what the escape test needs is there; the policy blocks, and the sentence says what is known."""
    evidence = good_evidence()
    unknown = even(None, None, None, 0, 0, "no sample")
    kept = (COS, UNSEEN, "offset_sweep.lift", "retrieval.article_unseen.chance@5")
    model = {
        split: {name: metric if name in kept else unknown for name, metric in rows.items()}
        for split, rows in evidence.model.items()
    }
    found = diagnosed(replace(evidence, model=model), seed_policy)
    assert found.name == "falls_short"
    assert found.sentence.startswith("The model does not pass A (nearest to target), B (finds the target), ")


def test_the_name_sound_is_kept_for_deployable_models(
    good_evidence: EvidenceFactory, seed_policy: Policy
) -> None:
    blocked = replace(seed_policy, min_gates_passed=6)
    judgement = judge(good_evidence(), blocked, confidence=0.95)
    assert judgement.verdict.outcome == "blocked"
    assert judgement.diagnosis == Diagnosis(
        "falls_short",
        "The model does not pass the policy: 5 of the 5 gates passed (A, B, C, D, E), the policy needs 6; on "
        "val it knows 2.50 bits, the best control (logit) 2.00.",
    )


@pytest.mark.parametrize(("moved", "name"), [(0.01, "collapsed"), (-0.01, "collapsed"), (0.0101, "chance")])
def test_a_mean_that_moves_by_a_hundredth_stands_still(
    good_evidence: EvidenceFactory, seed_policy: Policy, moved: float, name: str
) -> None:
    evidence = set_to(still(good_evidence()), {DAMAGED[0]: moved}, half=0.0)
    assert diagnosed(set_to(evidence, {UNSEEN: 0.09}), seed_policy).name == name


@pytest.mark.parametrize(("found", "name"), [(0.2, "collapsed"), (0.2001, "ignores_context")])
def test_who_may_find_as_little_as_a_constant_may_be_one(
    good_evidence: EvidenceFactory, seed_policy: Policy, found: float, name: str
) -> None:
    evidence = set_to(still(good_evidence()), {UNSEEN: found}, half=0.0)
    assert diagnosed(set_to(evidence, {COS: 0.5}), seed_policy).name == name


@pytest.mark.parametrize(
    ("passing", "failing", "said"),
    [
        # Enough gates pass: only those that had to are named.
        (3, (), "A (nearest to target)"),
        (3, ("rollout",), "A (nearest to target), D (survives itself)"),
        (3, ("retrieval",), "A (nearest to target)"),  # which passes
        # Too few do: any of those that fail would help.
        (4, (), "A (nearest to target), D (survives itself)"),
    ],
)
def test_the_gates_that_stop_a_model_are_named(
    good_evidence: EvidenceFactory,
    seed_policy: Policy,
    passing: int,
    failing: tuple[str, ...],
    said: str,
) -> None:
    evidence = set_to(good_evidence(), {MARGIN: 0.03, "rollout.avg_cos": 0.2})
    policy = replace(seed_policy, min_gates_passed=passing, required_gates=failing)
    assert judge(evidence, policy, confidence=0.95).verdict.gates_passed == 3
    assert diagnosed(evidence, policy) == Diagnosis(
        "falls_short",
        f"The model does not pass {said}; on val it knows 2.50 bits, the best control (logit) 2.00.",
    )
