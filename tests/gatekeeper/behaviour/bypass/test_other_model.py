"""Another model than the evaluated one."""

import hashlib
import importlib
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from gatekeeper.deployment import deploy as flow
from gatekeeper.deployment import folder, model_file
from tests.gatekeeper.behaviour.bypass.gate import BELOW, Gate, blocked, sign
from tests.gatekeeper.forgery import (
    Files,
    edit,
    forge,
    within,
)

# Another model.


def test_the_report_of_another_model_is_refused(files: Files, gate: Gate) -> None:
    shutil.copy(files.weaker, files.model)
    message = gate.refuse(files)
    assert f"{files.report} is about another model: it names SHA-256 " in message


def test_a_model_changed_after_the_report_is_refused(files: Files, gate: Gate) -> None:
    with files.model.open("ab") as file:
        file.write(b"\0")
    assert "is about another model" in gate.refuse(files)


def test_the_digest_of_another_model_in_the_report_is_refused(files: Files, gate: Gate) -> None:
    shutil.copy(files.weaker, files.model)
    digest = hashlib.sha256(files.model.read_bytes()).hexdigest()
    edit(files.report, "inputs", "model", "sha256", value=digest)
    assert "content_sha256 is not the digest of the content" in gate.refuse(files)


def test_the_digest_of_another_model_under_a_signature_is_refused(files: Files, gate: Gate) -> None:
    sign(files)
    shutil.copy(files.weaker, files.model)
    digest = hashlib.sha256(files.model.read_bytes()).hexdigest()
    report = files.read()
    inputs = replace(report.inputs, model=replace(report.inputs.model, sha256=digest))
    forge(replace(report, inputs=inputs), files.report)
    assert gate.refuse(files, "--trusted-key", files.public).startswith("Error: signature of ")


def test_a_report_about_no_file_lets_no_file_through(files: Files, gate: Gate) -> None:
    report = files.read()
    model = replace(report.inputs.model, sha256=None, kind="factory", fingerprint="not applicable")
    forge(replace(report, inputs=replace(report.inputs, model=model)), files.report)
    assert f"{files.report} is about best.pt, which is no model file" in gate.refuse(files)


@pytest.mark.parametrize("target", ["best.real", "nowhere"])
def test_a_symlinked_model_is_refused(files: Files, gate: Gate, target: str) -> None:
    files.model.rename(files.folder / "best.real")
    files.model.symlink_to(target)
    assert f"the model {files.model} is a symbolic link" in gate.refuse(files)


@pytest.mark.parametrize("kind", ["pipe", "folder"])
@pytest.mark.parametrize(("what", "called"), [("model", "the model"), ("report", "report")])
def test_what_is_no_file_is_refused_without_waiting(
    files: Files, gate: Gate, what: str, called: str, kind: str
) -> None:
    path: Path = getattr(files, what)
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    with within(60):
        message = gate.refuse(files)
    if (what, kind) == ("model", "folder"):  # save_pretrained writes such
        assert message == (
            f"Error: {path} must hold model.safetensors or model.safetensors.index.json, as save_pretrained "
            "writes them; it holds neither: name the file of weights"
        )
    else:
        assert message == f"Error: cannot read {called} {path}: it is no regular file"


def test_a_model_that_changes_while_it_is_read_is_refused(
    files: Files, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Growing:
        """The digest of a file that somebody appends to after its first block was read."""

        def __init__(self) -> None:
            self.digest, self.calm = hashlib.sha256(), True

        def update(self, block: bytes) -> None:
            self.digest.update(block)
            if self.calm:
                self.calm = False
                for path in (files.model, *(files.production / "models").glob(".gatekeeper-*")):
                    with path.open("ab") as file:
                        file.write(b"more")

        def hexdigest(self) -> str:
            return self.digest.hexdigest()

    class Library:
        sha256 = Growing

    with monkeypatch.context() as patch:
        patch.setattr(model_file, "hashlib", Library)
        assert gate.refuse(files).endswith("changed while it was read")


def test_a_model_changed_between_check_and_deploy_is_not_served(files: Files) -> None:
    assert Gate("check").ask(files).exit_code == 0
    shutil.copy(files.weaker, files.model)
    assert "is about another model" in Gate("deploy").refuse(files)


@pytest.mark.parametrize("how", ["replaced", "overwritten"])
def test_a_model_changed_just_before_the_copy_is_not_served(
    files: Files, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    copy = flow._copy

    def late(model: Path, store: Path) -> tuple[Path, int]:
        change_model(files, how)
        return copy(model, store)

    monkeypatch.setattr(flow, "_copy", late)
    assert "is about another model" in Gate("deploy").refuse(files)
    assert list((files.production / "models").iterdir()) == []


@pytest.mark.parametrize("how", ["replaced", "overwritten"])
@pytest.mark.parametrize(
    ("module", "after"),
    [
        (flow, "_copy"),
        (flow, "model_digest"),
        (flow, "rule"),
        (folder, "_place"),
        (folder, "_keep_report"),
    ],
)
def test_a_model_changed_at_any_time_after_the_copy_is_not_what_is_served(
    files: Files, monkeypatch: pytest.MonkeyPatch, how: str, module: ModuleType, after: str
) -> None:
    honest = files.model.read_bytes()
    original: Callable[..., object] = getattr(module, after)

    def meanwhile(*arguments: object, **more: object) -> object:
        done = original(*arguments, **more)
        if arguments != (files.model,):  # which is read once before it is copied
            change_model(files, how)
        return done

    monkeypatch.setattr(module, after, meanwhile)
    assert Gate("deploy").ask(files).exit_code == 0
    assert files.model.read_bytes() != honest
    assert (files.production / "current" / "model.pt").read_bytes() == honest


def change_model(files: Files, how: str) -> None:
    if how == "overwritten":
        files.model.write_bytes(files.weaker.read_bytes())
    else:
        other = files.folder / "other.pt"
        shutil.copy(files.weaker, other)
        other.replace(files.model)


def test_a_report_changed_after_it_was_read_is_not_what_decides(
    files: Files, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = files.report.read_bytes()
    forge(blocked(files.read()), files.report)
    sign(files)
    module = importlib.import_module(f"gatekeeper.cli.{gate.name}")
    original: Callable[..., object] = module.read_submission

    def meanwhile(*arguments: object) -> object:
        found = original(*arguments)
        files.report.write_bytes(honest)
        return found

    monkeypatch.setattr(module, "read_submission", meanwhile)
    assert BELOW in gate.refuse(files, "--trusted-key", files.public)
