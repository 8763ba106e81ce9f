"""How much better a model is than the champion, metric by metric, from two reports alone. Pure."""

from schemas.records.evidence import Evidence, Metric, Metrics
from schemas.records.metrics import METRICS
from schemas.records.report import Report

NO_INTERVAL = "two reports alone give no interval of their difference; it needs the scores of both"

_DECIMALS = 12


def incomparable(first: Report, second: Report) -> tuple[str, ...]:
    """What keeps the figures of two reports from being compared, each with both values.

    Data, context, horizon, version of the gates, coherence bins, seed and sample draw must agree;
    the policy, the retrieval library and the machine need not.
    """
    pairs: list[tuple[str, object, object]] = [
        ("bank", first.inputs.bank.sha256, second.inputs.bank.sha256),
        ("context", first.settings.context, second.settings.context),
        ("horizon", first.settings.horizon, second.settings.horizon),
        ("gates version", first.settings.gates_version, second.settings.gates_version),
        ("seed", first.settings.seed, second.settings.seed),
        ("windows an article", first.settings.max_per_article, second.settings.max_per_article),
        ("coherence bins", first.settings.bin_edges, second.settings.bin_edges),
    ]
    for name in sorted(first.inputs.splits.keys() | second.inputs.splits.keys()):
        mine, theirs = (report.inputs.splits.get(name) for report in (first, second))
        if mine is None or theirs is None:
            here, there = ("absent" if split is None else "present" for split in (mine, theirs))
            pairs.append((f"split {name}", here, there))
            continue
        pairs.append((f"windows of {name}", mine.sha256, theirs.sha256))
        pairs.append((f"sample draw of {name}", mine.sample_sha256, theirs.sample_sha256))
    return tuple(
        f"{what} ({_shown(mine)} and {_shown(theirs)})" for what, mine, theirs in pairs if mine != theirs
    )


def gains(model: Evidence, champion: Evidence) -> Metrics:
    """The gain of every metric with a better direction, counted so that positive is better.

    ``value = model - champion`` where higher is better, ``champion - model`` where lower is. A gain
    is undefined where one of the two is; it rests on the smaller of the two samples.
    """
    return {
        split: {
            name: _gain(rows[name], champion.model[split][name], METRICS[name].better == "higher")
            for name in rows
            if METRICS[name].better != "neither" and name in champion.model.get(split, {})
        }
        for split, rows in model.model.items()
    }


def _gain(mine: Metric, theirs: Metric, higher: bool) -> Metric:
    n, articles = min(mine.n, theirs.n), min(mine.articles, theirs.articles)
    for metric, who in ((mine, "the model"), (theirs, "the champion")):
        if metric.value is None:
            return Metric(None, None, None, n, articles, f"undefined for {who}: {metric.reason}")
    # 0.35 - 0.40 is a little below -0.05 in binary; what is measured is not known that well.
    difference = round((mine.value or 0.0) - (theirs.value or 0.0), _DECIMALS)
    known = [metric.effective for metric in (mine, theirs) if metric.effective is not None]
    effective = min(known) if len(known) == 2 else None
    return Metric(difference if higher else -difference, None, None, n, articles, NO_INTERVAL, effective)


def _shown(value: object) -> str:
    """A digest by its first digits, for people; without a limit all windows; anything else as it is."""
    text = "all" if value is None else str(value)
    return text[:12] if len(text) == 64 else text
