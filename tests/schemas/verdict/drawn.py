"""Policies, and changes of evidence, drawn so that each status comes up."""

import math
from collections.abc import Iterable
from datetime import date
from typing import Any

from hypothesis import strategies as st

from schemas.records.evidence import Evidence, Metric
from schemas.records.policy import ChampionRule, Policy, PolicyCheck, Waiver
from schemas.records.splits import PAIR
from tests.schemas.even import even

Edit = tuple[str, tuple[str, str], Metric | None]
Key = tuple[str, str, str]

FIVE = ["offset_sweep", "retrieval", "ablations", "rollout", "bins_delta"]
ALL = [
    *("oracle", "copy_last", "mean_context", "constant", "random"),
    *("ridge", "ridge_centred", "copy_last_centred", "copy_mix", "logit"),
]

# gate, metric, splits, and bounds (min, max, above) that suit the fabricated model more or less
CHECKS: list[tuple[str, str, tuple[str, ...], list[tuple[float | None, float | None, float | None]]]] = [
    ("offset_sweep", "offset_sweep.margin", ("val", "ood"), [(0.1, None, None), (0.2, None, 0.0)]),
    ("retrieval", "retrieval.article.r@5", ("ood",), [(0.7, None, None), (0.98, 1.1, None)]),
    ("ablations", "ablations.reverse", ("val",), [(None, -0.1, None), (None, -0.3, None)]),
    ("rollout", "rollout.avg_cos", ("val", "ood"), [(0.45, None, None), (None, None, 0.5)]),
    ("rollout", "rollout.cos@1", ("val",), [(0.0, None, None), (None, 0.2, 0.1), (0.1, 0.1, None)]),
    ("bins_delta", "bins_delta.delta", (PAIR,), [(None, 0.05, None), (None, 0.02, None)]),
    ("backward_bias", "ablations.reverse", ("val",), [(None, 0.0, None)]),
    ("backward_bias", "offset_sweep.peak_offset", ("ood", "val"), [(0.0, 0.0, None)]),
    ("backward_bias", "offset_sweep.margin_prev", ("train", "val"), [(None, None, 0.0)]),
]
RULES = [
    ("rollout.avg_cos", ("val", "ood")),
    ("offset_sweep.margin", ("val",)),
    ("bins_delta.delta", (PAIR,)),
    ("ablations.reverse", ("ood",)),
    ("rollout.cos@1", ("train", "val")),
]
JUDGED = [(metric, split) for _, metric, splits, _ in CHECKS for split in splits if split != "train"]
PLACES = [*JUDGED, ("ablations.reverse", "ood")]
CONTEXT = [
    ("offset_sweep.cos", "val"),
    ("retrieval.article_unseen.r@5", "ood"),
    ("retrieval.article_unseen.chance@5", "val"),
    ("bins_delta.cos", "val"),
    ("bins_delta.cos", "ood"),
]

DAYS = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 30), date(2026, 1, 31), date(2026, 2, 1)]
TWO = st.sampled_from(["point", "bound"])

NUMBERS = [-0.3, -0.1, 0.0, 0.02, 0.1, 0.45, 0.5, 0.7, 0.97]
SOUND = st.builds(
    lambda middle, down, up: even(middle, middle - down, middle + up, 400, 20),
    st.sampled_from(NUMBERS),
    st.sampled_from([0.0, 0.01, 0.3]),
    st.sampled_from([0.0, 0.01, 0.3]),
)
ODD_NUMBERS = st.sampled_from([None, math.nan, math.inf, -math.inf, *NUMBERS])
ODD = st.builds(
    Metric,
    value=ODD_NUMBERS,
    low=ODD_NUMBERS,
    high=ODD_NUMBERS,
    n=st.sampled_from([0, 9, 10, 400]),
    articles=st.sampled_from([0, 1, 2, 11, 12, 20]),
    reason=st.just("because"),
    effective=st.sampled_from([None, 1.0, 8.0, 20.0]),
)
BARE = st.sampled_from(NUMBERS).map(lambda value: even(value, None, None, 400, 20, "no interval"))
THIN = st.builds(
    lambda n, articles, effective: Metric(0.5, 0.5, 0.5, n, articles, "", effective),
    st.sampled_from([9, 10, 400]),
    st.sampled_from([1, 2, 11, 12, 20]),
    st.sampled_from([None, 7.99, 8.0, 20.0]),
)
FIGURES = st.one_of(SOUND, SOUND, SOUND, BARE, THIN, ODD, st.none())


