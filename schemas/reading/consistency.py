"""Does a report agree with itself? Its metrics with its inputs, its judgement with its evidence."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from schemas.errors import PolicyError, ReportError
from schemas.reading.codec import encode
from schemas.reading.policy import builtin_by_digest
from schemas.reading.policy_rules import check_policy
from schemas.reading.power import power_problems
from schemas.records.evidence import ORACLE, Evidence, Gains, Metric, Metrics
from schemas.records.inputs import SplitInput, dominates
from schemas.records.judgement import Judgement
from schemas.records.metrics import LEAKED, METRICS, SEARCHED
from schemas.records.report import Report
from schemas.records.splits import EVALUATED, PAIR
from schemas.verdict.judge import judge

_SAME = 1e-9
"""How far a mean of differences lies from the difference of two means at most, by rounding."""


def check_report(report: Report) -> Judgement:
    """Refuse a report that contradicts itself.

    Claims are compared, words are not: a later version may say the same in other sentences, and
    what people read is what is returned here, never what the file says.

    Returns:
        The judgement that follows from its evidence and policy on the day it was made.

    Raises:
        ReportError: names the first place where it does: an impossible date, a metric outside its
            own interval or measured on more samples than were drawn, controls measured on other
            samples than the model, a gain that is not the difference of its two metrics, a
            detectable gain within what its interval leaves open, a policy that is none or is not the
            one its digest names, or a judgement other than the one that follows from evidence and policy.
    """
    _check_created(report.created)
    _check_settings(report)
    for who, metrics in (("model", report.evidence.model), *report.evidence.controls.items()):
        _check_metrics(metrics, report, f"evidence of {who}")
    _check_same_samples(report.evidence)
    _check_same_data(report.evidence)
    _check_gains(report.evidence, report.evidence.gains, "model")
    _check_gains(report.evidence, report.evidence.oracle_gains, ORACLE)
    for problem in power_problems(report.evidence):
        raise ReportError(problem)
    _check_answers(report.evidence)
    _check_policy(report)
    derived = derive(report)
    if _claims(derived) != _claims(report.judgement):
        raise ReportError(
            "the claimed judgement does not follow from the evidence: "
            f"{_first(_claims(derived), _claims(report.judgement))}"
        )
    return derived


def derive(report: Report) -> Judgement:
    """The judgement of the report's own policy on the day (UTC) it was made."""
    made = datetime.fromisoformat(report.created).date()
    return judge(
        report.evidence,
        report.policy,
        confidence=report.settings.confidence,
        on=made,
        setup=report.setup,
    )


def _check_created(created: str) -> None:
    try:
        datetime.fromisoformat(created)
    except ValueError as error:
        raise ReportError(f"created: {created[:40]!r} is no date: {error}") from None


def _check_settings(report: Report) -> None:
    low, high = report.settings.bin_edges
    if low > high:
        raise ReportError(f"settings.bin_edges: expected ascending edges, found {low} and {high}")
    fitted, told = report.settings.ridge == "train split", report.inputs.train_sha256 is not None
    if fitted != told:
        raise ReportError(
            f"settings.ridge is {report.settings.ridge!r}, but inputs.train_sha256 "
            f"{'names a train split' if told else 'names none'}"
        )
    cap = report.settings.max_samples
    for name, split in report.inputs.splits.items():
        if split.sampled > split.windows or (cap is not None and split.sampled > cap):
            raise ReportError(
                f"inputs.splits.{name}: {split.sampled} sampled of {split.windows} windows "
                f"with a cap of {'none' if cap is None else cap}"
            )
        if split.articles > split.windows:
            raise ReportError(
                f"inputs.splits.{name}: {split.articles} articles, but only {split.windows} windows"
            )
        if not split.sampled <= split.eligible <= split.windows:
            raise ReportError(
                f"inputs.splits.{name}: {split.sampled} sampled of {split.eligible} eligible of "
                f"{split.windows} windows"
            )
        _check_dominating(name, split)
        limit = report.settings.max_per_article
        most = split.windows if limit is None else min(split.windows, limit * split.articles)
        if split.eligible > most or (limit is None and split.eligible < most):
            raise ReportError(
                f"inputs.splits.{name}: {split.eligible} eligible windows of {split.articles} articles with "
                f"a cap an article of {'none' if limit is None else limit}"
            )


