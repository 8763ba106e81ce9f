"""Is a report about the data that the policy names, and drawn as it says? Pure.

Thresholds mean something only on the data they were set for, and a draw that the evaluator chooses is
a choice of data: of sixty seeds one will flatter any model. A pinned split is therefore measured on
all of its windows, unless the policy itself names how many are drawn and with which seed.
"""

from collections.abc import Iterator

from schemas.records.inputs import Inputs, Settings, SplitInput
from schemas.records.policy import DataPin, Policy
from schemas.records.splits import CHECKED, OOD, VAL

SUBJECT = ("bank", "context", "horizon")
"""What a pinned split depends on: its digest covers numbers of rows, not what the rows hold."""


def objections(policy: Policy, inputs: Inputs, settings: Settings) -> list[str]:
    """Why a report does not count under what the policy says of data and draw, one sentence each.

    Args:
        policy: with its ``[data]`` table, if it has one, and what it draws of an article.
        inputs: what was evaluated.
        settings: how.
    """
    pin = policy.data or DataPin()
    per_article = pin.max_per_article if policy.max_per_article is None else policy.max_per_article
    return [
        *_other_data(pin, inputs),
        *_otherwise(pin, settings, per_article),
        *_other_draw(pin, inputs, per_article),
    ]


def remarks(pin: DataPin | None) -> list[str]:
    """What a policy that pins a split leaves open although the split depends on it."""
    if pin is None or not _pinned(pin):
        return []
    left = [name for name in SUBJECT if getattr(pin, name) is None]
    if not left:
        return []
    return [
        f"the policy's [data] names {' and '.join(_pinned(pin))} but not {', '.join(left)}, on which the "
        "windows depend; name them as well"
    ]


def _pinned(pin: DataPin) -> list[str]:
    return [name for name in CHECKED if getattr(pin, name) is not None]


def _other_data(pin: DataPin, inputs: Inputs) -> Iterator[str]:
    splits = {name: split.sha256 for name, split in inputs.splits.items()}
    parts = (
        ("bank", pin.bank, inputs.bank.sha256),
        ("windows of train", pin.train, inputs.train_sha256 or "none"),
        ("windows of val", pin.val, splits.get(VAL, "none")),
        ("windows of ood", pin.ood, splits.get(OOD, "none")),
    )
    for what, wanted, found in parts:
        if wanted is not None and wanted != found:
            yield (
                f"evaluated on other data than the policy names: {what} {found[:12]} instead of {wanted[:12]}"
            )


def _otherwise(pin: DataPin, settings: Settings, per_article: int | None) -> Iterator[str]:
    parts = (
        ("context", pin.context, settings.context),
        ("horizon", pin.horizon, settings.horizon),
        ("bin edges", pin.bin_edges, settings.bin_edges),
        ("seed", pin.seed, settings.seed),
        ("windows an article", per_article, settings.max_per_article),
    )
    for what, wanted, found in parts:
        if wanted is not None and wanted != found:
            yield (
                f"evaluated otherwise than the policy names: {what} {_shown(found)} "
                f"instead of {_shown(wanted)}"
            )


def _other_draw(pin: DataPin, inputs: Inputs, per_article: int | None) -> Iterator[str]:
    """A draw that the policy names holds for every split, one that it does not name for no pinned one."""
    named = pin.max_samples is not None
    again = "" if per_article is None else f"--max-per-article {per_article} "
    for name, split in inputs.splits.items():
        if not named and name not in _pinned(pin):
            continue
        wanted = _drawn(split, pin.max_samples, per_article)
        if split.sampled == wanted:
            continue
        draw = f"evaluated on {split.sampled} of the {split.windows} windows of {name}"
        if named:
            yield (
                f"{draw} where the policy names a draw of {wanted}; evaluate again with "
                f"{again}--max-samples {pin.max_samples} --seed {pin.seed}"
            )
        else:
            yield (
                f"{draw}, a draw that the policy does not name; evaluate again without --max-samples "
                "and --max-per-article, or let the policy name them and seed under [data]"
            )


def _drawn(split: SplitInput, most: int | None, per_article: int | None) -> int:
    possible = split.windows if per_article is None else split.eligible
    return possible if most is None else min(possible, most)


def _shown(value: object) -> str:
    if value is None:  # no limit to the windows of an article
        return "all"
    return " to ".join(f"{edge:g}" for edge in value) if isinstance(value, tuple) else str(value)
