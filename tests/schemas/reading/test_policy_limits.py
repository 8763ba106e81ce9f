"""How large a policy, its integers and what is shown of it may be, and what is said beyond that."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import PolicyError
from schemas.reading import policy, strict_toml
from schemas.reading.policy import load_policy, parse_policy
from schemas.reading.policy_rules import check_policy
from schemas.records.policy import ChampionRule
from tests.schemas.policies import CHECK, HEAD

POLICY = HEAD + CHECK


def test_a_file_of_the_largest_size_is_read_and_one_byte_more_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(POLICY)
    size = len(POLICY.encode())
    for module in (strict_toml, policy):
        monkeypatch.setattr(module, "MAX_BYTES", size)
    assert load_policy(path).policy.name == "mine"
    for module in (strict_toml, policy):
        monkeypatch.setattr(module, "MAX_BYTES", size - 1)
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    assert str(caught.value) == f"policy {path}: expected at most {size - 1} bytes of TOML, found more"


def test_no_more_than_a_byte_beyond_the_largest_size_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(POLICY.encode() + b"\xff")
    monkeypatch.setattr(policy, "MAX_BYTES", len(POLICY.encode()) - 1)
    assert load_policy(path).policy.name == "mine"


@pytest.mark.parametrize(
    ("name", "why"),
    [("folder", "it is no regular file"), ("x" * 300, "File name too long"), ("loop", "levels of")],
)
def test_a_file_that_cannot_be_read_is_named_with_the_systems_reason(
    tmp_path: Path, name: str, why: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    path = tmp_path / name
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    start = f"cannot read policy {str(path)!r}: "
    assert str(caught.value).startswith(start)
    assert why in str(caught.value)[len(start) :]
    assert "Errno" not in str(caught.value)


@pytest.mark.parametrize(("number", "refused"), [(2**63 - 1, False), (2**63, True), (2**64, True)])
def test_an_integer_has_at_most_64_bits_with_its_sign(number: int, refused: bool) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(POLICY.replace("min_samples = 10", f"min_samples = {number}\nodd = 1").encode())
    too_long = "expected integers of at most 64 bits, found a longer one"
    assert (str(caught.value) == too_long) is refused


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(POLICY.encode().replace(b"mine", b"\xff"))
    assert str(caught.value) == "expected UTF-8 text, found other bytes"


def test_a_long_version_is_shown_by_its_beginning() -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(POLICY.replace('"1.0"', f'"{"1" * 50}"').encode())
    assert str(caught.value) == f"expected schema_version 1.x, found '{'1' * 40}'"


@pytest.mark.parametrize("bound", ["minimum", "maximum", "above"])
@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_a_bound_that_is_not_finite_is_refused_by_name(bound: str, value: float) -> None:
    parsed = parse_policy(POLICY.encode())
    bounds: dict[str, Any] = {"minimum": None, bound: value}
    line = replace(parsed.checks[0], **bounds)
    with pytest.raises(PolicyError) as caught:
        check_policy(replace(parsed, checks=(line,)))
    name = {"minimum": "min", "maximum": "max", "above": "above"}[bound]
    assert str(caught.value) == f"check 1 (rollout.avg_cos): {name} must be a finite number, found {value}"


@pytest.mark.parametrize("bound", ["max_regression", "min_gain", "max_gain"])
@pytest.mark.parametrize("value", [math.inf, math.nan, -0.1])
def test_a_gain_that_is_not_finite_or_negative_is_refused_by_name(bound: str, value: float) -> None:
    bounds: dict[str, Any] = {"max_regression": None, "min_gain": None, "max_gain": None, bound: value}
    rule = ChampionRule("rollout.avg_cos", ("val",), severity="error", decide=None, **bounds)
    with pytest.raises(PolicyError) as caught:
        check_policy(replace(parse_policy(POLICY.encode()), champion=(rule,)))
    assert str(caught.value) == (
        f"champion rule 1 (rollout.avg_cos): {bound} must be a finite number of at least 0, found {value}"
    )


@pytest.mark.parametrize("waiver", ["waiver = [1]", "waiver = 1", 'waiver = ["expires"]'])
def test_a_waiver_that_is_no_table_is_refused(waiver: str) -> None:
    with pytest.raises(PolicyError, match=r"\$\.waiver"):
        parse_policy(f"{waiver}\n{POLICY}".encode())
