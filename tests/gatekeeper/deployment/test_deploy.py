"""The one flow into production: its order, seen by a target that only remembers."""

import contextlib
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Literal

import pytest

from gatekeeper.deployment.deploy import Deployed, deploy, roll_back
from gatekeeper.deployment.submission import Submission
from gatekeeper.deployment.target import Cleared, Release, ReleasedModel
from gatekeeper.deployment.verify import Demands
from schemas.errors import GatekeeperError, ModelError, ReportError, SignatureError, UsageError
from schemas.records.decision import PolicyUsed
from tests.gatekeeper.deployment.conftest import Offers
from tests.gatekeeper.deployment.submissions import NOW, POLICY, RELATIVE, TRUSTED, Offer, trusting

ANY, BETTER = Demands(policy=POLICY), Demands(policy=RELATIVE)


@dataclass
class Remembered:
    """A target and its turn in one: it does nothing, and says what it was asked."""

    place: Path
    champion: Offer | None = None
    asked: list[str] = field(default_factory=list)
    cleared: Cleared | None = None
    content: bytes = b""

    kind: ClassVar[Literal["release"]] = "release"

    def __str__(self) -> str:
        return "the place"

    def address(self, release: Release) -> str:
        return "there"

    def own_files(self) -> tuple[Path, ...]:
        return ()

    @contextlib.contextmanager
    def turn(self) -> Iterator["Remembered"]:
        self.asked.append("turn")
        yield self
        self.asked.append("end")

    @property
    def first(self) -> bool:
        return self.champion is None

    def current(self) -> Release:
        self.asked.append("current")
        assert self.champion is not None
        submission = self.champion.submission
        policy = PolicyUsed("small", POLICY.sha256, "")
        model = ReleasedModel("model.pt", self.champion.digest)
        return Release(
            release=7, deployed="then", model=model, report_sha256=submission.sha256, signer=None,
            policy=policy, predecessor=None,
        )  # fmt: skip

    def report(self, release: Release) -> Submission:
        self.asked.append("report")
        assert self.champion is not None
        return self.champion.submission

    def store(self, cleared: Cleared) -> Release:
        self.asked.append("store")
        self.cleared, self.content = cleared, cleared.copy.read_bytes()
        used = PolicyUsed("small", POLICY.sha256, "")
        model = ReleasedModel(cleared.model.file, cleared.model.sha256)
        return Release(
            release=8, deployed=cleared.decision.decided, model=model, signer=cleared.decision.signer,
            report_sha256=cleared.decision.report_sha256, policy=used, predecessor=None,
        )  # fmt: skip

    def switch(self, release: Release) -> None:
        self.asked.append("switch")
        assert list(self.place.iterdir()) == []

    def roll_back(self, moment: str) -> Release:
        self.asked.append(moment)
        return self.current()

    def history(self) -> tuple[Release, ...]:
        return ()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


def put(offer: Offer, target: Remembered, demands: Demands = ANY, **more: Submission) -> Deployed:
    return deploy(offer.model, offer.submission, demands, target, now=NOW, **more)


def test_what_is_stored_is_the_copy_that_was_checked_and_all_that_is_kept_of_it(
    offers: Offers, place: Path
) -> None:
    target, offer = Remembered(place), offers("one", key=TRUSTED, scores=b"scores")
    done = put(offer, target, trusting(TRUSTED))
    assert target.asked == ["turn", "store", "switch", "end"]
    assert done.production is not None
    cleared, data = target.cleared, offer.model.read_bytes()
    assert cleared is not None
    assert target.content == data
    assert cleared.copy.parent == place
    assert (cleared.model.file, cleared.model.bytes) == ("model.pt", len(data))
    assert cleared.model.sha256 == hashlib.sha256(data).hexdigest()
    assert cleared.decision == done.ruling.decision
    assert list(cleared.files) == ["report.json", "report.dsse.json", "one.report.scores.npz"]
    assert done.production.deployed == "2026-01-31T13:00:00Z"


@pytest.mark.parametrize(
    ("demands", "asked"),
    [
        (ANY, ["turn", "store", "switch", "end"]),
        (BETTER, ["turn", "current", "report", "store", "switch", "end"]),
    ],
)
def test_the_champion_is_asked_for_only_where_the_policy_compares(
    offers: Offers, place: Path, demands: Demands, asked: list[str]
) -> None:
    target = Remembered(place, offers("champion"))
    done = put(offers("one", cosine=0.6), target, demands)
    assert target.asked == asked
    assert (done.ruling.decision.champion is None) == (demands is ANY)


def test_a_named_champion_is_compared_in_place_of_the_kept_report(offers: Offers, place: Path) -> None:
    champion = offers("champion")
    target = Remembered(place, champion)
    assert put(offers("one", cosine=0.6), target, BETTER, champion=champion.submission).production
    assert target.asked == ["turn", "current", "store", "switch", "end"]


@pytest.mark.parametrize("demands", [ANY, BETTER])
def test_what_is_blocked_is_neither_stored_nor_left_behind(
    offers: Offers, place: Path, demands: Demands
) -> None:
    target = Remembered(place, offers("champion", cosine=0.9))
    assert put(offers("bad", cosine=0.4), target, demands).production is None
    assert "store" not in target.asked
    assert target.asked[-1] == "end"
    assert list(place.iterdir()) == []


def _other_model(offer: Offer) -> None:
    offer.model.write_bytes(b"another")


def _no_model(offer: Offer) -> None:
    offer.model.unlink()


@pytest.mark.parametrize(
    ("damage", "demands", "error"),
    [
        (_other_model, ANY, ModelError),
        (_no_model, ANY, ModelError),
        (None, trusting(TRUSTED), SignatureError),
    ],
)
def test_what_is_refused_does_not_even_begin(
    offers: Offers, place: Path, damage: object, demands: Demands, error: type[GatekeeperError]
) -> None:
    target, offer = Remembered(place), offers("one")
    if callable(damage):
        damage(offer)
    with pytest.raises(error):
        put(offer, target, demands)
    assert target.asked == []


def test_a_champion_that_cannot_be_is_refused_before_anything_is_copied(offers: Offers, place: Path) -> None:
    target, offer = Remembered(place), offers("one")
    with pytest.raises(UsageError) as caught:
        put(offer, target, BETTER, champion=offers("champion").submission)
    assert str(caught.value) == (
        "--champion names one, but nothing is deployed in the place yet; leave it out"
    )
    assert target.asked == ["turn"]
    target = Remembered(place, offers("champion"))
    with pytest.raises(ReportError, match="is about another model"):
        put(offer, target, BETTER, champion=offers("another").submission)
    assert list(place.iterdir()) == []


def test_a_rollback_is_dated_in_utc(offers: Offers, place: Path) -> None:
    target = Remembered(place, offers("one"))
    assert roll_back(target, now=NOW + timedelta(days=1)).release == 7
    assert target.asked == ["2026-02-01T13:00:00Z", "current"]


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_a_rollback_is_dated_in_utc_wherever_it_is_asked_for(
    offers: Offers, place: Path, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        target = Remembered(place, offers("one"))
        roll_back(target, now=NOW)
    time.tzset()
    assert target.asked[0] == "2026-01-31T13:00:00Z"
