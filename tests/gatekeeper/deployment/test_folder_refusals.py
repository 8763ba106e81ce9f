"""What switches nothing, and the very bytes that are checked are served."""

import io
import itertools
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import IO

import pytest

from gatekeeper.deployment import deploy as flow
from gatekeeper.deployment.verify import Demands
from schemas.errors import GatekeeperError, ModelError, ReportError, SignatureError
from tests.gatekeeper.deployment.folders import Offers, folder, link, pipe, refuses
from tests.gatekeeper.deployment.served import (
    ANY,
    deploy,
    put,
    served,
    sha256,
    snapshot,
)
from tests.gatekeeper.deployment.submissions import (
    FOREIGN,
    NOW,
    TRUSTED,
    Offer,
    make_policy,
    make_report,
    report_bytes,
    trusting,
)

pytestmark = pytest.mark.usefixtures("quick")


# What is not let through.


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_blocked_model_switches_nothing_and_leaves_nothing(
    offers: Offers, target: Path, count: int
) -> None:
    for number in range(count):
        put(offers(f"good {number}"), target)
    for name in ("releases", "models", "reports"):
        (target / name).mkdir(parents=True, exist_ok=True)
    before, bad = snapshot(target), offers("bad", cosine=0.4)
    done = deploy(bad.model, bad.submission, ANY, target, now=NOW)
    assert done.production is None
    assert done.ruling.decision.judgement.verdict.outcome == "blocked"
    assert snapshot(target) == before
    assert (served(target) is None) == (count == 0)
    put(offers("better"), target)


def test_a_policy_that_cannot_decide_switches_nothing(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    before, offer = snapshot(target), offers("two")
    undecided = Demands(policy=make_policy(least=1.5))  # which not even the oracle meets
    done = deploy(offer.model, offer.submission, undecided, target, now=NOW)
    assert done.production is None
    assert done.ruling.decision.judgement.verdict.outcome == "error"
    assert snapshot(target) == before


def _no_report(offer: Offer) -> None:
    offer.report.write_bytes(b"{}")


def _other_model(offer: Offer) -> None:
    offer.report.write_bytes(report_bytes(make_report("f" * 64)))


def _control(offer: Offer) -> None:
    offer.report.write_bytes(report_bytes(make_report(None)))


def _future(offer: Offer) -> None:
    report = make_report(offer.digest, created=NOW + timedelta(hours=1))
    offer.report.write_bytes(report_bytes(report))


def _stale(offer: Offer) -> None:
    report = make_report(offer.digest, created=NOW - timedelta(days=31))
    offer.report.write_bytes(report_bytes(report))


def _changed(offer: Offer) -> None:
    offer.model.write_bytes(offer.model.read_bytes() + b"!")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (_no_report, "expected an object with schema_version"),
        (_other_model, "is about another model"),
        (_control, "is no model file"),
        (_future, "was made in the future"),
        (_stale, "is stale"),
        (_changed, "is about another model"),
    ],
)
def test_a_refused_report_switches_nothing_and_leaves_nothing(
    offers: Offers, target: Path, damage: Callable[[Offer], None], says: str
) -> None:
    put(offers("one"), target)
    offer = offers("two")
    damage(offer)
    demands = replace(ANY, max_age=timedelta(days=30))
    message = refuses(
        target, ReportError, lambda: deploy(offer.model, offer.submission, demands, target, now=NOW)
    )
    assert says in message


@pytest.mark.parametrize("key", [None, FOREIGN])
def test_a_missing_or_foreign_signature_switches_nothing(offers: Offers, target: Path, key: object) -> None:
    put(offers("one", key=TRUSTED), target, trusting(TRUSTED))
    offer = offers("two", key=key)
    refuses(
        target,
        SignatureError,
        lambda: deploy(offer.model, offer.submission, trusting(TRUSTED), target, now=NOW),
    )


LINKED = "the model {} is a symbolic link, which may point elsewhere tomorrow; name the file itself"


def dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (link, LINKED),
        (dangling, LINKED),
        (pipe, "cannot read the model {}: it is no regular file"),
        (
            folder,
            "{} must hold model.safetensors or model.safetensors.index.json, as save_pretrained writes them; "
            "it holds neither: name the file of weights",
        ),
        (Path.unlink, "cannot read the model {}: No such file or directory"),
    ],
)
def test_a_model_that_is_no_file_of_its_own_is_refused(
    offers: Offers, target: Path, damage: Callable[[Path], None], says: str
) -> None:
    put(offers("one"), target)
    offer = offers("two")
    submission = offer.submission
    damage(offer.model)
    message = refuses(target, ModelError, lambda: deploy(offer.model, submission, ANY, target, now=NOW))
    assert message == says.format(offer.model)


def test_a_device_is_no_model(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    offer = offers("two")
    message = refuses(
        target, ModelError, lambda: deploy(Path(os.devnull), offer.submission, ANY, target, now=NOW)
    )
    assert message == f"cannot read the model {os.devnull}: it is no regular file"


def test_a_model_below_a_linked_folder_is_a_file(offers: Offers, target: Path, tmp_path: Path) -> None:
    offer = offers("one")
    (tmp_path / "linked").symlink_to(offer.model.parent)
    put(replace(offer, model=tmp_path / "linked" / offer.model.name), target)


@pytest.mark.parametrize("name", ["x" * 300 + ".pt", "a\0b.pt"])
def test_a_model_whose_name_no_file_can_have_is_refused(offers: Offers, target: Path, name: str) -> None:
    put(offers("one"), target)
    offer = offers("two")
    with pytest.raises(GatekeeperError) as caught:
        deploy(offer.model.with_name(name), offer.submission, ANY, target, now=NOW)
    assert caught.value.exit_code == 3


# The very bytes that are checked are served.


@pytest.mark.parametrize("moment", ["before the copy", "after the copy"])
def test_a_model_that_changes_meanwhile_is_served_as_it_was_checked(
    offers: Offers, target: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    offer = offers("one")
    submission, digest = offer.submission, offer.digest
    real = flow._copy

    def copy(model: Path, store: Path) -> tuple[Path, int]:
        if moment == "before the copy":
            _changed(offer)
        found = real(model, store)
        if moment == "after the copy":
            _changed(offer)
        return found

    monkeypatch.setattr(flow, "_copy", copy)
    if moment == "before the copy":
        with pytest.raises(ReportError, match="is about another model"):
            deploy(offer.model, submission, ANY, target, now=NOW)
        assert served(target) is None
        assert list((target / "models").iterdir()) == []
    else:
        done = deploy(offer.model, submission, ANY, target, now=NOW)
        assert offer.digest != digest
        assert done.production is not None
        assert done.production.model.sha256 == digest == sha256(target / "current" / "model.pt")
        served(target)


def test_a_model_that_grows_while_it_is_copied_is_refused(
    offers: Offers, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = offers("one")
    submission = offer.submission
    monkeypatch.setattr(flow, "BLOCK", 64)
    fdopen, reads = os.fdopen, itertools.count(1)

    class Growing(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if next(reads) == 5:  # two of the digest before, then block by block
                with offer.model.open("ab") as more:
                    more.write(b"10 more by")
            return super().read(size) or b""

    def open_growing(descriptor: int, mode: str) -> IO[bytes] | Growing:
        if os.fstat(descriptor).st_ino == offer.model.stat().st_ino:
            return Growing(descriptor, "rb")
        return fdopen(descriptor, mode)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdopen", open_growing)
        with pytest.raises(ReportError, match="is about another model"):
            deploy(offer.model, submission, ANY, target, now=NOW)
    assert next(reads) > 6
    assert served(target) is None
    assert list((target / "models").iterdir()) == []


def test_a_report_that_changes_after_it_was_read_is_kept_as_it_was_read(offers: Offers, target: Path) -> None:
    offer = offers("one")
    submission = offer.submission
    _no_report(offer)
    done = deploy(offer.model, submission, ANY, target, now=NOW)
    assert done.production is not None
    assert sha256(target / "current" / "report.json") == submission.sha256
    served(target)
