"""``gatekeeper data synth``: what flags reach, and what is refused."""

from pathlib import Path

import pytest

from tests.gatekeeper.synth import run, small


def test_options_reach_the_world(tmp_path: Path) -> None:
    options = ("--angle", "30", "--rho", "0.5", "--horizon", "3", "--seed", "9")
    result = run("forward", "--out", tmp_path / "w", *small(*options))
    assert "predicts R^3 of the last chunk: expected cos +0.117" in result.output
    first = (tmp_path / "w" / "gatekeeper.toml").read_text().splitlines()[0]
    assert first == (
        "# Made by gatekeeper data synth forward --seed 9 --articles 10 --chunks 14 --dimension 8 "
        "--angle 30 --rho 0.5 --horizon 3"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("forward", "--bank", "x.npz"), 2, "--bank names a bank to copy (reversed or shuffled)"),
        (("reversed", "--seed", "1"), 2, "--seed does not apply to a reversed copy"),
        (("shuffled", "--rho", "0.5"), 2, "--rho does not apply to a shuffled copy"),
        (("shuffled", "--seed", "-1"), 2, "seed of at least 0"),
        (("reversed", "--bank", "missing.npz"), 3, "missing.npz: expected an .npz file, found nothing"),
        (("forward", "--dimension", "7"), 2, "an even dimension"),
        (("forward", "--chunks", "9"), 2, "at least 10 chunks"),
        (("sideways",), 2, "'sideways' is not one of"),
    ],
)
def test_mistakes(tmp_path: Path, arguments: tuple[str, ...], code: int, expected: str) -> None:
    result = run(*arguments, "--out", tmp_path / "w")
    assert result.exit_code == code
    assert expected in result.output
    assert not (tmp_path / "w").exists()
