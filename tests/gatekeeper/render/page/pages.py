"""Pages of fabricated reports, and their outline: structure and words without what a plot is made of.

``python -m tests.gatekeeper.render.page.pages`` writes the golden outlines again; read the difference.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from gatekeeper.evaluation.extras import Absent, Chunk, Extras, TextWindow, TextWindows, Training
from gatekeeper.render.page.page import render_page
from gates.intervals import ONE_ARTICLE
from schemas.records.audit import FrontierOfSplit, FrontierPoint
from schemas.records.evidence import Evidence, Metric, Metrics
from schemas.records.history import History, Warned
from schemas.records.report import Report
from schemas.records.splits import PAIR
from schemas.verdict.judge import judge
from tests.gatekeeper.render.rulings import MARGIN, POLICY, RECALL, make_evidence, make_policy
from tests.schemas import conftest as fabricated
from tests.schemas import histories
from trainers.recipes.ramp import parse_ramp

GOLDEN = Path(__file__).parent / "golden"
SPLITS = ("val", "ood")
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'&amp;</style></title>{{ 7 * 7 }}"
NOTHING = Extras(
    Absent("The linear frontier is not drawn."), Absent("The texts are not shown."), Absent("No training.")
)


def report_of(
    evidence: Evidence | None = None, *, policy: str | None = None, spec: str = "best_model.pt"
) -> Report:
    """A report of 2026-01-31, judged under a policy's text or under ``seed-5cat``."""
    rules = None if policy is None else make_policy(policy).policy
    report = fabricated._make_report(evidence, rules)
    return replace(report, inputs=replace(report.inputs, model=replace(report.inputs.model, spec=spec)))


def chunk(text: str, number: int) -> Chunk:
    """A chunk at a place."""
    return Chunk(text, f"chunk {number}")


def text_window(text: str, *, cosine: float = 0.75) -> TextWindow:
    """A window of five chunks and a skipped one, each with the text and its number."""
    return TextWindow(
        title=f"Title of {text}",
        cosine=cosine,
        article_rank=1,
        article_size=40,
        bank_rank=3,
        bank_size=9302,
        context=tuple(chunk(f"{text} {number}", number) for number in range(5)),
        skipped=(chunk(f"{text} 5", 5),),
        target=chunk(f"{text} 6", 6),
        nearest=Chunk(f"{text} 4", "chunk 4, part of the context"),
        nearest_cosine=0.8125,
    )


def frontier() -> Mapping[str, FrontierOfSplit]:
    """Three points a split, the last one undefined."""

    def metric(value: float) -> Metric:
        return Metric(value, value - 0.01, value + 0.01, 300, 20)

    nothing = Metric(None, None, None, 0, 0, "no sample")
    points = (
        FrontierPoint(0.0, metric(-0.1), metric(0.5), metric(0.2)),
        FrontierPoint(0.5, metric(0.05), metric(0.3), metric(0.1)),
        FrontierPoint(1.0, nothing, nothing, nothing),
    )
    return {split: FrontierOfSplit(points, metric(0.4)) for split in SPLITS}


def history(**fields: object) -> History:
    """Three epochs; in the third the cosine collapses."""
    made = histories.history(
        histories.epoch(1, histories.steps(10, gap=0.1), val={"cos": 0.4, "margin": 0.01}, ood={"cos": 0.38}),
        histories.epoch(2, histories.steps(10, gap=0.2), val={"cos": 0.5, "margin": 0.05}, ood={"cos": 0.47}),
        histories.epoch(3, histories.steps(10, gap=0.3), val={"cos": -0.05, "margin": None}),
    )
    warnings = (
        Warned("lambda_at_clamp", "λ_eff was at its clamp", collapse=False, epoch=2, step=10),
        Warned("cosine_drop", "the cosine on val fell from 0.500 to -0.050", collapse=True, epoch=3, step=0),
    )
    return replace(made, **{"warnings": warnings, "best_epoch": 2, "ended": "collapsed", **fields})  # type: ignore[arg-type]


def full_extras(text: str = "some words") -> Extras:
    """Everything there can be."""
    windows = {
        split: TextWindows((text_window(text),), (text_window(f"other {text}", cosine=-0.25),))
        for split in SPLITS
    }
    return Extras(frontier(), windows, Training(history(), parse_ramp("1:0.02:0.4,3:0.05:1")))


def change_all(evidence: Evidence, **fields: object) -> Evidence:
    """Every metric of the model and of the controls with other fields."""

    def changed(metrics: Metrics) -> Metrics:
        return {
            split: {name: replace(metric, **fields) for name, metric in rows.items()}  # type: ignore[arg-type]
            for split, rows in metrics.items()
        }

    return Evidence(
        changed(evidence.model), {name: changed(each) for name, each in evidence.controls.items()}
    )


def without(evidence: Evidence, prefix: str) -> Evidence:
    """The evidence without a gate's metrics."""

    def left(metrics: Metrics) -> Metrics:
        return {
            split: {name: metric for name, metric in rows.items() if not name.startswith(prefix)}
            for split, rows in metrics.items()
        }

    return Evidence(left(evidence.model), {name: left(each) for name, each in evidence.controls.items()})


@functools.cache
def deployable() -> str:
    """Everything passes, and everything can be shown."""
    return render_page(report_of(), full_extras())


@functools.cache
def blocked(spec: str = "best_model.pt") -> str:
    """Two checks fail, one is a warning, one is waived; only the report is there."""
    evidence = make_evidence({(MARGIN, "val"): 0.03, (RECALL, "val"): 0.6, ("rollout.avg_cos", "ood"): 0.4})
    return render_page(report_of(evidence, policy=POLICY, spec=spec), NOTHING)


