"""The collapse watch: named warnings from running means, while the epoch still runs.

A warning that is a *collapse* means that the predictions have lost the target; the run then does
what ``on_collapse`` says. All others only tell.

A recipe that works for the cosine has lost its target once a constant prediction comes closer. One that works
for bits may end far below that and know the target all the same: there the lift is watched, the cosine to the
target minus that to its rivals, of which a constant has none.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from schemas.records.history import LAMBDA_RANGE, WarningName
from trainers.loop.goal import Goal

COLLAPSES: tuple[WarningName, ...] = ("cosine_drop", "below_constant", "negative_cosines")
"""Warnings that stop a run or roll it back."""

SEED_DIMENSION = 768
"""Where the seed's range for the weight of the push holds. The error is a mean over the dimensions, so in D
of them the same push weighs 768 / D as much."""

LEAST_FRACTION = 0.05
"""A push of this share of the error is there, however little it weighs; the seed's ramp begins with 0.10."""

CLAMPED_SHARE = 0.5
"""A weight that is decided by a bound in more steps than this is at its clamp."""

GAP_FALL = 0.02
"""A mean gap this far below the best so far is falling; a cosine that lost as much pays for its gap."""

SINKING = 0.02
"""Below the constant on val a model is lost once it is this far below its best, or, where train is learned,
this far below the constant: what is learned of train reaches other articles later."""

RECALL_SHARE = 0.9
"""R@5 below this share of its best is falling, if it lost what is notable: no chance level wavers so far."""

COSINE_SHARE = 0.7
"""A cosine below this share of its best has dropped ..."""

NOTABLE = 0.05
"""... if it lost at least this much. A model is aloft once it is this far above a constant, and has
found the target's side once it is twice as far above 0."""


@dataclass(frozen=True)
class Alarm:
    """A warning.

    Attributes:
        name: which.
        sentence: what was expected and found, for people.
    """

    name: WarningName
    sentence: str

    @property
    def collapse(self) -> bool:
        """Whether the predictions have lost the target."""
        return self.name in COLLAPSES


