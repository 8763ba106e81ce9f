"""Decisions about a fabricated model, made by the real verifier on a fixed day.

``python -m tests.gatekeeper.render.rulings`` writes the golden files again; read the difference.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from gatekeeper.deployment.submission import Submission
from gatekeeper.deployment.verify import Demands, Ruling, examine
from gatekeeper.render.ci.github import render_annotations
from gatekeeper.render.ci.junit import render_junit
from gatekeeper.render.decision import render_decision, render_decision_markdown
from schemas.reading.codec import encode
from schemas.reading.policy import load_policy, parse_policy
from schemas.reading.report import report_to_json
from schemas.reading.strict_json import dumps
from schemas.records.decision import ChampionUsed, PolicyUsed
from schemas.records.evidence import Evidence
from schemas.records.judgement import Judgement
from schemas.records.policy import LoadedPolicy
from schemas.records.report import Report
from tests.schemas import conftest as fabricated

NOW = datetime(2026, 2, 1, 9, 30, tzinfo=UTC)
GOLDEN = Path(__file__).parent / "golden"

MARGIN, RECALL, REVERSE = "offset_sweep.margin", "retrieval.article.r@5", "ablations.reverse"
ROLLOUT, DELTA = "rollout.avg_cos", "bins_delta.delta"

HEAD = """\
schema_version = "1.0"
name = "render"
description = "Every kind of line"
decide = "point"
min_gates_passed = 2
min_samples = 100
min_articles = 5
"""
CHECKS = """\

[[check]]
gate = "offset_sweep"
metric = "offset_sweep.margin"
splits = ["val", "ood"]
min = 0.05
required = true

[[check]]
gate = "ablations"
metric = "ablations.reverse"
splits = ["val"]
max = -0.10

[[check]]
gate = "rollout"
metric = "rollout.avg_cos"
splits = ["ood"]
min = 0.45
severity = "warn"

[[check]]
gate = "bins_delta"
metric = "bins_delta.delta"
splits = ["val-ood"]
max = 0.05
"""
CHAMPION_RULES = """\

[[champion]]
metric = "offset_sweep.margin"
splits = ["ood"]
max_regression = 0.01

[[champion]]
metric = "retrieval.article.r@5"
splits = ["ood"]
min_gain = 0.0
severity = "warn"
"""
WAIVERS = """\

[[waiver]]
gate = "ablations"
metric = "ablations.reverse"
splits = ["val"]
owner = "Ana Example"
reason = "val holds dialogues"
expires = 2026-03-31

[[waiver]]
gate = "bins_delta"
metric = "bins_delta.delta"
splits = ["val-ood"]
owner = "Ben Example"
reason = "ood was small last year"
expires = 2025-12-31
"""
POLICY = HEAD + CHECKS + CHAMPION_RULES + WAIVERS
"""Warnings, waivers and champion rules; passed by the fabricated model."""

Figures = Mapping[tuple[str, str], float]
"""(metric, split) -> value."""

WEAK: Figures = {
    (MARGIN, "val"): 0.01,
    (MARGIN, "ood"): 0.01,
    (REVERSE, "val"): 0.0,
    (ROLLOUT, "ood"): 0.1,
    (DELTA, "val-ood"): 0.5,
    (RECALL, "ood"): 0.2,
}
"""Passes no check of the policy, and no rule against a champion."""


def make_evidence(
    figures: Figures | None = None, *, undefined: Mapping[tuple[str, str], str] | None = None
) -> Evidence:
    """The good model's evidence with other figures, and with metrics undefined for a reason."""
    evidence = fabricated._good_evidence()
    for (metric, split), value in (figures or {}).items():
        evidence = fabricated._change(evidence, metric, split, value=value)
    for (metric, split), reason in (undefined or {}).items():
        evidence = fabricated._change(
            evidence,
            metric,
            split,
            value=None,
            low=None,
            high=None,
            effective=None,
            degrees=None,
            reason=reason,
        )
    return evidence


def make_report(evidence: Evidence | None = None, *, spec: str = "best_model.pt") -> Report:
    """A report of 2026-01-31 under ``seed-5cat``."""
    report = fabricated._make_report(evidence)
    return replace(report, inputs=replace(report.inputs, model=replace(report.inputs.model, spec=spec)))


