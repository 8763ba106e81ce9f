"""An audit for people."""

from gatekeeper.data.audit.findings import MARGIN
from gatekeeper.data.audit.near_pairs import PROBES
from gatekeeper.render.grid import grid
from gatekeeper.render.power import CAPTION, HEADS, power_rows
from gatekeeper.render.rows import interval, number
from gates.leaks import LIMIT
from schemas.records.audit import Audit, FrontierOfSplit, LeakedTarget, LeakSearch, SharedText
from schemas.text import printable
from schemas.verdict.wording import share

_SHOWN = 10


def render_audit(audit: Audit) -> str:
    """Whether a model can work on the data, figures, frontier, duplicates, and the verdict in words."""
    rows = [
        [
            row.name,
            number(row.metric.value),
            interval(row.metric),
            row.threshold,
            "" if row.holds is None else "yes" if row.holds else "no",
            row.meaning,
        ]
        for row in audit.rows
    ]
    parts = [
        printable(outlook(audit)),
        f"{printable(audit.source)}: context {audit.context}, horizon {audit.horizon}, held-out articles",
        grid(
            rows,
            ("figure", "value", "95% interval", "published", "met", ""),
            widths=(None, None, None, None, None, 70),
        ),
        *(_frontier(audit, name) for name in audit.frontier),
        _leaks(audit),
        *([_leaked(audit)] if audit.leaked else []),
        *([_power(audit)] if audit.power else []),
        *([_misplaced(audit)] if audit.misplaced else []),
        _verdict(audit),
    ]
    return "\n\n".join(parts)


def outlook(audit: Audit) -> str:
    """Whether a model can work on this data, and the main reason.

    No, where the gates cannot be decided. Otherwise the linear models of the frontier answer that lie no
    further from the target than a constant does: where none of them is nearest to the target on every split,
    a model has to know what no linear one knows.
    """
    if audit.problems:
        return f"Can a model work on this data? No: {audit.problems[0]}."
    best = ((_best_margin(found), name) for name, found in audit.frontier.items())
    margin, split = min(best, default=(-1.0, ""))
    if margin <= -1.0:
        return "Can a model work on this data? Unlikely: no linear model does better than a constant."
    answer, how = ("Yes", "nearest") if margin >= MARGIN else ("Unlikely", "not nearest")
    return (
        f"Can a model work on this data? {answer}: a linear one is {how} to the target, its best margin "
        f"{margin:+.3f} on {split}, {MARGIN:g} needed."
    )


def _best_margin(frontier: FrontierOfSplit) -> float:
    """Of the points whose cosine is that of a constant at least; -1 where there is none."""
    constant = frontier.constant_cos.value
    margins = [
        point.margin.value
        for point in frontier.points
        if point.margin.value is not None
        and point.cos.value is not None
        and constant is not None
        and point.cos.value >= constant
    ]
    return max(margins, default=-1.0)


def _frontier(audit: Audit, name: str) -> str:
    found = audit.frontier[name]
    rows = [
        [f"{p.alpha:g}", *(f"{number(m.value)} {interval(m)}" for m in (p.margin, p.cos, p.recall))]
        for p in found.points
    ]
    table = grid(rows, ("alpha", "margin", "cos", "R@5 unseen"))
    return (
        f"What a linear model can buy on {name} (target minus alpha times its neighbours; constant "
        f"prediction: cos {number(found.constant_cos.value)}):\n{table}"
    )


def _leaks(audit: Audit) -> str:
    leaks = audit.leaks
    compared = (
        "all others" if leaks.lists is None else f"those of its nearest {PROBES} of {leaks.lists} lists"
    )
    lines = [f"Duplicates ({_limit(leaks)}): {leaks.rows} chunks, each compared with {compared}"]
    lines += [
        f"  {name}: {split.shared} of {split.chunks} chunks have a near duplicate in another split"
        for name, split in leaks.splits.items()
    ]
    lines += [f"  - {_pair(pair)}" for pair in leaks.pairs]
    if leaks.more:
        lines.append(f"  - and {leaks.more} more pairs of articles")
    return "\n".join(lines)


def _limit(leaks: LeakSearch) -> str:
    """The limit, and which it is: ours, or that of data whose chunks are as near anyway."""
    usual = "" if leaks.usual is None else f"; the nearest of another article usually has {leaks.usual:.3f}"
    if leaks.limit <= LIMIT:
        return f"cosine >= {LIMIT}{usual}"
    return f"cosine >= {leaks.limit:.5f}, what is unusual in these data{usual}"


def _leaked(audit: Audit) -> str:
    lines = ["Targets that articles outside their split hold too (cosine also without the mean row):"]
    for name, found in audit.leaked.items():
        value, n = found.share.value, found.share.n
        lines.append(
            f"  {name}: {found.share.reason}"
            if value is None
            else f"  {name}: {round(value * n)} of {n} ({share(value, 1)})"
        )
        lines += [f"  - {_leaked_pair(pair)}" for pair in found.worst]
    return "\n".join(lines)


def _power(audit: Audit) -> str:
    table = grid(power_rows(audit.power), HEADS)
    return (
        f"{CAPTION},\nof a model that differs from the last chunk as a plain weighted copy does\n"
        f"(it and a quarter of the one before, minus the mean row):\n{table}"
    )


def _leaked_pair(pair: LeakedTarget) -> str:
    sides = [
        f"chunk {chunk} of article {article}{f' {printable(title)!r}' if title else ''}"
        for chunk, article, title in zip(pair.chunks, pair.articles, pair.titles, strict=True)
    ]
    where = f" ({pair.split})" if pair.split else ""
    texts = [printable(text[:80]) for text in pair.texts if text]
    quoted = f": {' | '.join(texts)}" if texts else ""
    return f"{' and '.join(sides)}{where}, cosine {pair.cosine:.3f}{quoted}"


def _misplaced(audit: Audit) -> str:
    lines = ["Articles whose chunks are not where they say:"]
    lines += [f"  - article {each.article}: {printable(each.evidence)}" for each in audit.misplaced[:_SHOWN]]
    if len(audit.misplaced) > _SHOWN:
        lines.append(f"  - and {len(audit.misplaced) - _SHOWN} more; --format json lists all")
    return "\n".join(lines)


def _pair(pair: SharedText) -> str:
    sides = [
        f"article {article}{f' ({split})' if split else ''}"
        for article, split in zip((pair.first, pair.second), pair.splits, strict=True)
    ]
    text = f": {printable(pair.example[:80])}" if pair.example else ""
    return f"{' and '.join(sides)} share {pair.shared} ({pair.share:.0%}), cosine {pair.cosine:.3f}{text}"


def _verdict(audit: Audit) -> str:
    head = (
        "These gates can be decided on this data." if not audit.problems else "These gates cannot be decided:"
    )
    lines = [head, *(f"  - {printable(problem)}" for problem in audit.problems), "Findings:"]
    return "\n".join([*lines, *(f"  - {printable(finding)}" for finding in audit.findings)])
