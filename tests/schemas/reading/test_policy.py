import hashlib
import importlib.resources
import os
import re
from pathlib import Path

import pytest

from schemas.errors import PolicyError
from schemas.reading.policy import builtin_by_digest, builtin_policies, load_policy, parse_policy
from schemas.records.metrics import METRICS, known_metric
from schemas.records.policy import PolicyCheck
from schemas.records.splits import PAIR
from tests.schemas.policies import CHECK, HEAD

VALID = HEAD + CHECK

Row = tuple[str, str, str, float | None, float | None, float | None, bool]


def rows_of(name: str) -> set[Row]:
    return {
        (line.gate, line.metric, split, line.minimum, line.maximum, line.above, line.required)
        for line in load_policy(name).policy.checks
        for split in line.splits
    }


BACKWARD: set[Row] = {
    ("backward_bias", metric, split, low, high, above, True)
    for split in ("val", "ood")
    for metric, low, high, above in (
        ("offset_sweep.margin_prev", None, None, 0.0),
        ("offset_sweep.margin_last", None, None, 0.0),
        ("offset_sweep.peak_offset", 0.0, 0.0, None),
        ("ablations.reverse", None, 0.0, None),
    )
}
ABLATIONS = (
    ("shuffle", -0.15),
    ("reverse", -0.10),
    ("leave_one_out", -0.08),
    ("repeat_last", 0.05),
    ("cross_article", 0.05),
)


def ablation_rows(required: bool) -> set[Row]:
    return {
        ("ablations", f"ablations.{name}", split, None, bound, None, required)
        for name, bound in ABLATIONS
        for split in ("val", "ood")
    }


UNSEEN = {("data", "data.leaked", split, None, 0.05, None, True) for split in ("val", "ood")}


def test_seed_policy_is_the_seeds() -> None:
    policy = load_policy("seed-5cat").policy
    assert (policy.decide, policy.min_gates_passed, policy.min_samples, policy.min_articles) == (
        "point",
        3,
        100,
        5,
    )
    assert rows_of("seed-5cat") == {
        ("offset_sweep", "offset_sweep.margin", "val", 0.05, None, None, True),
        ("offset_sweep", "offset_sweep.margin", "ood", 0.05, None, None, True),
        ("retrieval", "retrieval.article.r@5", "val", 0.70, None, None, False),
        ("retrieval", "retrieval.article.r@5", "ood", 0.70, None, None, True),
        ("rollout", "rollout.avg_cos", "val", 0.45, None, None, False),
        ("rollout", "rollout.avg_cos", "ood", 0.45, None, None, False),
        ("bins_delta", "bins_delta.delta", PAIR, None, 0.05, None, False),
        *ablation_rows(required=False),
        *BACKWARD,
        *UNSEEN,
    }


def test_strict_policy_is_the_published_tests() -> None:
    pairs = {
        "offset_sweep.cos": (0.50, 0.48),
        "offset_sweep.margin": (0.12, 0.10),
        "retrieval.article.r@1": (0.60, 0.55),
        "retrieval.article.r@5": (0.95, 0.92),
        "retrieval.article.mrr": (0.80, 0.75),
        "rollout.avg_cos": (0.45, 0.42),
    }
    policy = load_policy("strict-5cat").policy
    assert (policy.decide, policy.min_gates_passed) == ("point", 5)
    assert rows_of("strict-5cat") == {
        *(
            (METRICS[name].gate, name, split, bound, None, None, True)
            for name, bounds in pairs.items()
            for split, bound in zip(("val", "ood"), bounds, strict=True)
        ),
        ("bins_delta", "bins_delta.delta", PAIR, None, 0.05, None, True),
        *ablation_rows(required=True),
        *BACKWARD,
        *UNSEEN,
    }


