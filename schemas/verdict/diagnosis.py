"""What does the model do instead of predicting? One sentence in plain words, from the metrics. Pure.

The verdict says whether a model may be deployed, the diagnosis says what is the matter with it. Every rule
sets a figure of the model beside one that a control has which knows nothing, so that it means the same on
any data. Those controls are the yardstick: ``copy_last`` copies, ``constant`` has collapsed, ``random`` is no
better than chance.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from schemas.records.answers import ROUNDING
from schemas.records.evidence import ORACLE, Evidence, Metric
from schemas.records.judgement import Diagnosis, DiagnosisName, Verdict
from schemas.records.metrics import (
    ABLATIONS,
    BITS_CENTRED,
    BITS_KNOWN,
    CHANCE_UNSEEN,
    COSINE,
    OFFSETS,
    RECALL_UNSEEN,
)
from schemas.records.policy import BACKWARD_BIAS
from schemas.records.splits import EVALUATED, OOD, VAL
from schemas.verdict.checks import measured_splits
from schemas.verdict.knowledge import COPIES, LINEAR, best_control, known_bits
from schemas.verdict.wording import figure, gate_in_words, share

COPY = 0.9
"""A mean cosine to the last chunk from which an answer is a copy of it. Chunks of one article have about 0.5
to each other, and the answers of a ridge regression about 0.65 to its last chunk."""

STILL = 0.01
"""A change of the cosine that is none: a tenth of what the published thresholds of gate C ask for."""

AWAY = -0.05
"""A mean cosine from which a model turns its back on the target. Random directions stay above it on a hundred
windows of width 32."""

NEEDED = 0.1
"""A context was needed where its damage costs at least this share of the lead over a constant answer."""

DROP = 0.05
"""A fall of the cosine from val to ood, beyond that of copying: what gate E of the seed's policy allows."""

CLEARLY_MORE = 0.1
"""Bits that a prediction must gain without the mean row before that is told."""

PLACED = frozenset({"offset_sweep", BACKWARD_BIAS})
"""Gates and groups that ask where a prediction lies."""

HARDLY_LESS = 0.1
"""Bits below those of the true target, from which nothing is left to know but how sure one may be."""

LAST_MARGIN, MARGIN, PEAK = (f"offset_sweep.{name}" for name in ("margin_last", "margin", "peak_offset"))
MEAN_COSINE = "bins_delta.cos"
_SWEEP = tuple(f"offset_sweep.cos@{k:+d}" for k in OFFSETS)

_LONGEST = 1_000


def diagnose(evidence: Evidence, verdict: Verdict, unmet: tuple[str, ...]) -> Diagnosis:
    """What the metrics tell of the model, the most telling first.

    One answer to everything comes before what that answer is. Then come answers that need no knowledge
    (turned away, copied, at random), answers that know less than a copy, answers at the wrong place, what
    holds at home only, and at last what may be missing in a model that knows something.

    Args:
        evidence: metrics of the model and of the controls over the same samples.
        verdict: what the policy decides. An evaluation that cannot decide is ``undecided``, and only a
            deployable model is ``sound``.
        unmet: the gates that keep the model from it.

    Example:
        >>> verdict = Verdict("error", 0, False, ("no split was evaluated",), (), (), ())
        >>> diagnose(Evidence({}, {}), verdict, ())
        Diagnosis(name='undecided', sentence='Nothing is decided: no split was evaluated.')
    """
    if verdict.outcome == "error":
        return Diagnosis("undecided", f"Nothing is decided: {verdict.reasons[0][:_LONGEST]}.")
    asked = not PLACED.isdisjoint(unmet)
    splits = [_Split(name, evidence, asked) for name in measured_splits(evidence.model)]
    name, clause = _fault(splits) or _fall(evidence) or _gap(splits) or ("sound", "")
    hidden = _hidden(splits)
    if clause:
        return Diagnosis(name, f"The model {'passes, but ' if verdict.deployable else ''}{clause}{hidden}.")
    found = _found(splits[0])
    if verdict.deployable:
        return Diagnosis("sound", f"The model is sound: {found}{hidden}.")
    return Diagnosis("falls_short", f"The model does not pass {_missed(unmet, verdict)}; {found}{hidden}.")