def edits(who: list[str], places: list[tuple[str, str]], most: int) -> st.SearchStrategy[list[Edit]]:
    return st.lists(st.tuples(st.sampled_from(who), st.sampled_from(places), FIGURES), max_size=most)


NO_EDITS: st.SearchStrategy[list[Edit]] = st.just([])
CONTROL_EDITS = NO_EDITS | edits(ALL, [*PLACES, *CONTEXT], 2)
EDITS = st.builds(
    lambda *parts: [edit for part in parts for edit in part],
    edits(["model"], PLACES, 4),
    NO_EDITS | edits(["model"], CONTEXT, 2),
    CONTROL_EDITS,
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    checks = []
    for gate, metric, splits, usual in draw(st.lists(st.sampled_from(CHECKS), min_size=1, unique_by=id)):
        low, high, above = draw(st.sampled_from(usual))
        severity: Any = draw(st.sampled_from(["error", "error", "warn"]))
        required = severity == "error" and draw(st.booleans())
        by: Any = draw(st.none() | TWO)
        checks.append(PolicyCheck(gate, metric, splits, low, high, above, required, severity, by))
    rules = []
    for metric, splits in draw(st.lists(st.sampled_from(RULES), unique=True)):
        loss, least, most = draw(
            st.sampled_from(
                [
                    (0.05, None, None),
                    (0.0, None, 0.5),
                    (None, 0.02, None),
                    (None, 0.0, 0.1),
                    (None, None, 0.1),
                ]
            )
        )
        severity = draw(st.sampled_from(["error", "warn"]))
        by = draw(st.none() | TWO)
        rules.append(ChampionRule(metric, splits, loss, least, most, severity, by))
    decide: Any = draw(TWO)
    with_checks = [gate for gate in FIVE if any(line.gate == gate for line in checks)]
    required = st.just([]) | st.lists(st.sampled_from(with_checks or FIVE), max_size=2, unique=True)
    return Policy(
        schema_version="1.0",
        name="p",
        description="",
        decide=decide,
        min_gates_passed=draw(st.integers(0, 2)),
        min_samples=10,
        min_articles=2,
        checks=tuple(checks),
        confidence=draw(st.sampled_from([0.9, 0.95, 0.99])),
        required_gates=tuple(draw(required)),
        champion=tuple(rules),
        waivers=tuple(
            draw(
                waivers(
                    [
                        *((c.gate, c.metric, s) for c in checks for s in c.splits),
                        *(("champion", r.metric, s) for r in rules for s in r.splits),
                    ]
                )
            )
        ),
    )


@st.composite
def waivers(draw: st.DrawFn, keys: list[Key]) -> list[Waiver]:
    """Any of the keys, each waived once; those of a gate, metric and day share a waiver."""
    grouped: dict[tuple[str, str, date], list[str]] = {}
    for gate, metric, split in draw(st.lists(st.sampled_from(keys), unique=True)):
        grouped.setdefault((gate, metric, draw(st.sampled_from(DAYS))), []).append(split)
    return [
        Waiver(gate, metric, tuple(splits), "Ada", "a reason", day.isoformat())
        for (gate, metric, day), splits in grouped.items()
    ]


def edited(evidence: Evidence, changes: Iterable[Edit], gone: str | None = None) -> Evidence:
    people: dict[str, dict[str, dict[str, Metric]]] = {
        who: {split: dict(rows) for split, rows in metrics.items()}
        for who, metrics in (("model", evidence.model), *evidence.controls.items())
    }
    for who, (metric, split), found in changes:
        if found is None:
            people[who][split].pop(metric, None)
        else:
            people[who][split][metric] = found
    model = people.pop("model")
    people.pop(gone or "", None)
    return Evidence(model, people)
