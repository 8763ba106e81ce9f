"""What a reader of a page sees: its words, its sections and its plots."""

import html
import re

from tests.gatekeeper.render.page.pages import SPLITS

GATES = ("knowledge", "offset-sweep", "retrieval", "ablations", "rollout", "bins", "plane")
SHOWN = {
    "deployable": [*GATES, "training", "windows", "checks", "provenance"],
    "blocked": [*GATES, "checks", "absent", "provenance"],
    "one_article": [*GATES, "checks", "absent", "provenance"],
    "undecided": [*GATES, "checks", "absent", "provenance"],
    "skipped_gate": [*(key for key in GATES if key != "ablations"), "checks", "absent", "provenance"],
    "error": ["checks", "absent", "provenance"],
    "control": [*GATES, "checks", "absent", "provenance"],
    "hostile": [*GATES, "training", "windows", "checks", "provenance"],
}
"""The sections that have something to show."""
PLOTS = {
    *(
        f"{kind} on {split}"
        for kind in ("Offset sweep", "Rollout", "Margin against cosine")
        for split in SPLITS
    ),
    "Retrieval within the article",
    "Retrieval within the article, context left out",
    "Retrieval in the whole bank",
    "Retrieval in the whole bank, context left out",
    "Change of cosine by ablation",
    "Mean cosine by coherence bin",
    "Bits known",
    "Bits known once the mean row is subtracted",
}
TRAINED = {
    f"Training: {what} by epoch"
    for what in ("margin", "article R@5", "bits known", "mean cosine to the target", "λ_eff", "gap")
}


def words(page: str) -> str:
    """What a reader sees, in one line."""
    body = re.sub(r"</?span[^>]*>|<wbr>", "", page.partition("</style>")[2])
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", body).split()))


def drawn(page: str) -> set[str]:
    """Titles of the plots."""
    return set(re.findall(r'<svg [^>]*role="img" aria-label="([^"]+)"', page))


def section(page: str, key: str) -> str:
    """The words of a section."""
    found = re.search(rf'<section id="{key}".*?</section>', page, re.DOTALL)
    assert found is not None
    return words("</style>" + found[0])
