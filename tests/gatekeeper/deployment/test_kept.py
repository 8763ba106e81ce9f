"""What is kept of a report: it, its signature, and scores that are its own and have a name of their own."""

import hashlib
import os
from pathlib import Path

import pytest

from gatekeeper.deployment.kept import kept_files
from gatekeeper.deployment.submission import authenticate
from gatekeeper.evaluation.companions import envelope_path
from schemas.records.report import ScoresFile
from tests.gatekeeper.deployment.conftest import Offers
from tests.gatekeeper.deployment.submissions import TRUSTED, Offer, make_report, report_bytes

SCORES = b"the scores of every sample"


def kept(offer: Offer) -> dict[str, bytes]:
    return kept_files(authenticate(offer.submission, ()))


@pytest.mark.parametrize("key", [None, TRUSTED])
@pytest.mark.parametrize("scores", [None, SCORES])
def test_report_signature_and_scores_are_kept_as_far_as_they_are_there(
    offers: Offers, key: object, scores: bytes | None
) -> None:
    offer = offers("one", key=key, scores=scores)
    expected = {"report.json": offer.report.read_bytes()}
    if key is not None:
        expected["report.dsse.json"] = envelope_path(offer.report).read_bytes()
    if scores is not None:
        expected["one.report.scores.npz"] = scores
    assert kept(offer) == expected


@pytest.mark.parametrize("found", [None, b"others", "folder", "pipe"])
def test_scores_that_are_not_those_of_the_report_are_not_kept(
    offers: Offers, found: bytes | str | None
) -> None:
    offer = offers("one", scores=SCORES)
    path = offer.report.with_name("one.report.scores.npz")
    path.unlink()
    if isinstance(found, bytes):
        path.write_bytes(found)
    elif found == "folder":
        path.mkdir()
    elif found == "pipe":
        os.mkfifo(path)
    assert list(kept(offer)) == ["report.json"]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "x" * 300, "../secret", "below/it", "report.json", "report.dsse.json"]
)
def test_scores_under_a_name_that_is_not_their_own_are_not_kept(offers: Offers, name: str) -> None:
    offer = offers("one")
    place: Path = offer.report.parent / name
    if name in ("../secret", "below/it", "report.json", "report.dsse.json"):
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(SCORES)
    report = make_report(offer.digest, scores=ScoresFile(name, hashlib.sha256(SCORES).hexdigest()))
    offer.report.write_bytes(report_bytes(report))
    assert kept(offer) == {"report.json": offer.report.read_bytes()}


def test_the_scores_of_a_report_that_a_link_leads_to_lie_beside_the_report(
    offers: Offers, tmp_path: Path
) -> None:
    offer = offers("one", scores=SCORES)
    (tmp_path / "link.json").symlink_to(offer.report)
    linked = Offer(offer.model, tmp_path / "link.json")
    assert kept(linked)["one.report.scores.npz"] == SCORES
