"""Reports that must be refused: they break the schema, or contradict themselves."""

import copy
import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import ReportError
from schemas.reading.codec import encode
from schemas.reading.report import parse_report, report_to_json
from schemas.records.evidence import CONTROLS
from schemas.records.judgement import Check, GateResult, Verdict
from schemas.records.policy import DataPin
from schemas.records.report import Report
from schemas.records.splits import PAIR

ReportFactory = Callable[..., Report]
Edit = Callable[[dict[str, Any]], object]

MARGIN = "offset_sweep.margin"
PEAK = "offset_sweep.peak_offset"
MODEL = ("evidence", "model")


@pytest.fixture(scope="module")
def plain(make_report: ReportFactory) -> dict[str, Any]:
    """A valid report as JSON values; tests change copies of it."""
    value: dict[str, Any] = report_to_json(make_report())
    return value


def everywhere(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield document["evidence"]["model"]
    yield from document["evidence"]["controls"].values()


def refusal(plain: dict[str, Any], edit: Edit) -> str:
    document = copy.deepcopy(plain)
    edit(document)
    with pytest.raises(ReportError) as caught:
        parse_report(json.dumps(document))
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 700
    return message


def put(*path: str | int, value: object) -> Edit:
    """An edit that sets the value at ``path``."""

    def edit(document: dict[str, Any]) -> None:
        place: Any = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return edit


PIN = encode(DataPin(bank="b" * 64))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda d: d.pop("inputs"), "does not follow the schema: $: 'inputs' is a required property"),
        (put("extra", value=1), '$: unknown key "extra"'),
        (put("judgment", value=1), "the nearest known one is 'judgement'"),
        (put("created", value="yesterday"), "$.created"),
        (put("created", value="2026-01-31T12:00:00"), "$.created"),
        (put("created", value="2026-01-31T12:00:00Z\n"), "$.created"),
        (put("inputs", "bank", "sha256", value="A" * 64), "$.inputs.bank.sha256"),
        (put("inputs", "bank", "sha256", value="a" * 64 + "\n"), "$.inputs.bank.sha256"),
        (put("inputs", "bank", "rows", value=0), "$.inputs.bank.rows"),
        (put("inputs", "bank", "rows", value=True), "$.inputs.bank.rows: expected integer, found true"),
        (put("inputs", "bank", "rows", value=9.0), "report.inputs.bank.rows: expected int, found float"),
        (put("inputs", "bank", "source", value="\x1b[2Jspeeches"), "control characters are not allowed"),
        (put("inputs", "model", "kind", value="pickle"), "$.inputs.model.kind: expected one of"),
        (put("inputs", "model", "sha256", value=None), "$.inputs.model.sha256"),
        (put("inputs", "splits", value={}), "$.inputs.splits"),
        (put("inputs", "splits", "Val", value={}), '$.inputs.splits: unknown key "Val"'),
        (put("settings", "confidence", value=1), "$.settings.confidence"),
        (put("settings", "context", value=0), "$.settings.context"),
        (put("settings", "bin_edges", value=[0.5]), "$.settings.bin_edges"),
        (put("settings", "max_samples", value=0), "$.settings.max_samples"),
        (
            put("environment", "packages", value={"a b": "1"}),
            '$.environment.packages: unknown key "a b"',
        ),
        (put("policy", "decide", value="guess"), "$.policy.decide"),
        (put(*MODEL, "val", MARGIN, "n", value=-1), "$.evidence.model.val['offset_sweep.margin'].n"),
        (put(*MODEL, "val", MARGIN, "n", value="400"), 'expected integer, found "400"'),
        (put(*MODEL, "val", MARGIN, "value", value=3.0), "3.0 is greater than the maximum"),
        (put(*MODEL, "val", "offset_sweep.cos", "value", value=-1.1), "-1.1 is less than the minimum"),
        (put(*MODEL, "val", "retrieval.bank.r@5", "value", value=1.1), "greater than the maximum"),
        (put(*MODEL, "val", PEAK, "value", value=4), "4 is greater than the maximum"),
        (put(*MODEL, "val", "retrieval.bank.median_rank", "value", value=0), "less than the minimum"),
        (put(*MODEL, PAIR, "bins_delta.delta", "value", value=-0.1), "less than the minimum"),
        (
            put(*MODEL, "val", "offset_sweep.margn", value={}),
            "unknown key \"offset_sweep.margn\"; the nearest known one is 'offset_sweep.margin'",
        ),
        (lambda d: d["evidence"]["model"]["val"][MARGIN].pop("reason"), "'reason' is a required property"),
        (put("evidence", "controls", "psychic", value={}), 'unknown key "psychic"'),
        (
            put("judgement", "verdict", "outcome", value="fine"),
            "$.judgement.verdict.outcome: expected one of",
        ),
        (put("judgement", "verdict", "deployable", value=True), 'unknown key "deployable"'),
        (put("scores", value={"name": "scores.npz"}), "$.scores: 'sha256' is a required property"),
        *(
            (lambda d, n=n: d["evidence"]["controls"].pop(n), f"{n!r} is a required property")
            for n in CONTROLS
        ),
    ],
)
def test_what_breaks_the_schema_is_refused_with_its_place(
    plain: dict[str, Any], edit: Edit, message: str
) -> None:
    assert message in refusal(plain, edit)


