"""What a report may say of what it is about, place by place."""

import pytest

from schemas.records.inputs import dominates
from tests.schemas.documents import accepted, at, document


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        (("inputs", "model", "spec"), ["", "x" * 2000], ["x" * 2001, "a\nb", None, 1]),
        (("inputs", "model", "kind"), ["checkpoint", "control", "factory", "exported"], ["file", None]),
        (("inputs", "model", "parameters"), [0, 7], [-1, 0.5, None, "1"]),
        (("inputs", "model", "prefix"), [None, "", "x" * 2000], ["x" * 2001, "a\nb", 1]),
        (("inputs", "model", "fingerprint"), ["verified", "absent", "not applicable"], ["", None]),
        (
            ("inputs", "model", "training"),
            [
                None,
                {"trainer": "p6b", "epoch": None, "rule": None, "chosen_on": None},
                {"trainer": "p6b", "epoch": 1, "rule": "x", "chosen_on": "select"},
            ],
            [{}, {"trainer": "p6b", "epoch": 0, "rule": None, "chosen_on": None}, "p6b"],
        ),
        (("inputs", "model", "format"), ["pt", "safetensors", "torchscript", "exported"], ["npz", None]),
        (("inputs", "model", "sha256"), ["b" * 64], ["b" * 63, "B" * 64, None, 1]),
        (("inputs", "bank", "rows"), [1, 7], [0, -1, 1.5, None, "1"]),
        (("inputs", "bank", "dimension"), [1, 7], [0, -1, 1.5, None, "1"]),
        (("inputs", "bank", "articles"), [1, 7], [0, -1, 1.5, None, "1"]),
        (("inputs", "splits", "val", "windows"), [0, 7], [-1, 0.5, None, "1"]),
        (("inputs", "splits", "val", "sampled"), [0, 7], [-1, 0.5, None, "1"]),
        (("inputs", "splits", "val", "sample_sha256"), ["b" * 64], ["b" * 63, "B" * 64, None, 1]),
        (("inputs", "policy_sha256"), ["b" * 64], ["b" * 63, "B" * 64, None, 1]),
        (("inputs", "train_sha256"), [None, "b" * 64], ["b" * 63, "B" * 64, 1]),
        (("inputs", "config"), [None, "", "x" * 2000], ["x" * 2001, "a\nb", 1]),
        (("inputs", "splits"), [], [{}, {"Val": {}}, None]),
        (("settings", "context"), [1, 7], [0, -1, 1.5, None, "1"]),
        (("settings", "seed"), [0, 7], [-1, 0.5, None, "1"]),
        (("settings", "max_samples"), [None, 1], [0, 1.5, "1"]),
        (("settings", "max_per_article"), [None, 1], [0, 1.5, "1"]),
        (("settings", "confidence"), [1e-9, 0.95, 0.999], [0, 1, -0.1, None]),
        (("settings", "bin_edges"), [[-1, 1], [0.5, 0.5]], [[0.5], [0, 0.5, 1], [-1.1, 0], [0, 1.1], None]),
        (
            ("settings", "horizon_source"),
            ["checkpoint", "sequence file", "flag", "config", "default"],
            ["file", None],
        ),
        (("settings", "retrieval"), ["faiss", "torch"], ["auto", None]),
        (("settings", "ridge"), ["train split", "cross-fitted by article"], ["", None]),
        (("settings", "order"), ["interleaved"], ["sorted", None]),
        (("settings", "gates_version"), [2, 3], [1, None]),
        (("settings", "batch_size"), [1, 7], [0, -1, 1.5, None, "1"]),
        (("environment", "git_revision"), [None, "1f2e", "v1.0+dirty", "a" * 100], ["", "a b", "a" * 101]),
        (("environment", "threads"), [0, 7], [-1, 0.5, None, "1"]),
        (("environment", "tool_sha256"), ["b" * 64], ["b" * 63, "B" * 64, None, 1]),
        (
            ("environment", "packages"),
            [{}, {"a" * 100: "1"}, {f"p{n}": "" for n in range(100)}],
            [{"a" * 101: "1"}, {"a b": "1"}, {"": "1"}, {"a": None}, {f"p{n}": "" for n in range(101)}],
        ),
    ],
)
def test_what_may_stand_where(place: tuple[str | int, ...], good: list[object], bad: list[object]) -> None:
    assert accepted("report", place, [*good, *bad]) == good


@pytest.mark.parametrize(
    ("kind", "needed"), [("checkpoint", True), ("exported", True), ("control", False), ("factory", False)]
)
def test_what_comes_from_a_file_has_a_digest_and_a_format(kind: str, needed: bool) -> None:
    for key in ("sha256", "format"):
        model = at(document("report"), ("inputs", "model")) | {"kind": kind, key: None}
        assert bool(accepted("report", ("inputs", "model"), [model])) is not needed


@pytest.mark.parametrize(
    ("windows", "evaluated", "articles", "found"),
    [
        (25, 100, 100, False),  # a quarter is not more than a quarter
        (26, 100, 100, True),
        (50, 100, 4, False),  # twice an equal share is not more than twice
        (51, 100, 4, True),
        (30, 90, 3, False),
        (200, 335, 10, True),
    ],
)
def test_an_article_dominates_that_is_heavy_and_unequal(
    windows: int, evaluated: int, articles: int, found: bool
) -> None:
    assert dominates(windows, evaluated, articles) is found
