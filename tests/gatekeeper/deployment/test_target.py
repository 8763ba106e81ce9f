"""What every target keeps to: a deployment folder, and MLflow's registry with and without a server."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gatekeeper.deployment import deploy as flow
from gatekeeper.deployment.deploy import Deployed, deploy, roll_back
from gatekeeper.deployment.folder import DeploymentFolder
from gatekeeper.deployment.signing.keys import key_id
from gatekeeper.deployment.submission import Submission
from gatekeeper.deployment.target import Release, ReleasedModel, Target, Turn
from gatekeeper.deployment.verify import Demands
from gatekeeper.integrations.mlflow.target import MlflowTarget
from gatekeeper.render.deployment import render_history, render_release
from schemas.errors import GatekeeperError, ModelError, OutputError, ReportError, SignatureError, UsageError
from schemas.records.decision import PolicyUsed
from tests.gatekeeper.deployment.conftest import Offers
from tests.gatekeeper.deployment.submissions import (
    NOW,
    POLICY,
    RELATIVE,
    TRUSTED,
    Offer,
    make_report,
    report_bytes,
    trusting,
)
from tests.gatekeeper.mlflow_stores import Store

pytestmark = [
    pytest.mark.usefixtures("quick"),
    # MLflow uses what sqlalchemy has deprecated; this is for what the tests themselves ask of it.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow"),
]

ANY, BETTER = Demands(policy=POLICY), Demands(policy=RELATIVE)
LATER = NOW + timedelta(hours=1)
STAMPS = ("2026-01-31T13:00:00Z", "2026-01-31T14:00:00Z")


@pytest.fixture(params=["folder", "database", "server"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    """A target that nothing was deployed to."""
    if request.param == "folder":
        return DeploymentFolder(tmp_path / "production")
    store: Store = request.getfixturevalue(f"mlflow_{request.param}")
    store.use(monkeypatch)
    monkeypatch.chdir(store.folder)
    return MlflowTarget(f"of {tmp_path.name}", "champion")  # MLflow allows spaces


WITHOUT_SERVER = pytest.mark.parametrize("place", ["folder", "database"], indirect=True)
"""Where a server would only take longer."""


def put(offer: Offer, place: Target, demands: Demands = ANY, champion: Submission | None = None) -> Deployed:
    return deploy(offer.model, offer.submission, demands, place, champion=champion, now=NOW)


def served(offer: Offer, place: Target, demands: Demands = ANY) -> Release:
    """What is in production after an offer that is let through, and found where people are told to look."""
    found = put(offer, place, demands).production
    assert found is not None
    assert read(place, found) == offer.model.read_bytes()
    assert place.history()[0] == found
    return found


def read(place: Target, release: Release) -> bytes:
    """What whoever serves the model gets."""
    address = place.address(release)
    if isinstance(place, DeploymentFolder):
        return Path(address).read_bytes()
    from mlflow.artifacts import download_artifacts

    return Path(download_artifacts(artifact_uri=f"{address}/{release.model.file}")).read_bytes()


def unchanged(place: Target, act: Callable[[], object], error: type[GatekeeperError] | None = None) -> str:
    """The message of a refusal; it, or what was blocked, left what is in production as it was."""
    before, message = place.history(), ""
    if error is None:
        act()
    else:
        with pytest.raises(error) as caught:
            act()
        message = str(caught.value)
        assert "\n" not in message
    assert place.history() == before
    if before:
        assert read(place, before[0])
    return message


def test_a_release_says_what_was_let_through_and_on_whose_word(offers: Offers, place: Target) -> None:
    assert place.history() == ()
    offer = offers("one", key=TRUSTED, scores=b"the scores")
    assert served(offer, place, trusting(TRUSTED)) == Release(
        release=1,
        deployed=STAMPS[0],
        model=ReleasedModel("model.pt", offer.digest),
        report_sha256=offer.submission.sha256,
        signer=key_id(TRUSTED.public_key()),
        policy=PolicyUsed("small", POLICY.sha256, "small.toml" if place.kind == "release" else ""),
        predecessor=None,
    )


def test_the_next_one_replaces_it_and_rollbacks_go_back_one_by_one(offers: Offers, place: Target) -> None:
    made = [offers(name) for name in ("one", "two", "three")]
    for number, offer in enumerate(made, start=1):
        found = served(offer, place)
        assert (found.release, found.predecessor) == (number, number - 1 or None)
    assert [each.release for each in place.history()] == [3, 2, 1]
    for offer, restored in ((made[1], 2), (made[0], 1)):
        back = roll_back(place, now=LATER)
        assert (back.model.sha256, back.restores) == (offer.digest, restored)
        assert back.deployed == (STAMPS[0] if back.release == restored else STAMPS[1])
        assert read(place, back) == offer.model.read_bytes()
    assert "has no predecessor" in unchanged(place, lambda: roll_back(place), UsageError)
    again = served(made[1], place)
    assert again.predecessor == (5 if place.kind == "release" else 1)
    assert roll_back(place).model.sha256 == made[0].digest


@WITHOUT_SERVER
def test_there_is_nothing_to_roll_back_before_the_first(place: Target) -> None:
    assert "nothing" in unchanged(place, lambda: roll_back(place), UsageError)


def test_what_is_blocked_changes_nothing(offers: Offers, place: Target) -> None:
    for count in range(2):
        bad = offers(f"bad {count}", cosine=0.4)
        done = put(bad, place)
        assert done.production is None
        assert done.ruling.decision.judgement.verdict.outcome == "blocked"
        assert len(place.history()) == count
        served(offers(f"good {count}"), place)


def _other_model(offer: Offer) -> None:
    offer.report.write_bytes(report_bytes(make_report("f" * 64)))


def _no_report(offer: Offer) -> None:
    offer.report.write_bytes(b"{}")


def _stale(offer: Offer) -> None:
    offer.report.write_bytes(report_bytes(make_report(offer.digest, created=NOW - timedelta(days=31))))


def _other_format(offer: Offer) -> None:
    offer.report.write_bytes(report_bytes(make_report(offer.digest, form="safetensors")))


@WITHOUT_SERVER
@pytest.mark.parametrize(
    ("damage", "error", "says"),
    [
        (_other_model, ReportError, "is about another model"),
        (_no_report, ReportError, "expected an object with schema_version"),
        (_stale, ReportError, "is stale"),
        (_other_format, ReportError, "was read as safetensors"),
        (lambda offer: offer.model.write_bytes(b"text"), ModelError, "is text"),
        (lambda offer: offer.model.unlink(), ModelError, "cannot read the model"),
    ],
)
def test_what_is_refused_changes_nothing(
    offers: Offers, place: Target, damage: Callable[[Offer], None], error: type[GatekeeperError], says: str
) -> None:
    served(offers("one"), place)
    offer = offers("two")
    damage(offer)
    demands = replace(ANY, max_age=timedelta(days=30))
    assert says in unchanged(place, lambda: put(offer, place, demands), error)


@WITHOUT_SERVER
def test_a_demanded_signature_is_asked_of_the_report_and_of_the_champions(
    offers: Offers, place: Target
) -> None:
    demands = trusting(TRUSTED, policy=RELATIVE)
    unsigned, signed = offers("one"), offers("two", key=TRUSTED)
    assert "is not signed" in unchanged(place, lambda: put(unsigned, place, demands), SignatureError)
    served(unsigned, place, BETTER)
    assert "is not signed" in unchanged(place, lambda: put(signed, place, demands), SignatureError)
    served(signed, place, trusting(TRUSTED))
    served(offers("three", key=TRUSTED), place, demands)


# The champion is what is in production.


def test_the_champion_is_what_is_in_production(offers: Offers, place: Target) -> None:
    first = put(offers("first", cosine=0.5), place, BETTER)
    assert first.ruling.decision.notes == ("first deployment: the champion rules were left out",)
    champion = served(offers("champion", cosine=0.8), place, BETTER)
    between = offers("between", cosine=0.6)
    done = put(between, place, BETTER)
    assert done.production is None
    used = done.ruling.decision.champion
    assert used is not None
    assert (used.report_sha256, used.model_sha256) == (champion.report_sha256, champion.model.sha256)
    roll_back(place, now=LATER)
    served(between, place, BETTER)


@WITHOUT_SERVER
def test_a_verifier_cannot_declare_a_later_deployment_the_first(offers: Offers, place: Target) -> None:
    served(offers("one", cosine=0.6), place)
    unchanged(place, lambda: put(offers("worse"), place, replace(BETTER, first=True)))


@WITHOUT_SERVER
def test_a_newer_report_of_the_champion_may_be_named_and_no_other(offers: Offers, place: Target) -> None:
    champion, offer = offers("champion", cosine=0.7), offers("two", cosine=0.6)
    message = unchanged(place, lambda: put(offer, place, BETTER, champion.submission), UsageError)
    assert message == f"--champion names one, but nothing is deployed in {place} yet; leave it out"
    served(champion, place, BETTER)
    assert "is about another model" in unchanged(
        place, lambda: put(offer, place, BETTER, offer.submission), ReportError
    )
    # On newer data the champion is not so good any more.
    champion.report.write_bytes(report_bytes(make_report(champion.digest, cosine=0.5)))
    done = put(offer, place, BETTER, champion.submission)
    assert done.production is not None
    assert done.ruling.decision.champion is not None
    assert done.ruling.decision.champion.report_sha256 == champion.submission.sha256


# The very bytes that are checked are served.


@WITHOUT_SERVER
@pytest.mark.parametrize("moment", ["before the copy", "after the copy"])
def test_a_model_that_changes_meanwhile_is_served_as_it_was_checked(
    offers: Offers, place: Target, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    served(offers("one"), place)
    offer, other, copy = offers("two"), offers("other"), flow._copy
    submission, honest = offer.submission, offer.model.read_bytes()

    def meanwhile(model: Path, folder: Path) -> tuple[Path, int]:
        if moment == "before the copy":
            model.write_bytes(other.model.read_bytes())
        found = copy(model, folder)
        model.write_bytes(other.model.read_bytes())
        return found

    monkeypatch.setattr(flow, "_copy", meanwhile)

    def act() -> Deployed:
        return deploy(offer.model, submission, ANY, place, now=NOW)

    if moment == "before the copy":
        assert "is about another model" in unchanged(place, act, ReportError)
    else:
        found = act().production
        assert found is not None
        assert read(place, found) == honest


@WITHOUT_SERVER
@pytest.mark.parametrize("step", ["current", "report", "store", "switch"])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), OutputError("no room")], ids=["killed", "failed"])
def test_what_ends_a_deployment_leaves_what_was_served(
    offers: Offers, place: Target, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    first = served(offers("one"), place)
    with place.turn() as turn:
        kind: type[Turn] = type(turn)

    def fail(*arguments: object) -> None:
        raise error

    offer = offers("two")
    with monkeypatch.context() as patch:
        patch.setattr(kind, step, fail)
        with pytest.raises(type(error)):
            put(offer, place, BETTER)
    assert place.history() == (first,)
    again = served(offer, place, BETTER)
    assert (again.predecessor, [each.release for each in place.history()]) == (1, [again.release, 1])


def test_people_are_told_the_same_of_every_target(offers: Offers, place: Target) -> None:
    one, two = offers("one"), offers("two")
    served(one, place)
    name, where = place.kind, place.address(served(two, place))
    assert render_release(place.history()[0], place) == (
        f"deployed model {two.digest[:12]} as {name} 2; it is {where}"
    )
    told = f"rolled back to {name} 1: model {one.digest[:12]}"
    told += " as release 3" if name == "release" else ""
    assert render_release(roll_back(place, now=LATER), place) == f"{told}; it is {where}"
    rows = [line.split() for line in render_history(place.history(), place).splitlines()]
    assert rows[0][0] == name
    assert [row[0] for row in rows[2:]] == (["3", "2", "1"] if name == "release" else ["2", "1"])