@pytest.mark.parametrize("name", ["seed-5cat", "skill", "strict-5cat"])
def test_a_builtin_policy_is_bound_by_the_digest_of_its_file(name: str) -> None:
    data = (importlib.resources.files("schemas") / "policies" / f"{name}.toml").read_bytes()
    loaded = load_policy(name)
    assert name in builtin_policies()
    assert (loaded.policy.name, loaded.source) == (name, "built-in")
    assert loaded.sha256 == hashlib.sha256(data).hexdigest()
    assert builtin_by_digest(loaded.sha256) == loaded.policy
    assert builtin_by_digest("0" * 64) is None


def test_a_file_is_loaded_with_its_digest_and_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(VALID)
    loaded = load_policy(path)
    assert loaded == load_policy(str(path))
    assert loaded.source == "mine.toml"
    assert loaded.sha256 == hashlib.sha256(VALID.encode()).hexdigest()
    assert loaded.policy.checks == (
        PolicyCheck("rollout", "rollout.avg_cos", ("val",), 0.4, None, None, required=False),
    )


def test_a_builtin_name_wins_over_a_file_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("seed-5cat").write_text(VALID)
    assert load_policy("seed-5cat").policy.name == "seed-5cat"
    assert load_policy("./seed-5cat").policy.name == "mine"


def test_an_unknown_name_lists_the_known_ones_and_the_nearest() -> None:
    with pytest.raises(PolicyError) as e:
        load_policy("seed5cat")
    assert str(e.value) == (
        "unknown policy 'seed5cat': no such file; did you mean 'seed-5cat'? built in: seed-5cat, "
        "skill, strict-5cat"
    )
    assert e.value.exit_code == 2


@pytest.mark.parametrize(
    "name", ["", "missing.toml", "pyproject.toml/x", "nul\0", "nul\0/x.toml", ".", "x" * 300]
)
def test_what_is_no_file_is_a_policy_error(name: str) -> None:
    with pytest.raises(PolicyError):
        load_policy(name)


@pytest.mark.parametrize("name", ["a\nb.toml", "a\x1b[31mb.toml", "a\u202eb.toml"])
def test_a_name_that_no_record_could_hold_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(VALID)
    with pytest.raises(PolicyError, match="its name, which reports repeat, holds control characters"):
        load_policy(tmp_path / name)


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.toml"
    with path.open("wb") as file:
        os.ftruncate(file.fileno(), 2**21)
    with pytest.raises(PolicyError, match="expected at most 1048576 bytes"):
        load_policy(path)


@pytest.mark.parametrize(
    "name",
    ["seed-5cat", "strict-5cat", "Seed-5CAT", "seed 5cat", "seed-5cat ", "seed\u20115cat", "seed-\u200b5cat",
     "ｓｅｅｄ-5cat", "seed5cat", "STRICT_5CAT"],
)  # fmt: skip
def test_a_file_that_borrows_the_name_of_a_builtin_policy_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "loose.toml"
    path.write_text(re.sub(r'name = ".*"', f'name = "{name}"', VALID))
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    known = "strict-5cat" if name.casefold().startswith("strict") else "seed-5cat"
    assert str(caught.value) == (
        f"policy {path}: it calls itself {name!r}, which is the built-in policy {known!r}, but its "
        "content is another; give it a name of its own"
    )


def test_a_copy_of_a_builtin_policy_keeps_its_name(tmp_path: Path) -> None:
    text = (importlib.resources.files("schemas") / "policies" / "seed-5cat.toml").read_text(encoding="utf-8")
    (tmp_path / "copy.toml").write_text(f"# ours\n{text}")
    loaded = load_policy(tmp_path / "copy.toml")
    assert (loaded.policy, loaded.source) == (load_policy("seed-5cat").policy, "copy.toml")
    assert loaded.sha256 != load_policy("seed-5cat").sha256


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("x = ")
    with pytest.raises(PolicyError, match=r"policy .*mine\.toml: not TOML: "):
        load_policy(path)


def test_all_keys_of_a_check_are_read() -> None:
    text = HEAD + '[[check]]\ngate="ablations"\nmetric="ablations.reverse"\nsplits=["ood", "val"]\n'
    policy = parse_policy((text + "min = -1\nmax = 0.5\nabove = -2\nrequired = true").encode())
    assert policy.checks == (
        PolicyCheck("ablations", "ablations.reverse", ("ood", "val"), -1.0, 0.5, -2.0, required=True),
    )
    assert type(policy.checks[0].minimum) is float


