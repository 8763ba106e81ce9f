"""The flags of whoever lets models through, as one value."""

from datetime import timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gatekeeper.cli.verifier import DEFAULT_POLICY, Verifier, verifier_options
from gatekeeper.deployment.signing.keys import generate
from schemas.errors import UsageError

SEEN: list[Verifier] = []


@click.command()
@verifier_options
def command(verifier: Verifier) -> None:
    SEEN.append(verifier)


def parsed(*arguments: str) -> Verifier:
    SEEN.clear()
    result = CliRunner().invoke(command, list(arguments))
    assert result.exit_code == 0, result.output
    return SEEN[0]


def test_without_flags_the_seeds_policy_decides_and_nobody_must_have_signed() -> None:
    plain = parsed()
    assert plain == Verifier(DEFAULT_POLICY, None, (), None)
    demands = plain.demands(first=True)
    assert (demands.policy.policy.name, demands.trusted, demands.max_age) == ("seed-5cat", (), None)
    assert demands.first


@pytest.mark.parametrize(
    ("text", "span"),
    [("30d", timedelta(days=30)), ("12h", timedelta(hours=12)), ("90m", timedelta(minutes=90))],
)
def test_a_span_is_days_hours_or_minutes(text: str, span: timedelta) -> None:
    assert parsed("--max-age", text).max_age == span


@pytest.mark.parametrize("text", ["0d", "30", "d", "-1d", "1.5h", "1w", "100000d", "٣d", ""])
def test_a_span_of_another_form_is_refused(text: str) -> None:
    result = CliRunner().invoke(command, ["--max-age", text])
    assert result.exit_code == 2
    assert f"expected a span of time such as 30d, 12h or 90m, found {text!r}" in result.output


def test_the_files_that_flags_name_are_inputs(tmp_path: Path) -> None:
    found = parsed(
        "--policy", "own.toml", "--trusted-key", "a.pub", "--trusted-key", "env:KEY", "--envelope", "s.json"
    )
    named = [path for path in found.inputs() if path is not None]
    assert named == [Path("own.toml"), Path("a.pub"), Path("s.json")]


def test_all_trusted_keys_are_loaded(tmp_path: Path) -> None:
    for name in ("a", "b"):
        generate(tmp_path, name)
    keys = [str(tmp_path / f"{name}.pub") for name in ("a", "b")]
    assert len(parsed("--trusted-key", keys[0], "--trusted-key", keys[1]).demands().trusted) == 2


def test_an_envelope_without_a_key_has_no_effect_and_is_refused() -> None:
    with pytest.raises(UsageError, match="--envelope has no effect without --trusted-key"):
        parsed("--envelope", "s.json").demands()
