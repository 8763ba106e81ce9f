"""``gatekeeper keygen``: two files, named and shown once."""

import stat
from pathlib import Path

import pytest

from gatekeeper.deployment.signing.keys import load_private, load_public
from tests.gatekeeper.cli.refusals import refused
from tests.gatekeeper.conftest import Run


def test_a_pair_is_made_and_told(run: Run, tmp_path: Path) -> None:
    result = run("keygen", "ci", "--folder", str(tmp_path))
    assert (result.exit_code, result.stderr) == (0, "")
    private, public, key_id = result.stdout.splitlines()
    assert private == f"private key: {tmp_path / 'ci.key'} (keep it secret)"
    assert public == f"public key: {tmp_path / 'ci.pub'}"
    assert key_id.startswith("key id: ")
    assert stat.S_IMODE((tmp_path / "ci.key").stat().st_mode) == 0o600
    signature = load_private(str(tmp_path / "ci.key")).sign(b"report")
    load_public(str(tmp_path / "ci.pub")).verify(signature, b"report")


def test_without_a_name_it_lies_in_the_working_directory(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("keygen").exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gatekeeper.key", "gatekeeper.pub"]


def test_a_key_is_never_replaced(run: Run, tmp_path: Path) -> None:
    run("keygen", "ci", "--folder", str(tmp_path))
    before = (tmp_path / "ci.key").read_bytes()
    refused(run("keygen", "ci", "--folder", str(tmp_path)), 3)
    assert (tmp_path / "ci.key").read_bytes() == before
