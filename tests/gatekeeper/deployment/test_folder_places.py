"""Folders that cannot be deployed to, and what is read before one is locked."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.deployment.releases import history, production
from schemas.disk.lock import locked
from schemas.errors import GatekeeperError, ModelError, OutputError, ReportError, SignatureError, UsageError
from tests.gatekeeper.deployment.folders import Offers, numbers, refuses
from tests.gatekeeper.deployment.served import (
    ANY,
    check_told,
    deploy,
    put,
    roll_back,
    served,
)
from tests.gatekeeper.deployment.submissions import (
    NOW,
    TRUSTED,
    Offer,
    trusting,
)

pytestmark = pytest.mark.usefixtures("quick")


def test_a_folder_that_is_a_file_is_no_target(offers: Offers, target: Path) -> None:
    target.write_bytes(b"a file")
    offer = offers("one")
    for place, why in ((target, "File exists"), (target / "below", "Not a directory")):
        with pytest.raises(OutputError) as caught:
            deploy(offer.model, offer.submission, ANY, place, now=NOW)
        assert str(caught.value) == f"cannot make the deployment folder {place}: {why}"
    assert target.read_bytes() == b"a file"


@pytest.mark.parametrize("name", ["releases", "models", "reports", ".lock"])
def test_a_part_of_the_folder_that_is_something_else_is_refused(
    offers: Offers, target: Path, name: str
) -> None:
    offer = offers("one")
    target.mkdir()
    if name == ".lock":
        (target / name).mkdir()
    else:
        (target / name).write_bytes(b"a file")
    with pytest.raises(OutputError) as caught:
        deploy(offer.model, offer.submission, ANY, target, now=NOW)
    assert str(caught.value) == (
        f"cannot write {target / name}: it exists and is not a regular file"
        if name == ".lock"
        else f"cannot make the deployment folder {target}: File exists"
    )
    assert served(target) is None


def test_what_the_disk_refuses_in_the_middle_is_said_of_the_folder(
    offers: Offers, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(offers("one"), target)
    offer = offers("two")

    def refuse(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "symlink", refuse)
    with pytest.raises(OutputError) as caught:
        deploy(offer.model, offer.submission, ANY, target, now=NOW)
    assert str(caught.value) == f"cannot deploy to {target}: No space left on device"


@pytest.mark.parametrize("place", ["releases", "models", "reports"])
def test_a_part_of_the_folder_that_was_lost_is_refused_or_made_again(
    offers: Offers, target: Path, place: str
) -> None:
    put(offers("one"), target)
    shutil.rmtree(target / place)
    offer = offers("two")
    if place == "releases":
        with pytest.raises(ReportError, match="cannot read production"):
            deploy(offer.model, offer.submission, ANY, target, now=NOW)
    else:
        done = deploy(offer.model, offer.submission, ANY, target, now=NOW)
        assert done.production is not None
        now = production(target)
        assert now is not None
        check_told(done.production, now)
        assert numbers(now) == (2, 1, 1, None)
        with pytest.raises(GatekeeperError):
            roll_back(target)
    assert {path.name for path in target.iterdir()} >= {"releases", "models", "reports"}


def test_a_second_deployment_at_the_same_time_is_refused(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    put(offers("two"), target)
    offer = offers("three")
    with locked(target, "deployment"):
        for act in (
            lambda: deploy(offer.model, offer.submission, ANY, target, now=NOW),
            lambda: roll_back(target, now=NOW),
        ):
            message = refuses(target, UsageError, act)
            assert message.startswith(f"another deployment (process {os.getpid()} on ")
            assert f") is at work in {target}; wait for it" in message
        # Whoever only reads need not wait.
        assert numbers(history(target)[0]) == (2, 1, 1, None)
    put(offer, target)


def other_model(offer: Offer) -> None:
    offer.model.write_bytes(b"another")


def broken_report(offer: Offer) -> None:
    offer.report.write_bytes(b"{" * 1000)


def contradictory_report(offer: Offer) -> None:
    changed = re.sub(rb'"gates_passed": ?[0-9]', b'"gates_passed":5', offer.report.read_bytes())
    assert changed != offer.report.read_bytes()
    offer.report.write_bytes(changed)


def no_model(offer: Offer) -> None:
    offer.model.unlink()


@pytest.mark.parametrize("damage", [other_model, broken_report, contradictory_report, no_model])
def test_what_is_offered_is_read_before_the_lock_is_taken(
    offers: Offers, target: Path, damage: Callable[[Offer], None]
) -> None:
    put(offers("one"), target)
    offer = offers("two")
    with locked(target, "deployment"):
        with pytest.raises(UsageError, match="is at work"):
            deploy(offer.model, offer.submission, ANY, target, now=NOW)
        damage(offer)
        with pytest.raises((ModelError, ReportError)):
            deploy(offer.model, offer.submission, ANY, target, now=NOW)


@pytest.mark.parametrize("signed", [True, False])
def test_a_signature_and_a_named_champion_are_verified_before_the_lock_is_taken(
    offers: Offers, target: Path, signed: bool
) -> None:
    put(offers("one"), target)
    offer, champion = offers("two", key=TRUSTED if signed else None), offers("three")
    with locked(target, "deployment"), pytest.raises(SignatureError, match="is not signed"):
        deploy(
            offer.model, offer.submission, trusting(TRUSTED), target, champion=champion.submission, now=NOW
        )


def test_a_refused_offer_makes_no_folder(offers: Offers, target: Path) -> None:
    offer = offers("one")
    other_model(offer)
    with pytest.raises(ModelError, match="is text; name the model file that the report is about"):
        deploy(offer.model, offer.submission, ANY, target, now=NOW)
    assert not target.exists()
