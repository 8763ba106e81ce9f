"""A push that every rollback halves: what the recipes share whose objective does not listen to the gates."""

from collections.abc import Mapping


class Softened:
    """The part of :class:`trainers.loop.objective.Objective` that asks for nothing but a smaller push.

    Attributes:
        softness: what the push is multiplied by, halved at each rollback.
    """

    softness = 1.0

    def end_epoch(self, val_cosine: float, val_margin: float) -> None:
        """What the gates find changes nothing."""

    def admissible(self, val_cosine: float) -> bool:
        """Everything may be kept."""
        return True

    def soften(self) -> None:
        """Halve the push."""
        self.softness *= 0.5

    def state(self) -> dict[str, object]:
        """How often the push was softened."""
        return {"softness": self.softness}

    def load(self, state: Mapping[str, object]) -> None:
        """Continue from :meth:`state`."""
        self.softness = float(str(state["softness"]))