@dataclass(frozen=True)
class _Split:
    """The figures of one split, and whether the model is kept from deployment by the place of its answers."""

    name: str
    evidence: Evidence
    place_asked: bool

    def metric(self, name: str, who: str = "") -> Metric | None:
        """Of the model, or of the control ``who``; None where it was not measured."""
        metrics = self.evidence.controls.get(who, {}) if who else self.evidence.model
        return metrics.get(self.name, {}).get(name)

    def value(self, name: str, who: str = "") -> float:
        """The estimate; NaN where it is not known or not finite, so that no comparison with it holds."""
        metric = self.metric(name, who)
        value = math.nan if metric is None or metric.value is None else metric.value
        return value if math.isfinite(value) else math.nan

    @property
    def bits(self) -> float:
        """What the model knows; NaN where it is undefined."""
        return known_bits(self.evidence, self.name)

    @property
    def knows_all(self) -> bool:
        """Whether it knows what can be known: where a copy or a linear fit does too, neither is better."""
        return self.bits >= known_bits(self.evidence, self.name, ORACLE) - HARDLY_LESS

    def gain(self, control: str) -> Metric | None:
        """In bits over that control; None where it was not measured."""
        return self.evidence.gains.get(control, {}).get(self.name, {}).get(BITS_KNOWN)

    @property
    def well_placed(self) -> bool:
        """Whether it does not matter that another chunk is nearer than the target.

        On text it seldom is the nearest. Who is shown to know more than every copy may lie closer to another
        chunk and still tell the target from its rivals, unless the policy asks for the place.
        """
        return not self.unbeaten and not self.place_asked

    @property
    def unbeaten(self) -> tuple[str, ...]:
        """The copies that the model is not shown to know more than."""
        gains = {copy: self.gain(copy) for copy in COPIES}
        return tuple(
            copy for copy, gain in gains.items() if gain is None or gain.low is None or not gain.low > 0
        )

    def low(self, name: str) -> float:
        """The lower end of the model's interval, its estimate where it has none."""
        metric = self.metric(name)
        return self.value(name) if metric is None or metric.low is None else metric.low

    def high(self, name: str) -> float:
        """The upper end likewise."""
        metric = self.metric(name)
        return self.value(name) if metric is None or metric.high is None else metric.high


Finding = tuple[DiagnosisName, str]


def _fault(splits: list[_Split]) -> Finding | None:
    """The first rule of those that no model with knowledge breaks, or that it holds elsewhere only."""
    faults = {split.name: [name for name, rule in _FAULTS if rule(split)] for split in splits}
    for name, rule in _FAULTS:
        hits = {split.name: clause for split in splits if (clause := rule(split))}
        if set(hits) == {OOD} and faults.get(VAL) == []:
            home, away = (next(split for split in splits if split.name == name) for name in EVALUATED)
            excused = rule in (_looks_back, _misplaced) and home.well_placed
            clause = _no_more_than_copying(away) if excused else hits[OOD]
            return "no_transfer", f"does not transfer; elsewhere it {clause}"
        if hits:
            return name, next(iter(hits.values()))
    return None


def _fall(evidence: Evidence) -> Finding | None:
    """How far the cosine falls from val to ood, where it falls further than that of a copy."""
    home, away = (_Split(name, evidence, place_asked=False) for name in EVALUATED)
    mine = home.value(MEAN_COSINE) - away.value(MEAN_COSINE)
    copied = home.value(MEAN_COSINE, "copy_last") - away.value(MEAN_COSINE, "copy_last")
    if mine - max(copied, 0.0) > DROP:
        ends = f"{figure(home.value(MEAN_COSINE))} on val to {figure(away.value(MEAN_COSINE))} on ood"
        return "no_transfer", f"does not transfer: its cosine to the target falls from {ends}"
    return None


def _gap(splits: list[_Split]) -> Finding | None:
    """What is missing in a model that knows something."""
    found = ((name, rule(split)) for name, rule in _GAPS for split in splits)
    return next(((name, clause) for name, clause in found if clause), None)


def _collapsed(split: _Split) -> str:
    """No damage to the context moves any answer, and what is found is what a constant finds."""
    damaged = [split.metric(f"ablations.{name}") for name in ABLATIONS]
    moved = [math.inf if each is None or each.value is None else _moved(each, each.value) for each in damaged]
    if (
        max(moved) > STILL
        or not split.low(RECALL_UNSEEN) <= split.value(RECALL_UNSEEN, "constant")
        or _is(split, "random")  # it does not read either: it draws a direction for every row
    ):
        return ""
    return (
        f"gives one answer to whatever it reads: on {split.name} no damage to the context "
        f"moves its cosine by {STILL:g}"
    )


def _is(split: _Split, control: str) -> bool:
    """Whether it is that control: no offset tells their answers apart."""
    return all(abs(split.value(name) - split.value(name, control)) <= ROUNDING for name in _SWEEP)


def _moved(metric: Metric, value: float) -> float:
    """The mean change or the standard deviation of the samples, whichever is larger.

    The interval of a mean is about twice ``deviation / sqrt(n)`` to either side. A random direction's
    cosines change by nothing on average, but each one does.
    """
    if metric.low is None or metric.high is None:
        return abs(value)
    return max(abs(value), (metric.high - metric.low) / 4 * math.sqrt(metric.n))


def _turned_away(split: _Split) -> str:
    if split.value(COSINE) <= AWAY and split.value(COSINE) < split.value(COSINE, "constant"):
        return f"points away from the target: {_beside_constant(split)}"
    return ""


def _copies(split: _Split) -> str:
    if not split.value(COSINE) - split.value(LAST_MARGIN) >= COPY:
        return ""
    return f"copies the last chunk it read: {_beside_last(split)}"


def _by_chance(split: _Split) -> str:
    mine, chance = split.value(RECALL_UNSEEN), split.value(CHANCE_UNSEEN)
    if not split.low(RECALL_UNSEEN) <= chance:
        return ""
    how = "is no better than chance" if mine <= chance else "cannot be told from chance"
    return f"{how}: {_beside(split, 'chance', chance)}"


