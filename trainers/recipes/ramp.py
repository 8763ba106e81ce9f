"""The ramp of a directional recipe: what it asks for, from which epoch on. Read without torch."""

from dataclasses import dataclass

from schemas.errors import UsageError


@dataclass(frozen=True)
class Stage:
    """From an epoch (the first is 1) on: margin asked for, and share of the full target fraction."""

    epoch: int
    margin: float
    share: float


def parse_ramp(text: str) -> tuple[Stage, ...]:
    """The stages of ``first epoch:margin:share,...``.

    Raises:
        UsageError: another form, epochs that do not ascend from 1, or values out of range.

    Example:
        >>> parse_ramp("1:0.02:0.4,3:0.05:1")
        (Stage(epoch=1, margin=0.02, share=0.4), Stage(epoch=3, margin=0.05, share=1.0))
    """
    try:
        parts = [part.split(":") for part in text.split(",")]
        stages = tuple(Stage(int(epoch), float(margin), float(share)) for epoch, margin, share in parts)
    except ValueError:
        raise UsageError(
            f"a ramp is written first epoch:margin:share,..., e.g. 1:0.02:0.4,6:0.05:1; found {text!r}"
        ) from None
    epochs = [stage.epoch for stage in stages]
    if epochs[0] != 1 or sorted(set(epochs)) != epochs:
        raise UsageError(f"the epochs of a ramp must ascend from 1; found {text!r}")
    for stage in stages:
        if not (0.0 <= stage.margin <= 2.0 and 0.0 <= stage.share < float("inf")):
            raise UsageError(
                f"a ramp's margins lie in [0, 2] and its shares are not negative; found {text!r}"
            )
    return stages