@dataclass
class Watch:
    """Remembers the best so far.

    Attributes:
        constant: mean cosine of a constant prediction to the train targets.
        dimension: of the vectors.
        goal: what the run works for: whether the cosine is watched or the lift.
        best_pos: best running mean cosine to the train targets, or lift; best_gap: likewise.
        best_cosine: best cosine or lift on val; best_recall: best article R@5 on val.
        aloft: the running cosine has once been clearly above ``constant``. Before, a young model is
            merely not there yet.
        advised: the advice on a negative margin was given.
        going: what was warned of last time, by where it was seen: each is told once, until it is over.
    """

    constant: float
    dimension: int = SEED_DIMENSION
    goal: Goal = "cosine"
    best_pos: float | None = None
    best_gap: float | None = None
    best_cosine: float | None = None
    best_recall: float | None = None
    aloft: bool = False
    advised: bool = False
    going: dict[str, list[WarningName]] = field(default_factory=dict)

    def news(self, alarms: list[Alarm], where: str) -> list[str]:
        """The lines that people have not read yet: warnings that begin, and names of those that end.

        Args:
            alarms: everything that holds now.
            where: it was seen, ``train``, or the split that chooses.
        """
        before, now = self.going.get(where, []), [alarm.name for alarm in alarms]
        self.going[where] = now
        return [
            *(f"warning: {alarm.name}: {alarm.sentence}" for alarm in alarms if alarm.name not in before),
            *(f"over on {where}: {name}" for name in before if name not in now),
        ]

    def after_rollback(self) -> "Watch":
        """The watch over the best weights, which remembers none of what was lost since."""
        return Watch(self.constant, self.dimension, self.goal, aloft=self.aloft, advised=self.advised)

    @property
    def _what(self) -> str:
        """What is watched, for people."""
        return "cosine" if self.goal == "cosine" else "lift"

    def steps(self, means: Mapping[str, float], *, margin: float | None) -> list[Alarm]:
        """Warnings from the means over the last steps.

        A weight is no news while the gap is ample, at least the margin asked for and not paid for with
        cosine: the push is then next to nothing, whatever it weighs.

        Args:
            means: of the steps, by name in :data:`schemas.records.history.FIGURES`.
            margin: the gap asked for, where the recipe weighs its push as the seed does; else None.
        """
        pos, neg, gap = means["pos"], means["neg"], means["gap"]
        if self.goal == "bits":
            pos, neg = gap, 0.0
        paid = self.best_pos is not None and pos < self.best_pos - GAP_FALL
        alarms = []
        if margin is not None and (gap < margin or paid):
            alarms += self._pushed(means)
        alarms += self._lost(pos, neg)
        self.best_gap = gap if self.best_gap is None else max(gap, self.best_gap)
        self.best_pos = pos if self.best_pos is None else max(pos, self.best_pos)
        self.aloft = self.aloft or pos > self.constant + NOTABLE
        return alarms

    def _pushed(self, means: Mapping[str, float]) -> list[Alarm]:
        low, high = (bound * SEED_DIMENSION / self.dimension for bound in LAMBDA_RANGE)
        weight, gap = means["lambda_eff"], means["gap"]
        slight = weight * means["push"] < LEAST_FRACTION * means["mse"]
        alarms = []
        if weight > high or (weight < low and slight):
            remedy = "too small, raise" if weight < low else "too large, lower"
            alarms.append(
                Alarm(
                    "lambda_out_of_range",
                    f"λ_eff {weight:.5f} is outside [{low:.3g}, {high:.3g}]: "
                    f"{remedy} the target fraction (--target-frac)",
                )
            )
            if means["clamped"] > CLAMPED_SHARE:  # within the range a bound does no harm
                alarms.append(
                    Alarm(
                        "lambda_at_clamp",
                        f"λ_eff was at its clamp in {means['clamped']:.0%} of the steps: "
                        "it no longer follows the error",
                    )
                )
        if self.best_gap is not None and gap < self.best_gap - GAP_FALL:
            alarms.append(Alarm("gap_falling", f"the mean gap fell from {self.best_gap:.3f} to {gap:.3f}"))
        return alarms

    def _lost(self, pos: float, neg: float) -> list[Alarm]:
        alarms = []
        if self.best_pos is not None and self.best_pos > 2 * NOTABLE and pos < 0.0 and neg < 0.0:
            alarms.append(
                Alarm(
                    "negative_cosines",
                    "the predictions point away from target and negative alike "
                    f"(pos {pos:.3f}, neg {neg:.3f})",
                )
            )
        if self.aloft and pos < self.constant:
            alarms.append(
                Alarm(
                    "below_constant",
                    f"the running train {self._what} {pos:.3f} fell below the {self.constant:.3f} "
                    "of a constant prediction",
                )
            )
        if _dropped(pos, self.best_pos, COSINE_SHARE):
            alarms.append(
                Alarm(
                    "cosine_drop",
                    f"the running train {self._what} fell from {self.best_pos:.3f} to {pos:.3f}, "
                    f"below {COSINE_SHARE:.0%} of its best",
                )
            )
        return alarms

    def gates(self, *, cosine: float, constant: float, recall: float, pushed: bool) -> list[Alarm]:
        """Warnings from a Mini-5CAT.

        Args:
            cosine: mean cosine to the target on val, or the lift there.
            constant: that of the constant control. A young model may lie below it for a while.
            recall: article R@5 on val.
            pushed: whether the recipe has the seed's push, and a ramp to slow down.
        """
        alarms = []
        if _dropped(recall, self.best_recall, RECALL_SHARE):
            remedy = ", ramp the margin more slowly (--ramp)" if pushed else ""
            alarms.append(
                Alarm(
                    "recall_falling",
                    f"R@5 on val fell from {self.best_recall:.3f} to {recall:.3f}: "
                    f"the model struggles{remedy}",
                )
            )
        if _dropped(cosine, self.best_cosine, COSINE_SHARE):
            alarms.append(
                Alarm(
                    "cosine_drop",
                    f"the {self._what} on val fell from {self.best_cosine:.3f} to {cosine:.3f}, "
                    f"below {COSINE_SHARE:.0%} of its best",
                )
            )
        sinking = self.best_cosine is not None and cosine < self.best_cosine - SINKING
        low = self.aloft and cosine < constant - SINKING
        if cosine < constant and (low or sinking):
            alarms.append(
                Alarm(
                    "below_constant",
                    f"the {self._what} on val {cosine:.3f} is below the {constant:.3f} "
                    "of a constant prediction",
                )
            )
        self.best_recall = recall if self.best_recall is None else max(recall, self.best_recall)
        self.best_cosine = cosine if self.best_cosine is None else max(cosine, self.best_cosine)
        return alarms

    def state(self) -> dict[str, object]:
        """Everything, as plain values."""
        return asdict(self)


def _dropped(value: float, best: float | None, share: float) -> bool:
    return best is not None and value < share * best and value < best - NOTABLE