def _check_dominating(name: str, split: SplitInput) -> None:
    found = split.dominating
    if found is None:
        return
    if found.windows > split.sampled or not dominates(found.windows, split.sampled, split.articles):
        raise ReportError(
            f"inputs.splits.{name}: an article with {found.windows} of {split.sampled} windows in "
            f"{split.articles} articles dominates none"
        )


def _check_metrics(metrics: Metrics, report: Report, who: str) -> None:
    for split, rows in metrics.items():
        drawn = _drawn(report, split, who)
        for name, metric in rows.items():
            where = f"{who}, {name} on {split}"
            if METRICS[name].pair != (split == PAIR):
                raise ReportError(f"{where}: metrics that compare val with ood belong to {PAIR!r}, no others")
            if metric.n > drawn:
                raise ReportError(f"{where}: n is {metric.n}, but only {drawn} windows were evaluated")
            for problem in _problems(metric):
                raise ReportError(f"{where}: {problem}")


def _drawn(report: Report, split: str, who: str) -> int:
    names = EVALUATED if split == PAIR else (split,)
    missing = [name for name in names if name not in report.inputs.splits]
    if missing:
        raise ReportError(f"{who}: split {missing[0]!r} is not among the inputs")
    return sum(report.inputs.splits[name].sampled for name in names)


def _problems(metric: Metric) -> Iterator[str]:
    if metric.articles > metric.n:
        yield f"{metric.articles} articles among only {metric.n} samples"
    if (metric.low is None) != (metric.high is None):
        yield "an interval with only one end"
    if metric.value is None and metric.low is not None:
        yield "an interval around no value"
    if (metric.value is None or metric.low is None) and not metric.reason:
        yield "undefined, but without a reason"
    if metric.value is not None and metric.articles < 1:
        yield "a value measured on nothing"
    if (metric.value is None) != (metric.effective is None):
        yield "effective articles belong to a value, and every value has them"
    if metric.effective is not None and metric.effective > metric.articles:
        yield f"{metric.effective:g} effective articles of only {metric.articles}"
    if metric.low is None and metric.degrees is not None:
        yield "degrees of freedom without an interval"
    if metric.value is None or metric.low is None or metric.high is None:
        return
    if not metric.low <= metric.value <= metric.high:
        yield f"the value {metric.value} lies outside its interval [{metric.low}, {metric.high}]"


def _check_same_samples(evidence: Evidence) -> None:
    """A control was measured on the model's samples; all were searched in the whole bank, or none was."""
    sizes = _sizes(evidence.model)
    controls = {name: _sizes(metrics) for name, metrics in evidence.controls.items()}
    if not any(key[1].startswith(SEARCHED) for theirs in controls.values() for key in theirs):
        sizes = {key: size for key, size in sizes.items() if not key[1].startswith(SEARCHED)}
    for name, theirs in controls.items():
        for key in sorted(sizes.keys() | theirs.keys()):
            if sizes.get(key) != theirs.get(key):
                raise ReportError(
                    f"evidence of {name}, {key[1]} on {key[0]}: expected the model's samples and articles "
                    f"{sizes.get(key)}, found {theirs.get(key)}"
                )


def _check_same_data(evidence: Evidence) -> None:
    """What leaks is of the data, so it is the same for the model and every control."""
    for name, metrics in evidence.controls.items():
        for split in metrics:
            mine, theirs = (side.get(split, {}).get(LEAKED) for side in (evidence.model, metrics))
            if mine != theirs:
                raise ReportError(
                    f"evidence of {name}, {LEAKED} on {split}: the data leak the same for every predictor, "
                    "but the model has other figures there"
                )