WHERE = "evidence of model, offset_sweep.margin on val"


def weaken_policy(document: dict[str, Any]) -> None:
    document["policy"]["checks"][0]["minimum"] = -1.0


def swap_ends(document: dict[str, Any]) -> None:
    metric = document["evidence"]["model"]["val"][MARGIN]
    metric["low"], metric["high"] = metric["high"], metric["low"]


def measure_everyone(split: str, **fields: object) -> Edit:
    def edit(document: dict[str, Any]) -> None:
        for metrics in everywhere(document):
            metrics[split][MARGIN].update(fields)

    return edit


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            put("created", value="2026-02-30T12:00:00Z"),
            "created: '2026-02-30T12:00:00Z' is no date: day is out of range for month",
        ),
        (
            put("settings", "bin_edges", value=[0.6, 0.5]),
            "settings.bin_edges: expected ascending edges, found 0.6 and 0.5",
        ),
        (
            put("settings", "max_samples", value=399),
            "inputs.splits.val: 400 sampled of 900 windows with a cap of 399",
        ),
        (
            put("inputs", "splits", "val", "sampled", value=901),
            "inputs.splits.val: 901 sampled of 900 windows with a cap of none",
        ),
        (
            put("inputs", "splits", "val", "articles", value=901),
            "inputs.splits.val: 901 articles, but only 900 windows",
        ),
        (
            lambda d: d["inputs"]["splits"].pop("ood"),
            "evidence of model: split 'ood' is not among the inputs",
        ),
        (
            put("inputs", "splits", "val", "sampled", value=399),
            "evidence of model, offset_sweep.cos@-3 on val: n is 400, but only 399 windows were evaluated",
        ),
        (
            put(*MODEL, "val", MARGIN, "value", value=0.17),
            f"{WHERE}: the value 0.17 lies outside its interval [0.13999999999999999, 0.16]",
        ),
        (swap_ends, f"{WHERE}: the value 0.15 lies outside its interval [0.16, 0.13999999999999999]"),
        (
            put(*MODEL, "val", MARGIN, "low", value=None),
            f"{WHERE}: an interval with only one end",
        ),
        (put(*MODEL, "val", MARGIN, "value", value=None), f"{WHERE}: an interval around no value"),
        (
            measure_everyone("val", value=None, low=None, high=None),
            f"{WHERE}: undefined, but without a reason",
        ),
        (measure_everyone("val", low=None, high=None), f"{WHERE}: undefined, but without a reason"),
        (measure_everyone("val", n=0, articles=0), f"{WHERE}: a value measured on nothing"),
        (measure_everyone("val", articles=401), f"{WHERE}: 401 articles among only 400 samples"),
        (measure_everyone("val", n=401), f"{WHERE}: n is 401, but only 400 windows were evaluated"),
        (
            put("evidence", "controls", "ridge", "ood", MARGIN, "n", value=399),
            "evidence of ridge, offset_sweep.margin on ood: expected the model's samples and articles "
            "(400, 20), found (399, 20)",
        ),
        (
            lambda d: d["evidence"]["controls"]["random"]["val"].pop(MARGIN),
            "evidence of random, offset_sweep.margin on val: expected the model's samples and articles "
            "(400, 20), found None",
        ),
        (
            lambda d: d["evidence"]["model"]["val"].update(d["evidence"]["model"][PAIR]),
            "evidence of model, bins_delta.delta on val: metrics that compare val with ood belong to "
            "'val-ood', no others",
        ),
        (
            lambda d: d["evidence"]["model"][PAIR].update(d["evidence"]["model"]["val"]),
            "evidence of model, offset_sweep.cos@-3 on val-ood: metrics that compare val with ood belong to "
            "'val-ood', no others",
        ),
        (
            weaken_policy,
            "policy: its digest is that of the built-in 'seed-5cat', but checks[0] "
            "(offset_sweep.margin on val, ood).minimum is -1.0 where 0.05 follows",
        ),
        (
            put("policy", "checks", 0, "metric", value="offset_sweep.marge"),
            "policy: unknown metric 'offset_sweep.marge'; the nearest known one is 'offset_sweep.margin'",
        ),
        (
            put("policy", "checks", 0, "gate", value="rollout"),
            "policy: check 1 (offset_sweep.margin): the metric belongs to gate 'offset_sweep', found gate "
            "'rollout'; use 'offset_sweep' or 'backward_bias'",
        ),
        (
            put("policy", "checks", 0, "minimum", value=None),
            "policy: check 1 (offset_sweep.margin): expected at least one of min, max and above, found none",
        ),
        (
            put("policy", "checks", 1, "splits", value=["train"]),
            "policy: its digest is that of the built-in 'seed-5cat', but "
            "checks[1] (retrieval.article.r@5 on val).splits[0] is 'train' where 'val' follows",
        ),
        (
            put("policy", "data", value=PIN),
            f"policy: its digest is that of the built-in 'seed-5cat', but data is {PIN} where None follows",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(plain: dict[str, Any], edit: Edit, message: str) -> None:
    assert refusal(plain, edit) == message


CHANGED: list[tuple[str, int | None, str, object]] = [
    ("checks", 0, "gate", "backward_bias"),
    ("checks", 0, "metric", "offset_sweep.cos"),
    ("checks", 0, "split", "ood"),
    ("checks", 0, "value", 0.16),
    ("checks", 0, "low", None),
    ("checks", 0, "high", 0.2),
    ("checks", 0, "minimum", 0.04),
    ("checks", 0, "minimum", None),
    ("checks", 0, "maximum", 1.0),
    ("checks", 0, "above", 0.0),
    ("checks", 0, "required", False),
    ("checks", 0, "severity", "warn"),
    ("checks", 0, "decide", "bound"),
    ("checks", 24, "status", "inconclusive"),
    ("gates", 0, "name", "rollout"),
    ("gates", 5, "status", "fail"),
    ("gates", 4, "vacuous_for", []),
    ("gates", 4, "vacuous_for", ["random"]),
    ("gates", 0, "vacuous_for", ["constant"]),
    ("verdict", None, "outcome", "blocked"),
    ("verdict", None, "gates_passed", 4),
    ("verdict", None, "escaped", True),
]
WORDS: list[tuple[str | int, ...]] = [
    ("checks", 24, "sentence"),
    ("verdict", "reasons"),
    ("verdict", "warnings"),
    ("verdict", "waivers"),
    ("verdict", "remarks"),
]


@pytest.mark.parametrize("path", WORDS)
def test_words_are_derived_again_and_never_taken_from_the_file(
    plain: dict[str, Any], make_report: ReportFactory, path: tuple[str | int, ...]
) -> None:
    document = copy.deepcopy(plain)
    put("judgement", *path, value="all is well" if path[-1] == "sentence" else ["all is well"])(document)
    assert parse_report(json.dumps(document)) == make_report()


@pytest.mark.parametrize(("part", "index", "field", "other"), CHANGED)
def test_a_changed_field_of_the_judgement_is_refused_by_name(
    plain: dict[str, Any], part: str, index: int | None, field: str, other: object
) -> None:
    path = ("judgement", part, field) if index is None else ("judgement", part, index, field)
    message = refusal(plain, put(*path, value=other))
    assert "the claimed judgement does not follow from the evidence: " in message
    assert f"{part}.{field}" in message if index is None else f"{part}[{index}] (" in message
    assert field in message


def test_every_field_of_the_judgement_is_among_the_changed() -> None:
    records = {"checks": Check, "gates": GateResult, "verdict": Verdict}
    wanted = {(part, field.name) for part, kind in records.items() for field in dataclasses.fields(kind)}
    words = {(str(part), str(path[-1])) for part, *path in WORDS}
    assert {(part, field) for part, _, field, _ in CHANGED} | words == wanted


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            put("judgement", "checks", 1, "status", value="fail"),
            "checks[1] (offset_sweep.margin on ood).status is 'fail' where 'pass' follows",
        ),
        (
            put("judgement", "gates", 3, "status", value="fail"),
            "gates[3] (rollout).status is 'fail' where 'pass' follows",
        ),
        (put("judgement", "verdict", "gates_passed", value=4), "verdict.gates_passed is 4 where 5 follows"),
        (lambda d: d["judgement"]["checks"].pop(), "the length of checks is 26 where 27 follows"),
        (lambda d: d["judgement"]["gates"].pop(), "the length of gates is 6 where 7 follows"),
        (
            lambda d: d["judgement"]["checks"].reverse(),
            "checks[0] (offset_sweep.margin on val).gate is 'data' where 'offset_sweep' follows",
        ),
    ],
)
def test_the_first_difference_of_a_judgement_is_named(
    plain: dict[str, Any], edit: Edit, message: str
) -> None:
    found = refusal(plain, edit)
    assert found == f"the claimed judgement does not follow from the evidence: {message}"


