"""A survey of data for people."""

from collections.abc import Sequence

from gatekeeper.data.audit.defects import Defect
from gatekeeper.data.audit.survey import Survey
from gatekeeper.render.grid import grid
from gatekeeper.render.rows import interval, number
from schemas.text import printable


def render_survey(survey: Survey) -> str:
    """Sizes, defects, similarity by distance, splits."""
    lengths = survey.lengths
    lines = [
        f"{printable(survey.source)}: {survey.rows} chunks of width {survey.dimension} in "
        f"{survey.articles} articles",
        f"chunks an article: {lengths.low} to {lengths.high}, median {lengths.median:g} "
        f"(quartiles {lengths.quarter:g} and {lengths.three_quarters:g}), mean {lengths.mean:.1f}",
    ]
    if survey.norms is not None:
        norms = survey.norms
        lines.append(f"norms as stored: {norms.low:.5g} to {norms.high:.5g}, median {norms.median:.5g}")
    parts = ["\n".join(lines), render_defects((*survey.defects, survey.gaps, survey.duplicates))]
    similarity = [
        [each.distance, number(each.metric.value), interval(each.metric)] for each in survey.similarity
    ]
    parts.append(grid(similarity, ("distance", "mean cosine", "95% interval")))
    if survey.splits:
        rows = [
            [
                name,
                split.articles,
                split.windows,
                ", ".join(f"{n} with {b}" for b, n in split.shared.items()) or "-",
            ]
            for name, split in survey.splits.items()
        ]
        headers = ("split", "articles", "windows", "shared articles")
        parts.append(grid(rows, headers))
    return "\n\n".join(parts)


def render_defects(defects: Sequence[Defect]) -> str:
    """Each defect with its count and the first places."""
    lines = []
    for defect in defects:
        lines.append(f"{defect.kind}: {defect.count or 'none'}")
        lines += [f"  - {printable(example)}" for example in defect.examples]
        if defect.count > len(defect.examples):
            lines.append(f"  - and {defect.count - len(defect.examples)} more")
    return "\n".join(lines)