def _check_gains(evidence: Evidence, gains: Gains, who: str) -> None:
    """Every gain is the difference of two metrics that are there, on their samples and articles."""
    mine = evidence.model if who == "model" else evidence.controls.get(who, {})
    for control, splits in gains.items():
        theirs = evidence.controls.get(control, {})
        for split, rows in splits.items():
            for name, gain in rows.items():
                where = f"gains of {who} over {control}, {name} on {split}"
                first, second = (metrics.get(split, {}).get(name) for metrics in (theirs, mine))
                if first is None or second is None:
                    raise ReportError(f"{where}: one of the two was not measured; evaluate again")
                for problem in (*_problems(gain), *_no_difference(gain, first, second)):
                    raise ReportError(f"{where}: {problem}")


def _no_difference(gain: Metric, control: Metric, mine: Metric) -> Iterator[str]:
    for size in ("n", "articles"):
        found, expected = getattr(gain, size), getattr(mine, size)
        if found != expected:
            yield f"expected the metric's own {size} {expected}, found {found}"
    if mine.value is None or control.value is None:
        if gain.value is not None:
            yield f"expected none where one of the two is undefined, found {gain.value}"
        return
    expected = mine.value - control.value
    if gain.value is None or not abs(gain.value - expected) <= _SAME:
        yield f"expected the difference of the two metrics {expected}, found {gain.value}"
    if gain.effective != mine.effective:
        yield f"expected the metric's own effective articles {mine.effective}, found {gain.effective}"


def _check_answers(evidence: Evidence) -> None:
    """Every split tells how the model answered, and none of them what no evaluation lets through."""
    measured, told = evidence.model.keys() - {PAIR}, evidence.answers.keys()
    if measured != told:
        odd = sorted(measured ^ told)[0]
        state = "missing" if odd in measured else "there, though nothing was measured"
        raise ReportError(f"evidence.answers: {odd} is {state}; evaluate again")
    for split, answers in evidence.answers.items():
        if not answers.independent:
            raise ReportError(
                f"evidence.answers of {split}: a chord of {answers.disagreement:g} and a change of "
                f"{answers.change:g} are no rounding of {answers.coarsest}; evaluate again"
            )


def _sizes(metrics: Metrics) -> dict[tuple[str, str], tuple[int, int]]:
    return {
        (split, name): (metric.n, metric.articles)
        for split, rows in metrics.items()
        for name, metric in rows.items()
    }


def _check_policy(report: Report) -> None:
    try:
        check_policy(report.policy)
    except PolicyError as error:
        raise ReportError(f"policy: {error}") from None
    known = builtin_by_digest(report.inputs.policy_sha256)
    if known is not None and known != report.policy:
        raise ReportError(
            f"policy: its digest is that of the built-in {known.name!r}, but {_first(known, report.policy)}"
        )


def _claims(judgement: Judgement) -> Judgement:
    """The judgement without its sentences."""
    return Judgement(
        checks=tuple(replace(check, sentence="") for check in judgement.checks),
        gates=judgement.gates,
        verdict=replace(judgement.verdict, reasons=(), warnings=(), waivers=(), remarks=()),
        diagnosis=replace(judgement.diagnosis, sentence=""),
    )


def _first(expected: object, claimed: object) -> str:
    place, wanted, found = next(_differences(encode(expected), encode(claimed), ""))
    return f"{place} is {found!r} where {wanted!r} follows"


def _differences(expected: object, claimed: object, where: str) -> Iterator[tuple[str, object, object]]:
    if isinstance(expected, dict) and isinstance(claimed, dict):
        for key, wanted in expected.items():
            yield from _differences(wanted, claimed[key], f"{where}.{key}".lstrip("."))
    elif isinstance(expected, list) and isinstance(claimed, list):
        for i, (wanted, found) in enumerate(zip(expected, claimed, strict=False)):
            yield from _differences(wanted, found, f"{where}[{i}]{_label(wanted)}")
        if len(expected) != len(claimed):
            yield f"the length of {where}", len(expected), len(claimed)
    elif expected != claimed:
        yield where, expected, claimed


def _label(item: object) -> str:
    """What an entry is about, for people: `` (offset_sweep.margin on ood)``."""
    if not isinstance(item, dict):
        return ""
    if "metric" in item:
        splits = item["split"] if "split" in item else ", ".join(item["splits"])
        return f" ({item['metric']} on {splits})"
    return f" ({item['name']})"