@pytest.mark.parametrize(
    "edit",
    [
        put(*MODEL, "val", MARGIN, "value", value=0.155),
        put(*MODEL, "val", MARGIN, "high", value=0.17),
        put(*MODEL, "val", MARGIN, "reason", value="said so"),
        put(*MODEL, "ood", "retrieval.bank.mrr", "value", value=0.105),
        put("evidence", "controls", "ridge", "val", "offset_sweep.cos", "value", value=0.515),
        put("inputs", "model", "sha256", value="f" * 64),
        put("inputs", "bank", "sha256", value="f" * 64),
        put("inputs", "splits", "ood", "sample_sha256", value="f" * 64),
        put("inputs", "policy_sha256", value="f" * 64),
        put("inputs", "model", "training", "rule", value="another rule"),
        put("settings", "seed", value=1),
        put("settings", "gates_version", value=3),
        put("environment", "tool_version", value="9.9.9"),
        put("created", value="2026-01-31T12:00:01Z"),
        put("scores", "sha256", value="f" * 64),
        put("scores", value=None),
        put("content_sha256", value="f" * 64),
    ],
)
def test_nothing_can_be_edited_without_the_digest_of_the_content_noticing(
    plain: dict[str, Any], edit: Edit
) -> None:
    # Where a figure is also a claim of the judgement, that contradiction is named first.
    message = refusal(plain, edit)
    assert "content_sha256 is not the digest of the content" in message or "does not follow" in message


def test_the_digest_of_the_content_does_not_depend_on_how_the_json_is_written(
    plain: dict[str, Any], make_report: ReportFactory
) -> None:
    backwards = {key: plain[key] for key in reversed(plain)}
    assert parse_report(json.dumps(backwards, indent=7)) == make_report()


ODD: st.SearchStrategy[object] = st.sampled_from(
    [None, True, 0, -1, 10**19, 1e308, "", "x", "val", [], ["x"], [[]], {}, {"x": 1}]
)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8), ODD)
@settings(max_examples=60, deadline=None)
def test_no_odd_value_anywhere_ends_in_anything_but_a_report_error(
    plain: dict[str, Any], turns: list[int], odd: object
) -> None:
    document = copy.deepcopy(plain)
    place: Any = document
    for turn in turns:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        parent, key = place, keys[turn % len(keys)]
        place = parent[key]
        if not (isinstance(place, (dict, list)) and place):
            break
    parent[key] = odd
    try:
        parsed = parse_report(json.dumps(document))
    except ReportError as error:
        message = str(error)
    else:
        # What is accepted is what was there before, or other words, which are derived again.
        message = ""
        assert report_to_json(parsed) == plain
    assert "\n" not in message
    assert len(message) < 700
