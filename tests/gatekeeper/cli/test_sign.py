"""``gatekeeper sign``: a signature beside the report, about the model that is named."""

import pytest

from tests.gatekeeper.cli.refusals import refused
from tests.gatekeeper.conftest import Run
from tests.gatekeeper.forgery import Files


@pytest.fixture
def key(files: Files, run: Run) -> str:
    assert run("keygen", "ci").exit_code == 0
    return "ci.key"


def test_a_report_is_signed_and_the_signature_is_trusted(files: Files, run: Run, key: str) -> None:
    result = run("sign", str(files.report), "--key", key, "--model", str(files.model))
    envelope = files.report.with_name(f"{files.report.name.removesuffix('.json')}.dsse.json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"signature: {envelope}\n"
    assert envelope.is_file()
    checked = run("check", str(files.report), "--model", str(files.model), "--trusted-key", "ci.pub")
    assert checked.exit_code == 0


def test_another_model_is_not_vouched_for(files: Files, run: Run, key: str) -> None:
    other = files.folder / "other.pt"
    other.write_bytes(files.model.read_bytes() + b"x")
    refused(run("sign", str(files.report), "--key", key, "--model", str(other)), 3)


def test_without_a_key_nothing_is_signed(files: Files, run: Run) -> None:
    result = run("sign", str(files.report))
    assert result.exit_code == 2
    assert "Missing option '--key'" in result.stderr


def test_a_key_that_is_not_there_is_told(files: Files, run: Run) -> None:
    assert "no.key" in refused(run("sign", str(files.report), "--key", "no.key"), 2)