def _less_than_copying(split: _Split) -> str:
    best = best_control(split.evidence, split.name, COPIES)
    if best is None or split.knows_all or not split.bits < best[1]:
        return ""
    gain = split.gain(best[0])
    if gain is not None and gain.high is not None and gain.high >= 0:
        return ""  # not shown
    return f"knows less than copying does: {_beside_bits(split, *best)}"


def _no_more_than_copying(split: _Split) -> str:
    """Why a place that was excused at home is not excused here."""
    best = best_control(split.evidence, split.name, split.unbeaten)
    beside = "" if best is None else f": {_beside_bits(split, *best)}"
    return f"is not shown to know more than copying does{beside}"


def _looks_back(split: _Split) -> str:
    if split.well_placed or not split.high(LAST_MARGIN) < 0:
        return ""
    return f"is closer to the last chunk it read than to the target: {_beside_last(split)}"


def _misplaced(split: _Split) -> str:
    peak = split.value(PEAK)
    if split.well_placed or not (split.high(MARGIN) < 0 and peak):
        return ""
    there = split.value(f"offset_sweep.cos@{peak:+.0f}")
    places = "" if abs(peak) == 1 else f"{abs(peak):.0f} "
    chunk = f"chunk {places}{'after' if peak > 0 else 'before'} the target"
    return (
        f"is closer to the {chunk} than to the target: on {split.name} cosine {figure(there)} "
        f"against {figure(split.value(COSINE))}"
    )


def _ignores_context(split: _Split) -> str:
    if not _unneeded(split, ABLATIONS):
        return ""
    return f"ignores what it reads: on {split.name} it loses next to nothing, whatever is done to the context"


def _ignores_order(split: _Split) -> str:
    if not _unneeded(split, ("shuffle", "reverse")):
        return ""
    return f"ignores the order of what it reads: on {split.name} a shuffled context serves it as well"


def _unneeded(split: _Split, damages: tuple[str, ...]) -> bool:
    lead = split.value(COSINE) - split.value(COSINE, "constant")
    return lead > 0 and all(split.value(f"ablations.{name}") > -NEEDED * lead for name in damages)


def _beaten_by_ridge(split: _Split) -> str:
    best = best_control(split.evidence, split.name, LINEAR)
    if best is not None and split.bits <= best[1] and not (split.knows_all or _is(split, best[0])):
        return f"knows no more than {best[0]}, a linear fit: {_beside_bits(split, *best)}"
    return ""


_Rules = tuple[tuple[DiagnosisName, Callable[[_Split], str]], ...]

_FAULTS: _Rules = (
    ("collapsed", _collapsed),
    ("points_away", _turned_away),
    ("copies", _copies),
    ("chance", _by_chance),
    ("less_than_copying", _less_than_copying),
    ("looks_back", _looks_back),
    ("misplaced", _misplaced),
)
_GAPS: _Rules = (
    ("ignores_context", _ignores_context),
    ("ignores_order", _ignores_order),
    ("beaten_by_ridge", _beaten_by_ridge),
)


def _beside(split: _Split, what: str, theirs: float) -> str:
    mine = split.value(RECALL_UNSEEN)
    digits = 0 if share(mine) != share(theirs) or mine == theirs else 1
    return (
        f"on {split.name} it finds {share(mine, digits)} of unseen targets among five, "
        f"{what} {share(theirs, digits)}"
    )


def _beside_constant(split: _Split) -> str:
    mine, constant = split.value(COSINE), split.value(COSINE, "constant")
    return f"on {split.name} cosine {figure(mine)}, a constant answer {figure(constant)}"


def _beside_last(split: _Split) -> str:
    cosine = split.value(COSINE)
    return f"on {split.name} cosine {figure(cosine - split.value(LAST_MARGIN))} against {figure(cosine)}"


def _beside_bits(split: _Split, control: str, theirs: float) -> str:
    mine = split.bits
    digits = 2 if figure(mine, 2) != figure(theirs, 2) or mine == theirs else 3
    return f"on {split.name} {figure(mine, digits)} bits, {control} {figure(theirs, digits)}"


def _found(split: _Split) -> str:
    best = best_control(split.evidence, split.name)
    if best is None or math.isnan(split.bits):
        return f"what it knows on {split.name} is undefined"
    control, theirs = best
    return (
        f"on {split.name} it knows {figure(split.bits, 2)} bits, the best control "
        f"({control}) {figure(theirs, 2)}"
    )


def _hidden(splits: list[_Split]) -> str:
    """What the prediction knows besides, once the direction that all chunks share is subtracted."""
    for split in splits:
        centred = split.value(BITS_CENTRED)
        if centred - split.bits >= CLEARLY_MORE and split.low(BITS_CENTRED) > split.high(BITS_KNOWN):
            return f"; minus the mean row it would know {figure(centred, 2)} bits"
    return ""


def _missed(unmet: tuple[str, ...], verdict: Verdict) -> str:
    return ", ".join(map(gate_in_words, unmet)) or f"the policy: {verdict.reasons[0][:_LONGEST]}"
