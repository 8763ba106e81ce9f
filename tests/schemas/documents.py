"""One valid document of every published schema, and what becomes of it when a place in it is changed."""

import copy
import functools
import json
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import schemas
from schemas.reading.codec import encode
from schemas.reading.report import report_to_json
from schemas.reading.schema import violation
from schemas.records.audit import (
    AUDIT_VERSION,
    Audit,
    AuditRow,
    FrontierOfSplit,
    FrontierPoint,
    HeldOut,
    LeakedTarget,
    LeakedTargets,
    LeakSearch,
    Misplaced,
    SharedText,
)
from schemas.records.dataset import (
    DATASET_VERSION,
    DatasetRecord,
    EmbeddedBy,
    Origin,
    StoredBank,
    StoredFile,
    StoredSplit,
)
from schemas.records.decision import DECISION_VERSION, ChampionUsed, Decision, PolicyUsed
from schemas.records.history import History, Warned
from schemas.records.judgement import Judgement
from schemas.records.power import Power
from schemas.records.production import PRODUCTION_VERSION, DeployedModel, Predecessor, Production
from tests.schemas import conftest as fabricated
from tests.schemas.even import even
from tests.schemas.histories import epoch, history, steps

Document = dict[str, Any]
Path_ = tuple[str | int, ...]

DIGEST, MOMENT = "a" * 64, "2026-01-31T12:00:00Z"
PIN = {
    **dict.fromkeys(("bank", "val", "ood", "train"), DIGEST),
    "context": 5,
    "horizon": 1,
    "bin_edges": [-0.5, 0.5],
    "max_samples": 100,
    "max_per_article": 60,
    "seed": 0,
}
RULE = {"metric": "offset_sweep.cos", "splits": ["val"]}
WAIVER = RULE | {"gate": "offset_sweep", "owner": "me", "reason": "why", "expires": "2026-12-31"}


def _report() -> Document:
    """A report with few metrics, so that a test can ask about each place of it."""
    found = report_to_json(fabricated._make_report())
    evidence: Any = found["evidence"]
    kept = {"offset_sweep.cos", "retrieval.article.median_rank", "bins_delta.delta"}
    for split, rows in evidence["model"].items():
        evidence["model"][split] = {name: metric for name, metric in rows.items() if name in kept}
    evidence["controls"] = {name: {} for name in evidence["controls"]} | {
        "ridge": {"ood": evidence["model"]["ood"]}
    }
    found["judgement"] = encode(_judgement())
    policy: Any = found["policy"]
    policy["checks"] = policy["checks"][:1]
    bounds = {"max_regression": 0.1, "min_gain": None, "max_gain": 0.5}
    policy["champion"] = [RULE | bounds | {"severity": "warn", "decide": "bound"}]
    policy |= {"waivers": [WAIVER], "data": PIN, "required_gates": ["retrieval"]}
    return found


def _judgement() -> Judgement:
    whole = fabricated._make_report().judgement
    return replace(whole, checks=whole.checks[:1], gates=whole.gates[:1])


def _policy() -> Document:
    text = (Path(schemas.__path__[0]) / "policies" / "seed-5cat.toml").read_text(encoding="utf-8")
    found = tomllib.loads(text)
    bounds = {"min": 0.0, "max": 1.0, "above": -1.0, "required": True, "severity": "error", "decide": "point"}
    found["check"] = [RULE | bounds | {"gate": "offset_sweep"}]
    found["champion"] = [RULE | {"max_regression": 0.1, "min_gain": 0.0, "max_gain": 0.5}]
    return found | {"waiver": [WAIVER], "data": PIN, "confidence": 0.9, "required_gates": ["retrieval"]}


def _audit() -> Audit:
    metric = even(0.1, 0.0, 0.2, 3, 2)
    return Audit(
        AUDIT_VERSION,
        MOMENT,
        "bank.npz",
        DIGEST,
        5,
        1,
        "none",
        (AuditRow("ridge", metric, ">= 0.40", True, "what a linear map finds"),),
        {"val": FrontierOfSplit((FrontierPoint(0.0, metric, metric, metric),), metric)},
        LeakSearch(
            9,
            0.98,
            0.6,
            2,
            {"val": HeldOut(3, 1)},
            (SharedText(1, "b", ("val", ""), 2, 0.5, 1.0, "text"),),
            0,
        ),
        {
            "val": LeakedTargets(
                metric, (LeakedTarget(8, 2, 1.0, 0.99, (3, "b"), ("", "B"), (4, 0), "train", ("x", "y")),)
            )
        },
        {"val": Power("copy_last", 0.1, 0.02, 12)},
        (Misplaced(4, "texts", "the texts of 5"),),
        ("too few articles",),
        ("two articles share a text",),
    )


def _dataset() -> DatasetRecord:
    return DatasetRecord(
        DATASET_VERSION,
        MOMENT,
        "0.1.0",
        5,
        2,
        StoredBank(100, 8, 4, "float16", DIGEST),
        {"train": StoredSplit(60, "0-1,3", DIGEST)},
        Origin(
            "texts.jsonl",
            DIGEST,
            "e",
            "CC0",
            None,
            EmbeddedBy("hub", "who/e", "0123abc", DIGEST, "float32", "mean", normalised=True, max_tokens=256),
        ),
        {"vectors.npy": StoredFile(DIGEST, 1728)},
    )


def _decision() -> Decision:
    return Decision(
        DECISION_VERSION,
        MOMENT,
        DIGEST,
        MOMENT,
        DIGEST,
        DIGEST,
        PolicyUsed("seed-5cat", DIGEST, "built-in"),
        ChampionUsed(DIGEST, None),
        True,
        ("the signature was not verified",),
        _judgement(),
    )


def _production() -> Production:
    policy = PolicyUsed("seed-5cat", DIGEST, "built-in")
    model = DeployedModel("model.pt", DIGEST, 17)
    before = Predecessor(1, DIGEST)
    return Production(PRODUCTION_VERSION, 3, "rollback", MOMENT, model, DIGEST, DIGEST, policy, 2, before, 1)


def _history() -> History:
    warned = Warned("cosine_drop", "val cosine fell by 0.2", collapse=True, epoch=1, step=0)
    return replace(history(epoch(1, steps(2), val={})), warnings=(warned,), best_epoch=1)


_MAKERS: dict[str, Callable[[], object]] = {
    "audit": _audit,
    "dataset": _dataset,
    "decision": _decision,
    "history": _history,
    "policy": _policy,
    "production": _production,
    "report": _report,
}


@functools.cache
def _text(name: str) -> str:
    return json.dumps(encode(_MAKERS[name]()))


def document(name: str) -> Document:
    """A valid document of a schema, by its name; every call makes another one."""
    found: Document = json.loads(_text(name))
    return found


def at(value: Any, path: Path_) -> Any:  # noqa: ANN401  (any JSON value)
    """What stands at a place."""
    return functools.reduce(lambda inner, step: inner[step], path, value)


def edited(value: Document, path: Path_, new: object) -> Document:
    """A copy with another value at a place."""
    found = copy.deepcopy(value)
    at(found, path[:-1])[path[-1]] = new
    return found


def accepted(name: str, path: Path_, values: Iterable[object]) -> list[object]:
    """Those of some values that may stand at a place of the document."""
    plain = document(name)
    return [value for value in values if violation(name, edited(plain, path, value)) is None]