def swap(old: str, new: str, text: str = VALID) -> str:
    assert old in text
    return text.replace(old, new)


BAD = {
    "no toml": ("[", "not TOML"),
    "key twice": (VALID + "min = 0.5", "not TOML"),
    "too deep": (VALID + "x = " + "[" * 5000, "tables and lists are nested more than 32 deep"),
    "deep keys": (VALID + ".".join("a" * 2000) + " = 1", "tables and lists are nested more than 32 deep"),
    "rather deep keys": (
        VALID + ".".join("a" * 20) + " = 1",
        "not a policy: tables and lists are nested more than 8 deep",
    ),
    "empty": ("", 'expected schema_version = "1.0", found none; add it'),
    "no version": (swap('schema_version = "1.0"', ""), 'expected schema_version = "1.0", found none; add it'),
    "major 2": (swap('"1.0"', '"2.0"'), "expected schema_version 1.x, found '2.0'"),
    "number version": (swap('"1.0"', "1.0"), "expected schema_version 1.x, found '1.0'"),
    "version line": (swap('"1.0"', '"1.0\\n"'), "expected schema_version 1.x, found '1.0\\n'"),
    "no name": (swap('name = "mine"', ""), "$: 'name' is a required property"),
    "empty name": (swap('"mine"', '""'), "$.name: '' should be non-empty"),
    "name lines": (swap('"mine"', '"a\\nb"'), '$.name: control characters are not allowed, found "a\\nb"'),
    "decide": (
        swap('"point"', '"pint"'),
        '$.decide: expected one of ["point", "bound"], found "pint"; the nearest known one is \'point\'',
    ),
    "gates float": (
        swap("passed = 1", "passed = 1.0"),
        "policy.min_gates_passed: expected int, found float '1.0'",
    ),
    "gates six": (swap("passed = 1", "passed = 6"), "$.min_gates_passed: 6 is greater than the maximum of 5"),
    "gates two": (
        swap("passed = 1", "passed = 2"),
        "min_gates_passed is 2, but only 1 of the five gates have checks, so no model could pass; lower it "
        "or add checks",
    ),
    "gates none": (
        swap("passed = 1", "passed = 0"),
        "min_gates_passed is 0 and no check is required, so every model would pass; raise it or require a "
        "check",
    ),
    "samples": (swap("samples = 10", "samples = 0"), "$.min_samples: 0 is less than the minimum of 1"),
    "articles": (swap("articles = 2", "articles = -1"), "$.min_articles: -1 is less than the minimum of 1"),
    "top key": (
        VALID.replace("decide", "decides"),
        "$: unknown key \"decides\"; the nearest known one is 'decide'",
    ),
    "check key": (
        VALID + "minimum = 1",
        "$.check[0]: unknown key \"minimum\"; the nearest known one is 'min'",
    ),
    "no checks": (HEAD, "$: 'check' is a required property"),
    "empty checks": (HEAD + "check = []", "$.check: [] should be non-empty"),
    "check table": (HEAD + "[check]\nx = 1", '$.check: expected array, found {"x": 1}'),
    "gate": (
        swap('"rollout"', '"rollouts"'),
        '$.check[0].gate: expected one of ["offset_sweep", "retrieval", "ablations", "rollout", '
        '"bins_delta", "backward_bias", "geometry", "data"], found "rollouts"; '
        "the nearest known one is 'rollout'",
    ),
    "wrong gate": (
        swap('"rollout"', '"retrieval"'),
        "check 1 (rollout.avg_cos): the metric belongs to gate 'rollout', found gate 'retrieval'; use "
        "'rollout' or 'backward_bias'",
    ),
    "metric": (
        swap("rollout.avg_cos", "rollout.avgcos"),
        "unknown metric 'rollout.avgcos'; the nearest known one is 'rollout.avg_cos'",
    ),
    "split": (
        swap('"val"', '"vla"'),
        '$.check[0].splits[0]: expected one of ["train", "val", "ood", "val-ood"], found "vla"; '
        "the nearest known one is 'val'",
    ),
    "no split": (swap('["val"]', "[]"), "$.check[0].splits: [] should be non-empty"),
    "split twice": (
        swap('["val"]', '["val", "val"]'),
        '$.check[0].splits: ["val", "val"] has non-unique elements',
    ),
    "pair split": (
        swap('["val"]', '["val-ood"]'),
        "check 1 (rollout.avg_cos): expected splits among train, val, ood, found 'val-ood'",
    ),
    "pair metric": (
        swap(
            'gate = "rollout"\nmetric = "rollout.avg_cos"', 'gate = "bins_delta"\nmetric = "bins_delta.delta"'
        ),
        "check 1 (bins_delta.delta): expected splits among val-ood, found 'val'",
    ),
    "no bound": (
        swap("min = 0.4", ""),
        "check 1 (rollout.avg_cos): expected at least one of min, max and above, found none",
    ),
    "nan": (swap("0.4", "nan"), "expected finite numbers only, found nan"),
    "inf": (swap("0.4", "-inf"), "expected finite numbers only, found -inf"),
    "overflow": (swap("0.4", "1e999"), "expected finite numbers only, found inf"),
    "large": (
        swap("0.4", "1e10"),
        "$.check[0].min: 10000000000.0 is greater than the maximum of 1000000000.0",
    ),
    "long integer": (
        swap("0.4", "0x" + "f" * 9000),
        "expected integers of at most 64 bits, found a longer one",
    ),
    "longer integer": (swap("0.4", "9" * 9000), "not TOML"),
    "text bound": (swap("0.4", '"0.4"'), '$.check[0].min: expected number, found "0.4"'),
    "bool bound": (swap("0.4", "true"), "$.check[0].min: expected number, found true"),
    "date bound": (swap("0.4", "2026-01-31"), '$.check[0].min: expected number, found "2026-01-31"'),
    "required": (VALID + "required = 1", "$.check[0].required: expected boolean, found 1"),
    "min over max": (
        VALID + "max = 0.3",
        "check 1 (rollout.avg_cos): min 0.4 is greater than max 0.3; nothing can pass",
    ),
    "above at max": (
        swap("min = 0.4", "above = 1\nmax = 1"),
        "check 1 (rollout.avg_cos): above 1.0 is not less than max 1.0; nothing can pass",
    ),
    "twice": (
        VALID + CHECK,
        "check 2 (rollout.avg_cos): rollout.avg_cos on val under rollout is already check 1; keep one of "
        "them",
    ),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD.keys())
def test_a_bad_policy_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text.encode())
    found = str(caught.value)
    # What follows "not TOML" are the words of Python's own parser.
    assert found.startswith("not TOML: ") if message == "not TOML" else found == message
    assert "\n" not in found
    assert len(str(caught.value)) < 500


def test_other_bytes_are_no_policy() -> None:
    with pytest.raises(PolicyError, match="expected UTF-8"):
        parse_policy(b"\xff\xfe")


def test_a_metric_may_appear_under_its_gate_and_under_backward_bias() -> None:
    text = VALID + swap('gate = "rollout"', 'gate = "backward_bias"', CHECK)
    assert [line.gate for line in parse_policy(text.encode()).checks] == ["rollout", "backward_bias"]


def test_no_gate_needs_to_pass_when_a_check_is_required() -> None:
    policy = parse_policy((swap("passed = 1", "passed = 0") + "required = true").encode())
    assert policy.min_gates_passed == 0


def test_a_known_metric_is_found_and_an_unknown_one_names_the_nearest() -> None:
    assert known_metric("bins_delta.delta").pair
    with pytest.raises(
        PolicyError, match=r"unknown metric 'retrieval\.r@5'; the nearest known one is 'retrieval"
    ):
        known_metric("retrieval.r@5")