@functools.cache
def one_article() -> str:
    """No interval, so no check can be decided."""
    evidence = change_all(make_evidence(), low=None, high=None, articles=1, reason=ONE_ARTICLE)
    return render_page(report_of(evidence), NOTHING)


@functools.cache
def undecided() -> str:
    """The required margin lies within its interval, and intervals decide."""
    evidence = make_evidence({(MARGIN, "val"): 0.055, (MARGIN, "ood"): 0.055})
    return render_page(report_of(evidence, policy=POLICY.replace('"point"', '"bound"')), NOTHING)


@functools.cache
def control() -> str:
    """A control on vectors: it has no training, and the bank no texts."""
    report = report_of(spec="control:ridge")
    model = replace(
        report.inputs.model, kind="control", architecture="ridge", sha256=None, parameters=0, training=None
    )
    report = replace(report, inputs=replace(report.inputs, model=model))
    return render_page(report, replace(NOTHING, frontier=frontier(), training=None))


@functools.cache
def skipped_gate() -> str:
    """A gate was not measured, another is undefined on ood."""
    evidence = without(make_evidence(), "ablations.")
    names = [name for name in evidence.model["ood"] if name.startswith("rollout.")]
    rows = {
        name: replace(
            evidence.model["ood"][name], value=None, low=None, high=None, n=0, reason="no window fits"
        )
        for name in names
    }
    model = {**evidence.model, "ood": {**evidence.model["ood"], **rows}}
    return render_page(report_of(Evidence(model, evidence.controls)), NOTHING)


@functools.cache
def error() -> str:
    """Nothing was measured but the pair: there is no verdict."""
    evidence = Evidence({PAIR: make_evidence().model[PAIR]}, {})
    return render_page(report_of(evidence), NOTHING)


@functools.cache
def many_checks(count: int = 10_000) -> str:
    """A report of so many checks."""
    report = report_of()
    checks = tuple(report.judgement.checks[number % 4] for number in range(count))
    return render_page(replace(report, judgement=replace(report.judgement, checks=checks)), NOTHING)


@functools.cache
def hostile() -> str:
    """The same text wherever others can write one."""
    quoted = HOSTILE.replace("\\", "\\\\").replace('"', '\\"')
    policy = POLICY.replace("Ana Example", quoted).replace("val holds dialogues", quoted)
    policy = policy.replace('name = "render"', f'name = "{quoted}"')
    evidence = make_evidence({("ablations.reverse", "val"): -0.05}, undefined={(MARGIN, "ood"): HOSTILE})
    report = report_of(evidence, policy=policy, spec=HOSTILE)
    report = replace(
        report,
        inputs=replace(report.inputs, bank=replace(report.inputs.bank, source=HOSTILE)),
        environment=replace(report.environment, platform=HOSTILE, packages={HOSTILE: HOSTILE}),
        judgement=judge(evidence, report.policy, confidence=0.95),
    )
    extras = full_extras(HOSTILE)
    warned = Warned("cosine_drop", HOSTILE, collapse=True, epoch=3, step=0)
    told = history(trainer=HOSTILE, architecture=HOSTILE, negative=HOSTILE, ended=HOSTILE, warnings=(warned,))
    return render_page(report, replace(extras, training=Training(told, Absent(HOSTILE))))


CASES: Mapping[str, Callable[[], str]] = {
    "deployable": deployable,
    "blocked": blocked,
    "one_article": one_article,
    "undecided": undecided,
    "control": control,
    "skipped_gate": skipped_gate,
    "error": error,
    "hostile": hostile,
}
OUTLINED = ("deployable", "blocked", "skipped_gate")

_VOID = {"meta", "link", "img", "br", "wbr"}
_SHOWN = ("id", "class", "role", "tabindex", "href", "lang", "dir")
_ARIA = ("label", "labelledby", "describedby", "hidden")


class Outline(HTMLParser):
    """Lines of a page: an element a line, indented, with the words in it.

    Of a plot only title and description are kept, and a row of a table is one line.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.path: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("td", "th"):
            self.cells.append("" if tag == "td" else "!")
        elif "tr" not in self.path and ("svg" not in self.path or tag in ("title", "desc")):
            shown = "".join(
                f' {name}="{value}"' for name, value in attrs if name in _SHOWN or name[5:] in _ARIA
            )
            self._tell(f"<{tag}{shown}>")
        if tag not in _VOID:
            self.path.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Only within a plot."""
        assert "svg" in self.path

    def handle_endtag(self, tag: str) -> None:
        assert self.path.pop() == tag
        if tag == "tr":
            self._tell(" | ".join(self.cells))
            self.cells = []

    def handle_data(self, data: str) -> None:
        inside, words = self.path[-1:], " ".join(data.split())
        if inside == ["style"] or ("svg" in self.path and inside not in (["title"], ["desc"])):
            return
        if words and "tr" in self.path:
            self.cells[-1] += f" {words}" if self.cells[-1] else words
        elif words:
            self._tell(words)

    def _tell(self, line: str) -> None:
        self.lines.append(f"{'  ' * len(self.path)}{line}")


def outline(page: str) -> str:
    """The outline of a page; every element that was opened is closed."""
    parser = Outline()
    parser.feed(page)
    parser.close()
    assert parser.path == []
    return "\n".join(parser.lines) + "\n"


def golden(case: str) -> str:
    """The outline when somebody last read it."""
    return (GOLDEN / f"{case}.txt").read_text(encoding="utf-8")


def write_goldens() -> None:
    """Write them all again."""
    GOLDEN.mkdir(exist_ok=True)
    for case in OUTLINED:
        (GOLDEN / f"{case}.txt").write_text(outline(CASES[case]()), encoding="utf-8")


if __name__ == "__main__":
    write_goldens()