def make_policy(text: str | None = None, source: str = "policy.toml") -> LoadedPolicy:
    """A policy from its text; the default one without."""
    if text is None:
        return load_policy("seed-5cat")
    return LoadedPolicy(parse_policy(text.encode()), "5" * 64, source)


def make_ruling(
    evidence: Evidence | None = None,
    *,
    policy: LoadedPolicy | None = None,
    champion: Evidence | None = None,
    spec: str = "best_model.pt",
    model: bool = True,
    signer: str | None = None,
) -> Ruling:
    """What the verifier says on 2026-02-01, with digests that never change."""
    report = make_report(evidence, spec=spec)
    rival = None if champion is None else _submission(make_report(champion))
    ruling = examine(
        _submission(report),
        Demands(policy=policy or make_policy()),
        model_sha256="a" * 64 if model else None,
        champion=rival,
        now=NOW,
    )
    decision = ruling.decision
    fixed = replace(
        decision,
        report_sha256="9" * 64,
        signer=signer,
        policy=PolicyUsed(decision.policy.name, "5" * 64, decision.policy.source),
        champion=None if decision.champion is None else ChampionUsed("7" * 64, "8" * 64),
    )
    return replace(ruling, decision=fixed)


@functools.cache
def _plain() -> Ruling:
    return make_ruling()


def judged(judgement: Judgement) -> Ruling:
    """A ruling with that judgement, whatever it is."""
    ruling = _plain()
    return replace(
        ruling,
        decision=replace(ruling.decision, judgement=judgement),
        report=replace(ruling.report, judgement=judgement),
    )


def _submission(report: Report) -> Submission:
    return Submission(Path("best_model.report.json"), dumps(report_to_json(report)).encode(), None)


def champion_evidence() -> Evidence:
    """Of a champion that is a little better at retrieval."""
    return make_evidence({(MARGIN, "ood"): 0.14, (RECALL, "ood"): 0.98})


@functools.cache
def deployable() -> Ruling:
    """Everything was asked for, and everything passes."""
    return make_ruling(signer="d" * 64)


@functools.cache
def blocked() -> Ruling:
    """One required and one other check fail, and no model file was given."""
    return make_ruling(make_evidence({(MARGIN, "val"): 0.03, (RECALL, "val"): 0.6}), model=False)


@functools.cache
def watched() -> Ruling:
    """Deployable with warnings, a waiver that counts, one that has expired, and a champion."""
    weaker = make_evidence({(REVERSE, "val"): -0.05, (ROLLOUT, "ood"): 0.4})
    return make_ruling(weaker, policy=make_policy(POLICY), champion=champion_evidence())


@functools.cache
def regressed() -> Ruling:
    """Worse than the champion, and nothing else."""
    better = make_evidence({(MARGIN, "ood"): 0.30})
    return make_ruling(policy=make_policy(POLICY), champion=better)


@functools.cache
def unsound() -> Ruling:
    """No verdict: not even the oracle passes, and a metric is undefined."""
    evidence = make_evidence(undefined={(MARGIN, "val"): "every <window> & article is one & the same"})
    return make_ruling(fabricated._change(evidence, MARGIN, "ood", who="oracle", value=-0.5))


CASES: Mapping[str, Callable[[], Ruling]] = {
    "deployable": deployable,
    "blocked": blocked,
    "watched": watched,
    "regressed": regressed,
    "unsound": unsound,
}

FORMS: Mapping[str, Callable[[Ruling], str]] = {
    "txt": lambda ruling: render_decision(ruling) + "\n",
    "md": lambda ruling: render_decision_markdown(ruling) + "\n",
    "xml": render_junit,
    "github": lambda ruling: render_annotations(ruling, None) + "\n",
    "json": lambda ruling: dumps(encode(ruling.decision, where="decision")),
}
"""What ``gatekeeper check`` writes in each form; ``github`` is its annotations only."""


def golden(case: str, form: str) -> str:
    """What a case looked like when somebody last read it."""
    return (GOLDEN / f"{case}.{form}").read_bytes().decode()


def write_goldens() -> None:
    """Write them all again."""
    GOLDEN.mkdir(exist_ok=True)
    for case, make in CASES.items():
        ruling = make()
        for form in ("txt", "md", "xml", "github"):
            (GOLDEN / f"{case}.{form}").write_bytes(FORMS[form](ruling).encode())


if __name__ == "__main__":
    write_goldens()
