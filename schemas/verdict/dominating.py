"""Is most of a split one article? A remark names it. Pure."""

from schemas.records.inputs import Dominating, Setup
from schemas.text import printable
from schemas.verdict.wording import share

_LONGEST = 200


def remarks(setup: Setup | None) -> tuple[str, ...]:
    """One sentence a split whose figures are mostly those of one article."""
    splits = {} if setup is None else setup.inputs.splits
    return tuple(
        f"{told(name, found, split.sampled)}: its figures are mostly that article's; "
        "--max-per-article draws at most so many windows of each"
        for name, split in splits.items()
        if (found := split.dominating) is not None
    )


def told(split: str, found: Dominating, evaluated: int) -> str:
    """``article 7 'Title' holds 200 of the 335 windows of val (60%)``."""
    name = printable(str(found.article))[:_LONGEST] + (f" {found.title!r}" if found.title else "")
    return (
        f"article {name} holds {found.windows} of the {evaluated} windows of {split} "
        f"({share(found.windows / evaluated)})"
    )
